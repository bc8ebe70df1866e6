"""``fenhe receipts``: received = stored + duplicate + rejected, and what was refused."""

from __future__ import annotations

from pathlib import Path

import click

from fenhe.base.errors import FenheError
from fenhe.cli.import_ import tell
from fenhe.cli.owned import data_option, run

COUNTS = ("received", "stored", "corrected", "duplicate", "rejected")


@click.command("receipts")
@click.option("--feed", metavar="NAME", help="Only this feed.")
@click.option("--by", type=click.Choice(["import", "batch", "hour"]), default="import")
@click.option("--rejected", is_flag=True, help="List the refused cells instead.")
@click.option("--limit", default=200, show_default=True, help="At most so many refused cells.")
@click.option("--replay", type=int, metavar="IMPORT", help="Load again what could not be stored.")
@data_option
def command(  # noqa: PLR0917 (one option each)
    feed: str | None, by: str, rejected: bool, limit: int, replay: int | None, data: Path | None
) -> None:
    """Show the receipts, newest first; exit code 1 when one does not balance."""
    if replay is not None:
        tell(run("replay", {"import": replay}, data, label="loading"))
    elif rejected:
        _refused(feed, limit, data)
    else:
        _receipts(feed, by, data)


def _receipts(feed: str | None, by: str, data: Path | None) -> None:
    rows = run("receipts", {"feed": feed, "by": by}, data)
    head = f"{by:>8}  {'feed':24}" + "".join(f"{name:>12}" for name in COUNTS)
    click.echo(head)
    for row in rows:
        key = str(row["hour"])[:16] if by == "hour" else f"{row['import']:>8}"
        numbers = "".join(f"{row[name]:>12,}" for name in COUNTS)
        tail = "" if row.get("closed", True) else "  unfinished"
        click.echo(f"{key}  {row['feed']:24}{numbers}  {row.get('name', '')}{tail}")
    if not all(row["balanced"] for row in rows):
        raise FenheError("a receipt does not balance")


def _refused(feed: str | None, limit: int, data: Path | None) -> None:
    found = run("quarantine", {"feed": feed, "limit": limit}, data)
    for row in found["rows"]:
        click.echo(
            f"import {row['import']}, {row['name']}, row {row['raw_row']}, "
            f"column {row['column']}: {row['text']!r}: {row['reason']}"
        )
    counts = ", ".join(f"{count:,} {reason}" for reason, count in found["reasons"].items())
    click.echo(f"{found['total']:,} refused cells" + (f": {counts}" if counts else ""))
