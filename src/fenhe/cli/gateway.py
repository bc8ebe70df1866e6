"""``fenhe gateway``: listen for data loggers without pages; status of the gateway, commands."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import click

from fenhe.base.errors import BadInput, FenheError
from fenhe.cli.owned import data_option, run
from fenhe.platform import boot, wire

DEFAULT = "127.0.0.1:9212"


@click.group("gateway", invoke_without_command=True)
@click.option("--listen", default=None, help=f"HOST:PORT; FENHE_GATEWAY or {DEFAULT} without it.")
@click.option("--tls", default=None, help="HOST:PORT of secure connections; FENHE_GATEWAY_TLS.")
@data_option
@click.pass_context
def command(ctx: click.Context, listen: str | None, tls: str | None, data: Path | None) -> None:
    """Listen for data loggers (HJ 212) as a process of its own, without web pages.

    With the file catalogue one process owns the data folder: beside a server this is refused,
    naming its pid. Let the server listen instead: fenhe serve --gateway HOST:PORT
    """
    if ctx.invoked_subcommand is None:
        alone(boot.find(data), listen, tls)


def alone(folder: Path, listen: str | None, tls: str | None) -> None:
    """Own the folder and listen until interrupted."""
    from fenhe.store.lock import holder

    pid = holder(folder)
    if pid is not None:
        raise BadInput(
            f"process {pid} owns {folder}; with the file catalogue there is one gateway, in that "
            "process: fenhe serve --gateway HOST:PORT"
        )
    settle(listen or os.environ.get("FENHE_GATEWAY") or DEFAULT, tls)
    boot.start(folder)
    from fenhe.platform.serving import owning

    stopped = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: stopped.set())
    with owning(folder):
        click.echo(f"Fenhe gateway: {os.environ['FENHE_GATEWAY']}  (Ctrl-C stops)")
        while not stopped.wait(1.0):
            pass


def settle(listen: str | None, tls: str | None) -> None:
    """Set where this process listens, before Django is set up. Raises ``BadInput``."""
    from fenhe.platform.gateway import config

    if listen:
        os.environ["FENHE_GATEWAY"] = str(config.Address.parse(listen))
    if tls:
        os.environ["FENHE_GATEWAY_TLS"] = str(config.Address.parse(tls))
    config.read(os.environ).tls()


@command.command("status")
@click.option("--connections", is_flag=True, help="List every connection.")
@data_option
def status(connections: bool, data: Path | None) -> None:
    """Show connections, frames, what was refused, and the devices."""
    folder = boot.find(data)
    if not wire.is_served(folder):
        raise FenheError("nobody serves this data folder, so no gateway runs")
    state = run("gateway_status", {"connections": connections}, data)
    if not state["running"]:
        raise FenheError("the server runs without a gateway; start it with --gateway HOST:PORT")
    for line in _status_lines(state):
        click.echo(line)


def _status_lines(state: dict[str, Any]) -> list[str]:
    totals = state["totals"]
    lines = [
        f"gateway {state['name']}  {', '.join(state['listens'])}  since {state['since']}",
        f"connections {state['open']}  refused {state['refused_connections']}  "
        f"devices seen {len(state['devices'])}",
        "frames {frames} = accepted {accepted} + rejected {rejected} + incomplete {incomplete} "
        "+ in hand {in_hand}; answers {answers}; garbage {garbage_bytes} bytes".format(**totals),
    ]
    if totals["problems"]:
        said = (f"{why} {count}" for why, count in sorted(totals["problems"].items()))
        lines.append(f"rejected for: {', '.join(said)}")
    if state["behind"]["entries"]:
        lines.append("store behind by {entries} entries, since {since}".format(**state["behind"]))
    if state["log"]["failed"]:
        lines.append(f"RAW LOG FAILED, nothing is acknowledged: {state['log']['failed']}")
    lines += [f"  {_device(one)}" for one in state["devices"]]
    lines += [f"  {one['number']} {one['peer']} {','.join(one['mns'])}" for one in
              state["connections"]]  # fmt: skip
    lines += [f"refused: {one['mn']} ({one['reason']}) from {one['peer']}, {one['count']} times"
              for one in state["refused"]]  # fmt: skip
    lines += [f"incident: {one['kind']} {one['subject']} {one['text']}, {one['count']} times"
              for one in state["incidents"]]  # fmt: skip
    return lines


def _device(one: dict[str, Any]) -> str:
    where = one["peer"] if one["connection"] else "not connected"
    skew = "" if one["skew"] is None else f"  clock {one['skew']:+.1f} s"
    return (
        f"{one['mn']}  {one['edition'] or '-'}  {where}  frames {one['frames']}  "
        f"last {one['last_at']}{skew}"
    )


@command.command("command")
@click.argument("mn")
@click.argument("cn")
@click.option("--field", "fields", multiple=True, help="NAME=TEXT of CP; may be repeated.")
@click.option("--begin", help="BeginTime of a history request, Beijing: 2026-03-01T00:00.")
@click.option("--end", help="EndTime, Beijing time too; both are periods included.")
@click.option("--reason", default="", help="Why; goes to the audit log.")
@click.option("--wait", type=click.FloatRange(0, 3600), default=30.0, show_default=True)
@data_option
def send(mn: str, cn: str, data: Path | None, **rest: Any) -> None:
    """Send command CN to the device MN and follow it: fenhe gateway command MN 1011

    A command that changes the device needs the right to; a new key (1014) a second person.
    Write --field SystemTime=@now to set a clock to the moment of sending.
    """
    fields = [_field(one) for one in rest["fields"]]
    fields += [[name, _moment(rest[option])] for name, option in
               (("BeginTime", "begin"), ("EndTime", "end")) if rest[option]]  # fmt: skip
    args = {"mn": mn, "cn": cn, "fields": fields, "reason": rest["reason"], "wait": rest["wait"]}
    _tell(run("gateway_command", _served(args, data), data))


def _served(args: dict[str, Any], data: Path | None) -> dict[str, Any]:
    """Wait for the end of a command only where somebody may bring it about."""
    return args if wire.is_served(boot.find(data)) else {**args, "wait": 0}


def _field(text: str) -> list[str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise BadInput(f"'{text}' is not NAME=TEXT")
    return [name, value]


def _moment(text: str) -> str:
    digits = "".join(part for part in text if part.isdigit())
    if len(digits) not in {8, 10, 12, 14}:
        raise BadInput(f"'{text}' is no moment; write 2026-03-01T08:00")
    return digits.ljust(14, "0")


@command.command("commands")
@click.option("--mn", help="Of one device.")
@click.option("--limit", type=click.IntRange(1, 500), default=50)
@data_option
def commands(mn: str | None, limit: int, data: Path | None) -> None:
    """List commands, newest first."""
    for one in run("gateway_commands", {"mn": mn, "limit": limit}, data):
        _tell(one)


@command.command("known")
@data_option
def known(data: Path | None) -> None:
    """List the commands that can be sent; * marks those that change a device."""
    for one in run("gateway_known", {}, data):
        star = "*" if one["changes"] else " "
        needs = f"  needs {', '.join(one['needs'])}" if one["needs"] else ""
        click.echo(f"{one['cn']}{star} {one['name_zh']}  {one['name_en']}{needs}")


@command.command("approve")
@click.argument("number", type=int)
@click.option("--reason", default="")
@click.option("--wait", type=click.FloatRange(0, 3600), default=30.0, show_default=True)
@data_option
def approve(number: int, reason: str, wait: float, data: Path | None) -> None:
    """Approve a command somebody else asked for."""
    args = {"id": number, "reason": reason, "wait": wait}
    _tell(run("gateway_approve", _served(args, data), data))


@command.command("withdraw")
@click.argument("number", type=int)
@click.option("--reason", default="")
@data_option
def withdraw(number: int, reason: str, data: Path | None) -> None:
    """Take back a command that was not sent yet."""
    _tell(run("gateway_withdraw", {"id": number, "reason": reason}, data))


def _tell(one: dict[str, Any]) -> None:
    said = [f"command {one['id']}", one["mn"], one["cn"], one["state"], one["why"]]
    if one["frames"]:
        said.append(f"{one['frames']} frames of data")
    click.echo("  ".join(part for part in said if part))
    for name, text in one["result"]:
        click.echo(f"  {name}={text}")
    if one["state"] == "approved":
        click.echo(f"  waits for the device, until {one['expires_at']}")
    elif one["state"] == "asked":
        click.echo(f"  waits for a second person: fenhe gateway approve {one['id']}")
