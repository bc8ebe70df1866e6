"""``fenhe import``: preview a file, then load it; boundaries and stations too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fenhe.base.errors import BadInput
from fenhe.cli.owned import data_option, run

KINDS = ("boundaries", "regions", "stations")


@click.command("import")
@click.argument("what", nargs=-1, required=True, metavar="[boundaries|regions|stations] FILE")
@click.option("--feed", metavar="NAME", help="What the file is; see 'fenhe feeds'.")
@click.option("--yes", is_flag=True, help="Load without asking.")
@click.option(
    "--new-stations",
    metavar="REGION",
    help="Enter stations nobody knows, unpublished, in this region (its code).",
)
@click.option("--datum", default="wgs84", help="Datum of boundaries: wgs84, cgcs2000 or gcj02.")
@click.option("--source", default="", help="Where boundaries or stations come from.")
@data_option
def command(  # noqa: PLR0917 (one option each)
    what: tuple[str, ...],
    feed: str | None,
    yes: bool,
    new_stations: str | None,
    datum: str,
    source: str,
    data: Path | None,
) -> None:
    """Preview a file of measurements, then load it into the store.

    The preview tells first and last time, ranges, and what speaks against the file; a file
    with something against it is refused, with exit code 2, and leaves nothing behind. The
    same file again is no news; one that was cut short goes on where it stopped.

    \b
    fenhe import FILE --feed NAME         measurements
    fenhe import boundaries FILE          regions with shapes, GeoJSON
    fenhe import regions FILE             regions without shapes: code, name
    fenhe import stations FILE            sites with dated names, codes and places
    """
    if what[0] in KINDS:
        _facts(what, datum, source, data)
        return
    if len(what) != 1:
        raise BadInput(f"give one file, not {len(what)}")
    if feed is None:
        raise BadInput("say what the file is: --feed NAME; 'fenhe feeds' lists them")
    asked = {"path": str(_file(what[0])), "feed": feed}
    if not preview(run("examine", asked, data)):
        raise SystemExit(2)
    if not yes and not click.confirm("Load it?"):
        click.echo("nothing was stored")
        return
    tell(run("import", {**asked, "new_stations": new_stations}, data, label="loading"))


def _file(name: str) -> Path:
    path = Path(name).absolute()
    if not path.is_file():
        raise BadInput(f"there is no file {path}")
    return path


def _facts(what: tuple[str, ...], datum: str, source: str, data: Path | None) -> None:
    if len(what) != 2:
        raise BadInput(f"write: fenhe import {what[0]} FILE")
    asked = {"path": str(_file(what[1])), "datum": datum, "source": source}
    counts = run(what[0], asked, data)
    click.echo(", ".join(f"{count} {name}" for name, count in counts.items()))


def preview(found: dict[str, Any]) -> bool:
    """Print a preview; return whether the file may be loaded."""
    click.echo(f"{found['file']}: {found['rows']:,} rows, {found['received']:,} values")
    click.echo(f"feed {found['feed']}, encoding {found['encoding'] or '-'}")
    if found["decision"]:
        click.echo(found["decision"])
    click.echo(f"from {found['first'] or '-'} to {found['last'] or '-'} (Beijing time)")
    click.echo(f"{'item':8}{'stat':6}{'n':>10}{'missing':>9}{'min':>9}{'median':>9}{'max':>9}")
    for item in found["ranges"]:
        numbers = "".join(f"{_short(item[k]):>9}" for k in ("minimum", "median", "maximum"))
        click.echo(
            f"{item['item']:8}{item['statistic']:6}{item['n']:>10,}"
            f"{item['missing_share']:>9.1%}{numbers}"
        )
    for reason, count in found["rejected"].items():
        click.echo(f"{count:,} cells refused: {reason}")
    for remark in found["remarks"]:
        click.echo(f"note: {remark['en']}")
    for reason in found["reasons"]:
        click.echo(f"refused: {reason['en']}", err=True)
    if found["ok"]:
        click.echo("plausible: nothing speaks against loading it")
    else:
        click.echo("nothing was stored", err=True)
    return bool(found["ok"])


def _short(number: float | None) -> str:
    return "-" if number is None else f"{number:g}"


def tell(receipt: dict[str, Any]) -> None:
    """Print what became of the values of a file."""
    click.echo(
        f"received {receipt['received']:,} = stored {receipt['stored']:,} + "
        f"duplicate {receipt['duplicate']:,} + rejected {receipt['rejected']:,}"
    )
    if receipt["message"]:
        click.echo(f"in quarantine: {receipt['message']}")
        click.echo(
            "enter them with 'fenhe import stations', then 'fenhe receipts --replay IMPORT',"
        )
        click.echo("or import the file again with --new-stations REGION")
