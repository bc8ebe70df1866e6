"""Editions as plain data, for JSON output and for pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from fenhe.standards.model import UNKNOWN_CLAUSE, Edition, Limit, Provenance, Row, Table, Value


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it; a Decimal stays exact as text unless it is whole."""
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    return value


def summary(edition: Edition) -> dict[str, Any]:
    """Return what a list of editions shows of one, with its counts."""
    return {
        "id": edition.id,
        "standard": edition.standard,
        "subject": edition.subject,
        "code": edition.code,
        "stage": edition.stage,
        "title_zh": edition.title_zh,
        "title_en": edition.title_en,
        "in_force_from": plain(edition.in_force_from),
        "in_force_to": plain(edition.in_force_to),
        "counts": counts(edition),
    }


def counts(edition: Edition) -> dict[str, int]:
    """Return how many values have mark A, B, C, are unknown, and lack a known clause."""
    parts = list(edition.provenances())
    marks = Counter(part.mark for part in parts)
    return {
        "values": len(parts),
        "A": marks["A"],
        "B": marks["B"],
        "C": marks["C"],
        "unknown": sum(isinstance(part, Value) and not part.known for part in parts),
        "adopted": sum(part.adopted is not None for part in parts),
        "clause_unknown": sum(part.clause == UNKNOWN_CLAUSE for part in parts),
    }


def full(edition: Edition) -> dict[str, Any]:
    """Return everything an edition states."""
    return {
        **summary(edition),
        "issuer_zh": edition.issuer_zh,
        "issuer_en": edition.issuer_en,
        "issued": plain(edition.issued) or "unknown",
        "stage_zh": edition.stage_zh,
        "replaces": edition.replaces,
        "replaced_by": edition.replaced_by,
        "transition": edition.transition,
        "scope": edition.scope,
        "source": edition.source,
        "amendments": [
            {"id": a.id, "title_zh": a.title_zh, "title_en": a.title_en}
            | {"from": plain(a.in_force_from), "source": a.source, "mark": a.mark, "kind": a.kind}
            for a in edition.amendments
        ],
        "values": {name: value(v) for name, v in edition.values.items()},
        "tables": {name: table(t) for name, t in edition.tables.items()},
        "local_limits": [limit(edition, local) for local in edition.local_limits],
    }


def provenance(part: Provenance) -> dict[str, Any]:
    """Return where a value comes from."""
    found: dict[str, Any] = {
        "id": part.id,
        "unit": part.unit,
        "mark": part.mark,
        "kind": part.kind,
        "firm": part.firm,
        "clause": part.clause,
        "source": part.source,
        "note": part.note,
    }
    if part.adopted is not None:
        found["adopted"] = {
            "authority": part.adopted.authority,
            "document": part.adopted.document,
            "person": part.adopted.person,
            "date": plain(part.adopted.date),
        }
    return found


def value(part: Value) -> dict[str, Any]:
    """Return a single value."""
    found = {
        "title_zh": part.title_zh,
        "title_en": part.title_en,
        "value": plain(part.raw),
        **provenance(part),
        "alternatives": list(part.alternatives),
    }
    if not part.known:
        found |= {"unknown": part.reason, "configure": part.configure}
    return found


def table(part: Table) -> dict[str, Any]:
    """Return a table with its rows."""
    return {
        "title_zh": part.title_zh,
        "title_en": part.title_en,
        "columns": dict(part.columns),
        "key": list(part.key),
        "rows": [row(r) for r in part.rows],
    }


def row(part: Row) -> dict[str, Any]:
    """Return one row: its cells and where they come from."""
    return {"cells": cells(part.cells), **provenance(part)}


def cells(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cells of a row."""
    return {name: plain(cell) for name, cell in content.items()}


def limit(edition: Edition, part: Limit) -> dict[str, Any]:
    """Return a limit as the command line and the interfaces answer it."""
    found = {
        "value": plain(part.raw),
        "item": part.item,
        "averaging": part.averaging,
        "grade": part.grade,
        "edition": edition.id,
        "table": part.table,
        "binding": part.binding,
        "reference_state": part.reference_state,
        **provenance(part),
    }
    if part.base is not None:
        found |= {"base": part.base.id, "from": plain(part.applies_from)}
    return found
