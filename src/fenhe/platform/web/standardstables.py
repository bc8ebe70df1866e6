"""The tables of the standards pages as rows and as frames: limits of a day, differences, twins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import polars as pl

from fenhe.methods import usage
from fenhe.platform.web import addresses, standardsview, standardwords
from fenhe.standards import Edition, Limit, Row, Table, Value, export, limits
from fenhe.standards.compare import Difference

LIMIT_COLUMNS = {"item", "averaging", "grade"}


def has_limits(edition: Edition) -> bool:
    """Say whether an edition has a table of limits by item, period and grade."""
    found = edition.tables.get(limits.TABLE)
    return found is not None and set(found.columns) >= LIMIT_COLUMNS


def limits_on(known: Iterable[Edition], day: date) -> list[dict[str, Any]]:
    """Return the limits that hold on a day, one row an item and period, a limit a grade."""
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for edition, limit in _holding(known, day):
        key = (edition.id, limit.item, limit.averaging)
        row = rows.setdefault(key, _limit_row(limit))
        row["grades"][limit.grade] = _limit_cell(limit)
    grades = sorted({grade for row in rows.values() for grade in row["grades"]})
    for row in rows.values():
        row["cells"] = [{"grade": g, "limit": row["grades"].get(g)} for g in grades]
    return list(rows.values())


def _holding(known: Iterable[Edition], day: date) -> Iterable[tuple[Edition, Limit]]:
    for edition in known:
        if not edition.in_force(day) or not has_limits(edition):
            continue
        for row in edition.tables[limits.TABLE].rows:
            item, averaging, grade = (row.peek(c) for c in ("item", "averaging", "grade"))
            yield edition, edition.limit(item, averaging, grade, day)


def _limit_row(limit: Limit) -> dict[str, Any]:
    return {
        "item": standardsview.cell_text("item", limit.item),
        "averaging": standardsview.cell_text("averaging", limit.averaging),
        "unit": limit.unit,
        "state": limit.reference_state,
        "grades": {},
    }


def _limit_cell(limit: Limit) -> dict[str, Any]:
    return {
        "text": standardsview.shown(limit.raw),
        "url": addresses.value(limit.base.id if limit.base else limit.id),
        "mark": standardsview.mark(limit),
        "local": limit.base is not None,
    }


def local_limit(limit: Limit) -> dict[str, Any]:
    """Return a stricter local limit of an overlay, beside the national one."""
    return {
        **standardsview.provenance(limit),
        "item": standardsview.cell_text("item", limit.item),
        "averaging": standardsview.cell_text("averaging", limit.averaging),
        "grade": limit.grade,
        "text": standardsview.with_unit(standardsview.shown(limit.raw), limit.unit),
        "base": standardsview.shown(limit.base.raw) if limit.base else "",
        "from": limit.applies_from.isoformat() if limit.applies_from else "",
    }


def difference(part: Difference, old: Edition, new: Edition) -> dict[str, Any]:
    """Return one difference with links to both sides."""
    text = {"before": part.before, "after": part.after}
    unit = part.unit if part.what == "changed" else "none"
    said = {
        k: "" if v is None else standardsview.with_unit(standardsview.shown(v), unit)
        for k, v in text.items()
    }
    owner_ = old if part.what == "removed" else new
    return {
        "what": part.what,
        "id": part.id,
        "url": addresses.value(f"{owner_.id}/{part.id}"),
        "old_url": addresses.value(f"{old.id}/{part.id}"),
        "title": _title(owner_, part.id),
        "cell": standardwords.column(part.cell) if part.cell else "",
        **said,
    }


def _title(edition: Edition, local_id: str) -> str:
    """Return the title of the value, or of the table a row stands in."""
    name = local_id.partition("/")[0]
    part: Value | Table | None = edition.values.get(name) or edition.tables.get(name)
    return standardsview.title(part) if part is not None else name


def editions_frame(known: Sequence[Edition], day: date) -> pl.DataFrame:
    """Return the list of editions as a table."""
    rows = []
    for edition in known:
        told = export.summary(edition)
        counts = told.pop("counts")
        rows.append({**told, "in_force_on_day": edition.in_force(day), **counts})
    return pl.DataFrame(rows, infer_schema_length=None)


def limits_frame(known: Iterable[Edition], day: date) -> pl.DataFrame:
    """Return the limits of a day, one row a limit."""
    rows = [
        {**export.limit(edition, limit), "value": standardsview.shown(limit.raw), "day": str(day)}
        for edition, limit in _holding(known, day)
    ]
    return _frame(rows)


def hits_frame(hits: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Return what a search found."""
    kept = ("edition", "id", "where", "text")
    schema = dict.fromkeys((*kept, "mark"), pl.String)
    rows = [{**{k: hit[k] for k in kept}, "mark": hit["mark"].letter} for hit in hits]
    return pl.DataFrame(rows, schema=schema)


def values_frame(edition: Edition) -> pl.DataFrame:
    """Return the single values of an edition."""
    rows = [
        {
            "id": value.id,
            "title_zh": value.title_zh,
            "title_en": value.title_en,
            "value": standardsview.shown(value.raw),
            "alternatives": "; ".join(value.alternatives),
            "unknown": "" if value.known else value.reason,
            "configure": value.configure,
            **_facts(value),
        }
        for value in edition.values.values()
    ]
    return _frame(rows)


def table_frame(table: Table) -> pl.DataFrame:
    """Return a table of an edition with everything each row says of itself."""
    rows = [
        {"id": row.id, **{c: _plain(row.peek(c)) for c in table.columns}, **_row_facts(table, row)}
        for row in table.rows
    ]
    return _frame(rows)


def _row_facts(table: Table, row: Row) -> dict[str, Any]:
    """Return the facts of a row; one whose name is a column already is told apart."""
    return {f"row_{k}" if k in table.columns else k: v for k, v in _facts(row).items()}


def _facts(part: Value | Row) -> dict[str, Any]:
    adopted = part.adopted.document if part.adopted else ""
    return {
        "unit": part.unit,
        "mark": part.mark,
        "kind": part.kind or "",
        "adopted": adopted,
        "clause": part.clause,
        "source": part.source,
        "note": part.note,
        "read_by": "; ".join(usage.readers(part.id)),
    }


def _plain(value: Any) -> Any:
    found = export.plain(value)
    return "; ".join(map(str, found)) if isinstance(found, list) else found


def differences_frame(found: Sequence[Difference]) -> pl.DataFrame:
    """Return the differences of two editions as a table."""
    names = ("what", "id", "cell", "before", "after", "unit")
    rows = [
        (d.what, d.id, d.cell, standardsview.shown(d.before), standardsview.shown(d.after), d.unit)
        for d in found
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def _frame(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Return rows as a frame; a column of numbers and texts is text, exact as written."""
    texts = {
        name
        for row in rows
        for name, value in row.items()
        if isinstance(value, str)
    }  # fmt: skip
    made = [
        {k: str(v) if k in texts and v is not None else v for k, v in row.items()} for row in rows
    ]
    return pl.DataFrame(made, infer_schema_length=None)
