"""``fenhe standards``: list, show and compare editions; find a limit by day."""

from __future__ import annotations

import dataclasses
import json
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from fenhe.base.errors import BadInput
from fenhe.standards import Catalogue, Edition, Limit, Row, Table, Value, catalogue, export, limits
from fenhe.standards.compare import Difference, differences

_WIDEST = 170  # a wider table is written as one block a row

_overlays = click.option(
    "--overlays",
    type=click.Path(exists=True, path_type=Path),
    help="Overlay file or folder of an authority.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


@click.group("standards")
def command() -> None:
    """List, show and compare standards; find a limit by day."""


@command.command("list")
@_overlays
@_json
def list_(overlays: Path | None, as_json: bool) -> None:
    """List every edition with its days in force and the marks of its values."""
    editions = catalogue(overlays).all_editions
    if as_json:
        _write([export.summary(edition) for edition in editions])
        return
    head = ("id", "from", "to", "A", "B", "C", "unknown", "clause unknown", "title", "")
    _columns([head, *(_list_line(edition) for edition in editions)])


def _list_line(edition: Edition) -> tuple[str, ...]:
    n = export.counts(edition)
    return (
        edition.id,
        str(edition.in_force_from),
        str(edition.in_force_to or ""),
        *(str(n[key]) for key in ("A", "B", "C", "unknown", "clause_unknown")),
        edition.title_zh,
        edition.title_en,
    )


@command.command("show")
@click.argument("edition_id", metavar="ID")
@_overlays
@_json
def show(edition_id: str, overlays: Path | None, as_json: bool) -> None:
    """Show one edition: its dates, values and tables with their marks."""
    edition = catalogue(overlays).edition(edition_id)
    if as_json:
        _write(export.full(edition))
        return
    _head(edition)
    if edition.values:
        click.echo("\nvalues")
        head = ("name", "value", "mark", "clause", "title", "")
        _columns([head, *(_value_line(value) for value in edition.values.values())], indent=2)
        for value in edition.values.values():
            _remark(value)
    for table in edition.tables.values():
        _table(table)
    if edition.local_limits:
        click.echo("\nlocal limits")
        _columns([_limit_line(edition, local) for local in edition.local_limits], indent=2)


def _head(edition: Edition) -> None:
    n = export.counts(edition)
    marks = "  ".join(f"{key} {n[key]}" for key in ("A", "B", "C", "unknown", "adopted"))
    lines = [
        ("id", edition.id),
        ("title", f"{edition.code} {edition.title_zh}"),
        ("", edition.title_en),
        ("stage", " ".join(part for part in (edition.stage_zh, edition.stage) if part)),
        ("issuer", f"{edition.issuer_zh}, {edition.issuer_en}"),
        ("issued", str(edition.issued or "unknown")),
        ("in force", f"{edition.in_force_from} to {edition.in_force_to or 'further notice'}"),
        ("replaces", edition.replaces),
        ("replaced by", edition.replaced_by),
        ("transition", edition.transition),
        ("scope", edition.scope),
        ("source", edition.source),
        ("marks", f"{marks}  of {n['values']}; clause unknown {n['clause_unknown']}"),
    ]
    lines += [
        ("amendment", f"{a.title_zh} {a.title_en}, from {a.in_force_from}, mark {a.mark}")
        for a in edition.amendments
    ]
    _columns([line for line in lines if line[1]])


def _value_line(value: Value) -> tuple[str, ...]:
    return (
        value.id.rpartition("/")[2],
        _with_unit(_shown(value.raw), value.unit) if value.known else "unknown",
        _mark(value),
        value.clause,
        value.title_zh,
        value.title_en,
    )


def _remark(value: Value) -> None:
    name = value.id.rpartition("/")[2]
    if not value.known:
        click.echo(f"  {name} is unknown: {value.reason}; to set it: {value.configure}")
    if value.alternatives:
        click.echo(f"  {name} may also be read as: {', '.join(value.alternatives)}")


def _table(table: Table) -> None:
    click.echo(f"\n{table.name}  {table.title_zh}  {table.title_en}")
    head = (*table.columns, "unit", "mark", "clause")
    lines = [head, *(_row_line(table, row) for row in table.rows)]
    widths = [max(_width(cell) for cell in column) for column in zip(*lines, strict=True)]
    if sum(widths) <= _WIDEST:
        _columns(lines, indent=2)
        return
    for line in lines[1:]:
        click.echo()
        _columns([pair for pair in zip(head, line, strict=True) if pair[1]], indent=2)


def _row_line(table: Table, row: Row) -> tuple[str, ...]:
    unit = "" if row.unit in ("none", "1") else row.unit
    return (*(_shown(row[column]) for column in table.columns), unit, _mark(row), row.clause)


def _mark(part: Value | Row) -> str:
    kind = f" {part.kind}" if part.kind else ""
    adopted = f" adopted {part.adopted.document}" if part.adopted else ""
    return f"{part.mark}{kind}{adopted}"


@command.command("diff")
@click.argument("first", metavar="ID")
@click.argument("second", metavar="ID")
@_overlays
@_json
def diff(first: str, second: str, overlays: Path | None, as_json: bool) -> None:
    """Show what the second edition changes, adds and removes."""
    known = catalogue(overlays)
    old, new = known.edition(first), known.edition(second)
    found = differences(old, new)
    if as_json:
        _write([dataclasses.asdict(part) for part in found])
        return
    counted = {what: sum(d.what == what for d in found) for what in ("changed", "added", "removed")}
    click.echo(f"{old.id} -> {new.id}: " + ", ".join(f"{n} {w}" for w, n in counted.items()))
    for what in counted:
        lines = [_diff_line(part) for part in found if part.what == what]
        if lines:
            click.echo(f"\n{what}")
            _columns(lines, indent=2)


def _diff_line(part: Difference) -> tuple[str, ...]:
    if part.what == "changed":
        shown = f"{_shown(part.before) or '-'} -> {_shown(part.after) or '-'}"
    else:
        shown = _shown(part.before if part.what == "removed" else part.after)
    return (part.id, part.cell, _with_unit(shown, part.unit))


@command.command("limit")
@click.argument("standard")
@click.option("--item", required=True, help="PM25, PM2.5, SO2, O3 …")
@click.option("--averaging", required=True, help="annual, quarter, month, 24h, mda8, 1h …")
@click.option("--grade", help="I or II; both are given without it.")
@click.option("--on", "day", help="Monitoring day (Beijing), 2026-07-01.")
@click.option("--edition", "edition_id", help="Edition instead of a day.")
@_overlays
@_json
def limit(
    *,
    standard: str,
    item: str,
    averaging: str,
    grade: str | None,
    day: str | None,
    edition_id: str | None,
    overlays: Path | None,
    as_json: bool,
) -> None:
    """Find the limit of an item on a monitoring day, or in one edition."""
    on = _day(day)
    edition = _edition(catalogue(overlays), standard, on, edition_id)
    grades = (grade,) if grade else limits.grades(edition, item, averaging)
    found = [edition.limit(item, averaging, each, on) for each in grades]
    if as_json:
        answer: Any = [export.limit(edition, each) for each in found]
        _write(answer[0] if grade else answer)
        return
    lines = [_limit_line(edition, each) for each in found]
    if not grade:
        lines = [(f"Grade {each.grade}", *line) for each, line in zip(found, lines, strict=True)]
    _columns(lines)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"'{text}' is not a day; write --on 2026-07-01") from None


def _edition(known: Catalogue, standard: str, day: date | None, edition_id: str | None) -> Edition:
    if (day is None) == (edition_id is None):
        raise BadInput("give either --on DAY or --edition ID")
    if day is not None:
        return known.on(standard, day)
    edition = known.edition(edition_id or "")
    if edition not in known.editions(standard):
        raise BadInput(f"{edition.id} is not an edition of {standard}")
    return edition


def _limit_line(edition: Edition, part: Limit) -> tuple[str, ...]:
    return (
        _with_unit(_shown(part.raw), part.unit),
        edition.id,
        f"mark {part.mark}" + (f" {part.kind}" if part.kind else ""),
        f"clause {part.clause}",
        part.reference_state,
        "" if part.binding == "national" else f"binding {part.binding}",
        "" if part.base is None else f"instead of {part.base.number} from {part.applies_from}",
    )


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "  ".join(f"{name} {_shown(cell)}" for name, cell in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(str(part) for part in value)
    return f"{value:f}" if hasattr(value, "as_tuple") else str(value)


def _with_unit(shown: str, unit: str) -> str:
    return shown if unit in ("none", "1") else f"{shown} {unit}"


def _write(content: Any) -> None:
    click.echo(json.dumps(content, ensure_ascii=False, indent=2))


def _columns(lines: Iterable[Sequence[str]], indent: int = 0) -> None:
    rows = [tuple(line) for line in lines]
    widths = [max(_width(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        )
        # a column empty in every row takes no room
        text = "  ".join(cell for cell, width in zip(cells, widths, strict=True) if width)
        click.echo((" " * indent + text).rstrip())


def _width(text: str) -> int:
    # a Chinese character fills two columns of a terminal
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
