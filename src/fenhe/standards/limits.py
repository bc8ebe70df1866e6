"""Finding a limit, and the state of the air it refers to."""

from __future__ import annotations

from datetime import date

from fenhe.base.errors import BadInput
from fenhe.standards import glossary
from fenhe.standards.model import Edition, Limit, Row

TABLE = "limits"
STATES = "reference_states"


def find(edition: Edition, item: str, averaging: str, grade: str, day: date | None = None) -> Limit:
    """Return the limit of an item for an averaging period and a grade.

    Names are forgiving: ``PM2.5``, ``O3`` with ``8h`` (the daily maximum), ``2`` for II.
    With ``day`` the reference state is that of the day and a local limit counts only once
    in force; without it both are the latest of the edition. Raises ``BadInput`` with the
    limits there are when the edition has none for the question.
    """
    code = glossary.item(item).code
    period = limit_averaging(code, averaging)
    level = glossary.grade(grade)
    for local in reversed(edition.local_limits):
        same = (local.item, local.averaging, local.grade) == (code, period, level)
        if same and (day is None or local.applies_from is None or local.applies_from <= day):
            return local
    for row in edition.table(TABLE).rows:
        if tuple(map(row.peek, ("item", "averaging", "grade"))) == (code, period, level):
            return of_row(edition, row, day)
    raise BadInput(_none(edition, code, period, level))


def grades(edition: Edition, item: str, averaging: str) -> tuple[str, ...]:
    """Return the grades for which the edition has a limit of this item and period."""
    code = glossary.item(item).code
    period = limit_averaging(code, averaging)
    rows = edition.table(TABLE).where(item=code, averaging=period)
    if not rows:
        raise BadInput(_none(edition, code, period, None))
    return tuple(row["grade"] for row in rows)


def of_row(edition: Edition, row: Row, day: date | None = None) -> Limit:
    """Return a row of the table of limits as a limit."""
    return Limit(
        id=row.id,
        raw=row["limit"],
        unit=row.unit,
        source=row.source,
        mark=row.mark,
        kind=row.kind,
        clause=row.clause,
        note=row.note,
        adopted=row.adopted,
        place=row.place,
        item=row["item"],
        averaging=row["averaging"],
        grade=row["grade"],
        table=row["table"],
        binding=row["binding"],
        reference_state=reference_state(edition, row["item"], day),
    )


def reference_state(edition: Edition, item: str, day: date | None = None) -> str:
    """Return temperature and pressure a concentration refers to on a day, or the latest."""
    if STATES not in edition.tables:
        return ""
    rows = edition.table(STATES).where(item=item)
    if day is not None:
        rows = tuple(row for row in rows if row["from"] is None or row["from"] <= day)
    return str(rows[-1]["state"]) if rows else ""


def limit_averaging(item: str, averaging: str) -> str:
    """Return the averaging code limits use: the 8-hour limit of ozone is of the daily maximum."""
    code = glossary.averaging(averaging)
    return "mda8" if item == "o3" and code == "8h" else code


def _none(edition: Edition, item: str, averaging: str, grade: str | None) -> str:
    rows = edition.table(TABLE).where(item=item)
    known = ", ".join(dict.fromkeys(f"{row['averaging']} {row['grade']}" for row in rows))
    wanted = f"{item} {averaging}" + (f" {grade}" if grade else "")
    return f"{edition.id} has no limit for {wanted}; for {item} it has: {known or 'none'}"
