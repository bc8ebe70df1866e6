"""``fenhe outlets``: firms' outlets, their permit limits, and the marks operators file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fenhe.cli.owned import data_option, run


@click.group("outlets")
def command() -> None:
    """Enter and list outlets; file and withdraw marks."""


@command.command("import")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--source", default="", help="Where the list is from; the file's name without it.")
@data_option
def import_lists(path: Path, source: str, data: Path | None) -> None:
    """Take lists of firms, outlets, devices, channels and limits from PATH.

    CSV holds one list, a workbook one on each sheet; a list is told by its columns. All of it
    is entered or, when a row is wrong, nothing.
    """
    done = run("import_outlets", {"path": str(path.absolute()), "source": source}, data)
    for kind, rows in done["rows"].items():
        click.echo(f"{kind:10} {rows:>6} rows")
    changed = ", ".join(f"{what} {count}" for what, count in done["changed"].items() if count)
    click.echo(f"new or other than before: {changed or 'nothing'}")


@command.command("list")
@data_option
def list_outlets(data: Path | None) -> None:
    """List the outlets."""
    found = run("outlets", {}, data)
    for one in found:
        simulated = "  simulated" if one["simulated"] else ""
        click.echo(
            f"{one['site']:24} {one['medium']:6} {one['firm']} {one['name']}  "
            f"channels {one['channels']}, limits {one['limits']}, "
            f"devices {', '.join(one['devices']) or '-'}{simulated}"
        )
    if not found:
        click.echo("there is no outlet yet; enter some: fenhe outlets import FILE")


@command.command("mark")
@click.argument("outlet")
@click.option("--kind", type=click.Choice(["facility", "instrument"]), required=True)
@click.option("--code", required=True, help="State, such as stopped, startup, calibration.")
@click.option("--from", "start", metavar="TIME", required=True, help="Beijing: '2026-03-01 08:00'.")
@click.option("--to", "end", metavar="TIME", required=True, help="Beijing time.")
@click.option("--item", "items", multiple=True, help="Only this item; may be repeated.")
@click.option("--reason", default="", help="What happened.")
@click.option("--planned", is_flag=True, help="It was planned.")
@click.option("--file", "attachments", multiple=True, help="A paper to keep with it.")
@click.option("--revises", "former", type=int, help="Number of the mark that this one replaces.")
@data_option
def mark(data: Path | None, **given: Any) -> None:
    """File a mark of OUTLET."""
    given["attachments"] = [str(Path(one).absolute()) for one in given["attachments"]]
    _tell(run("submit_mark", given, data))


@command.command("marks")
@click.argument("outlet")
@click.option("--as-of", type=int, metavar="COMMIT", help="As known at this commit.")
@data_option
def marks(outlet: str, as_of: int | None, data: Path | None) -> None:
    """List the marks of OUTLET."""
    for one in run("marks", {"outlet": outlet, "as_of": as_of}, data):
        _tell(one)


@command.command("withdraw")
@click.argument("number", type=int)
@click.option("--reason", required=True, help="Why it is taken back.")
@data_option
def withdraw(number: int, reason: str, data: Path | None) -> None:
    """Take the mark NUMBER back; it stays readable."""
    _tell(run("withdraw_mark", {"mark": number, "reason": reason}, data))


def _tell(one: dict[str, Any]) -> None:
    found = ", ".join(finding["code"] for finding in one["findings"])
    withdrawn = "  withdrawn" if one["withdrawn_commit"] is not None else ""
    items = ",".join(one["items"]) or "all items"
    click.echo(
        f"{one['mark']:>6}  {one['site']}  {one['kind']}/{one['code']}  {one['start']} to "
        f"{one['end']} UTC  {items}  by {one['submitter']} {one['submitted_at']}"
        f"{f'  ({found})' if found else ''}{withdrawn}"
    )
