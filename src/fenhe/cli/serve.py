"""``fenhe serve``: web pages, socket and worker in one process, the owner of the data folder."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import click

from fenhe.base.errors import BadInput
from fenhe.cli.gateway import settle
from fenhe.cli.owned import data_option
from fenhe.platform import boot, logs, wire


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--log-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the log here instead of to standard error.",
)
@click.option(
    "--log-size", default=20, show_default=True, type=click.IntRange(1), help="MB per log file."
)
@click.option(
    "--log-keep", default=10, show_default=True, type=click.IntRange(0), help="Former log files."
)
@click.option("--gateway", help="HOST:PORT where data loggers connect; FENHE_GATEWAY without it.")
@click.option("--gateway-tls", help="HOST:PORT of their secure connections; FENHE_GATEWAY_TLS.")
@data_option
def command(  # noqa: PLR0917 (one option each)
    host: str,
    port: int,
    log_file: Path | None,
    log_size: int,
    log_keep: int,
    gateway: str | None,
    gateway_tls: str | None,
    data: Path | None,
) -> None:
    """Serve the web pages; owner of the data folder until stopped."""
    settle(gateway, gateway_tls)
    if log_file is not None:
        logs.to_file(log_file.absolute(), log_size, log_keep)
    folder = boot.find(data)
    allow(host)
    if not wire.is_served(folder):  # an owner at work is named by its pid, further on
        check_free(host, port)
    boot.start(folder)
    start(folder, host, port)


def allow(host: str) -> None:
    """Let the host be asked for by the address it listens on, besides those configured."""
    known = os.environ.get("FENHE_HOSTS", "localhost,127.0.0.1,[::1]")
    if host not in known.split(",") and host not in {"0.0.0.0", "::"}:  # noqa: S104
        os.environ["FENHE_HOSTS"] = f"{known},{host}"


def check_free(host: str, port: int) -> None:
    """Raise ``BadInput`` when the address is taken: better now than after a long load."""
    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise BadInput(
            f"can not listen on {host}:{port} ({error.strerror}); choose another --port "
            "(make demo PORT=8001)"
        ) from None


def start(folder: Path, host: str, port: int) -> None:
    """Serve a folder for which Django is set up."""
    from fenhe.platform.serving import serve

    click.echo(f"Fenhe: http://{host}:{port}  (Ctrl-C stops)")
    serve(folder, host, port)
