"""``fenhe demo``: a data folder with the demonstration in it, served."""

from __future__ import annotations

from pathlib import Path

import click

from fenhe.base.errors import BadInput
from fenhe.cli import demofleet, gateway, serve
from fenhe.cli.owned import data_option
from fenhe.platform import boot, paths, wire


@click.command("demo")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--serve/--no-serve", "served", default=True, help="Serve when loaded.")
@click.option(
    "--gateway",
    "listen",
    default="127.0.0.1:9212",
    show_default=True,
    help="HOST:PORT where data loggers connect.",
)
@click.option(
    "--fleet/--no-fleet", "played", default=True, help="Play simulated outlets beside real data."
)
@data_option
def command(  # noqa: PLR0917 (one option each)
    host: str, port: int, served: bool, listen: str, played: bool, data: Path | None
) -> None:
    """Load the demonstration data into a data folder of its own, and serve it.

    Its accounts have a password known to everybody, so a folder that holds anything else is
    refused. Loading again changes nothing. Simulated outlets are played beside the real data,
    through the gateway, and are marked as simulated wherever they show.
    """
    folder = (data or paths.data_folder()).absolute()
    if paths.is_prepared(folder) and wire.is_served(folder):
        raise BadInput(f"{folder} is being served; stop the server first")
    serve.allow(host)
    if served:
        serve.check_free(host, port)
        if played:
            demofleet.check_free(listen)
            gateway.settle(listen, None)
    boot.prepare(folder, upgrade=True)
    _refuse_real(folder)
    from fenhe.platform import owner
    from fenhe.platform.demo import load, scene

    try:
        load.load(click.echo)
        if played:
            demofleet.enter(click.echo)
    finally:
        owner.close()
    click.echo("demonstration accounts (password " + scene.PASSWORD + "):")
    for person in scene.PEOPLE:
        click.echo(f"  {person.name:10} {person.role}")
    if not served:
        return
    if not played:
        serve.start(folder, host, port)
        return
    with demofleet.playing(folder, listen):
        serve.start(folder, host, port)


def _refuse_real(folder: Path) -> None:
    """Refuse a folder that people or data of their own are in already."""
    from django.contrib.auth.models import User

    from fenhe.platform.monitoring.models import Import
    from fenhe.platform.registry.models import Setting

    if Setting.objects.filter(pk="demo").exists():
        return
    if User.objects.exists() or Import.objects.exists():
        raise BadInput(
            f"{folder} holds people or data of its own; give the demonstration another folder "
            "with --data"
        )
