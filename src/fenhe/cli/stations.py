"""``fenhe stations``: which city a station counts for, and since when."""

from __future__ import annotations

from pathlib import Path

import click

from fenhe.cli.owned import data_option, run


@click.group("stations")
def command() -> None:
    """Show stations and say for which city they count."""


@command.command("list")
@click.option("--on", metavar="DATE", help="As it stood on this day; today without it.")
@data_option
def list_stations(on: str | None, data: Path | None) -> None:
    """List the stations with the region they count for on a day."""
    for row in run("members", {"on": on}, data):
        counts = "" if row["counts"] else "  does not count for a city"
        click.echo(f"{row['site']:20} {row['region']:12} {row['name']}{counts}")


@command.command("move")
@click.argument("site")
@click.option("--region", metavar="CODE", required=True, help="Region it counts for from then on.")
@click.option("--since", metavar="DATE", required=True, help="First day.")
@click.option("--until", metavar="DATE", help="Last day; open without it.")
@click.option("--not-counted", is_flag=True, help="It enters no city's mean: closed, or reference.")
@click.option("--reason", default="", help="Document or reason, for the log.")
@data_option
def move(  # noqa: PLR0917 (one option each)
    site: str,
    region: str,
    since: str,
    until: str | None,
    not_counted: bool,
    reason: str,
    data: Path | None,
) -> None:
    """Say which region a station counted for in a span of days.

    Verdicts of the cities it leaves and joins are judged again from that day on; what was
    known before stays readable as of its commit.
    """
    args = {
        "site": site,
        "region": region,
        "since": since,
        "until": until,
        "counts": not not_counted,
        "reason": reason,
    }
    for row in run("move_station", args, data, label="judging"):
        counts = "counts" if row["counts_for_city"] else "does not count"
        click.echo(f"{row['valid_from']} to {row['valid_to']}: {row['region']}, {counts}")
