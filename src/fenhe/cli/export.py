"""``fenhe export``: observations or verdict cells of the store as a file."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from fenhe.base.errors import BadInput
from fenhe.cli.owned import data_option, run


@click.command("export")
@click.argument("what", type=click.Choice(["observations", "cells"]))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path))
@click.option("--site", "sites", multiple=True, metavar="KEY", help="Only this site; may repeat.")
@click.option("--from", "first", metavar="DATE", help="First Beijing day.")
@click.option("--to", "last", metavar="DATE", help="Last Beijing day.")
@click.option("--assessment", default="", metavar="KEY", help="Whose cells.")
@click.option(
    "--statistic",
    type=click.Choice(["1h", "24h", "mda8"]),
    default="1h",
    show_default=True,
    help="Of observations: hours of stations, or daily values published for cities.",
)
@click.option("--as-of", type=int, metavar="COMMIT", help="As known at this commit.")
@data_option
def command(  # noqa: PLR0917 (one option each)
    what: str,
    output: Path,
    sites: tuple[str, ...],
    first: str | None,
    last: str | None,
    assessment: str,
    statistic: str,
    as_of: int | None,
    data: Path | None,
) -> None:
    """Write observations or cells to a .csv, .parquet, .xlsx or .json file."""
    asked = {
        "what": what,
        "output": str(output.absolute()),
        "sites": list(sites),
        "first": _day(first),
        "last": _day(last),
        "assessment": assessment,
        "as_of": as_of,
        "statistic": statistic,
    }
    done = run("export", asked, data)
    click.echo(f"{done['rows']:,} rows to {done['output']}")


def _day(text: str | None) -> str | None:
    try:
        return None if text is None else date.fromisoformat(text).isoformat()
    except ValueError:
        raise BadInput(f"'{text}' is not a day; write 2026-03-01") from None
