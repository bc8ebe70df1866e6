"""Which limit holds for a row: named sets of dated editions, the strictest of a combination."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from fenhe import standards
from fenhe.base.errors import BadInput
from fenhe.methods import intake
from fenhe.standards import Edition, Row

TABLE, SETS = "emission_limits", "sets"

#: Conditions a row of a table may state, and the day before which nothing is asked.
WHEN = ("above_12", "up_to_12")
ALL = ".all"


@dataclass(frozen=True)
class Piece:
    """A limit for one combination of sets, one factor and one span of days.

    ``limit`` is what may not be passed, ``floor`` what may not be fallen below. ``ids`` are
    the rows it rests on, ``doubts`` those of them that are not firm, with the day of an
    edition that no source gives. ``unknown`` is set where only an unknown value would judge.
    """

    combination: str
    factor: str
    first: int  # yyyymmdd
    last: int
    when: str
    limit: Decimal | None
    floor: Decimal | None
    reference: Decimal | None  # % oxygen the limit refers to
    decides: bool
    ids: tuple[str, ...]
    doubts: tuple[str, ...]
    unknown: str = ""


@dataclass(frozen=True)
class LimitSet:
    """One set of one edition: ``GB13271-2014/coal_boiler.new``."""

    edition: Edition
    row: Row

    @property
    def name(self) -> str:
        """The name of the set within its edition."""
        return str(self.row["set"])

    @property
    def kind(self) -> str:
        """The kind of source: the part of the name before the dot."""
        return self.name.partition(".")[0]


def find(name: str) -> LimitSet:
    """Return the set a text names; ``BadInput`` lists the sets there are."""
    edition_id, slash, set_name = name.strip().partition("/")
    edition = standards.catalogue().edition(edition_id)
    if SETS not in edition.tables:
        raise BadInput(f"{edition.id} has no limits of sources")
    rows = {row.peek("set"): row for row in edition.table(SETS)}
    if not slash or set_name.strip() not in rows:
        known = ", ".join(f"{edition.id}/{one}" for one in rows)
        raise BadInput(f"unknown set of limits '{name}'; known: {known}")
    return LimitSet(edition, rows[set_name.strip()])


def named(combination: str) -> tuple[LimitSet, ...]:
    """Return the sets of a combination: names joined by ``;``."""
    return tuple(find(part) for part in combination.split(";") if part.strip())


def every_set() -> tuple[LimitSet, ...]:
    """Return every set of every edition, in the order of the catalogue."""
    found = standards.catalogue().all_editions
    return tuple(LimitSet(e, row) for e in found if SETS in e.tables for row in e.table(SETS))


def read_shares() -> None:
    """Read the share of every set: what rows of verdicts may name."""
    for one in every_set():
        _ = one.row["basis"], one.row["share"]


def read_limits() -> None:
    """Read the limits of every set: what rows of values may name."""
    for one in every_set():
        _ = one.row["basis"]
        for row in one.edition.table(TABLE).rows if TABLE in one.edition.tables else ():
            _ = row["limit"], row["at_least"], row["reference_o2"]


def pieces(combination: str, averaging: str) -> Iterator[Piece]:
    """Yield the limits of a combination, which never overlap for one factor, day and condition."""
    sets = named(combination)
    rows = [(one, row) for one in sets for row in _rows(one, averaging)]
    factors = sorted({row["factor"] for _, row in rows})
    for factor in factors:
        mine = [(one, row) for one, row in rows if row["factor"] == factor]
        whens = sorted({row["when"] or "" for _, row in mine})
        for when in whens:
            yield from _dated(combination, factor, when, _under(mine, when))
    for one in sets:
        yield from _unknown(combination, one, averaging, factors)


def _rows(one: LimitSet, averaging: str) -> list[Row]:
    """Return the rows of a set, with those of all sets of its kind."""
    if TABLE not in one.edition.tables:
        return []
    names = {one.name, f"{one.kind}{ALL}", f"any_{one.kind.rpartition('_')[2]}{ALL}"}
    found = one.edition.table(TABLE).rows
    return [r for r in found if r.peek("set") in names and r.peek("averaging") == averaging]


def _under(rows: Sequence[tuple[LimitSet, Row]], when: str) -> list[tuple[LimitSet, Row]]:
    return [(one, row) for one, row in rows if (row["when"] or "") in ("", when)]


def _dated(
    combination: str, factor: str, when: str, rows: Sequence[tuple[LimitSet, Row]]
) -> Iterator[Piece]:
    """Cut time at every change, and take the strictest of what holds in each part."""
    spans = [(_from(one, row), _to(one, row)) for one, row in rows]
    cuts = sorted({first for first, _ in spans} | {last + _DAY for _, last in spans if last < _END})
    for number, first in enumerate(cuts):
        last = cuts[number + 1] - _DAY if number + 1 < len(cuts) else _END
        inside = [
            pair for pair, (begin, end) in zip(rows, spans, strict=True) if begin <= first <= end
        ]
        if inside:
            yield _strictest(combination, factor, when, (first, last), inside)


_DAY, _END = timedelta(days=1), date(9999, 12, 31)


def _from(one: LimitSet, row: Row) -> date:
    return max(row["from"] or one.edition.in_force_from, one.edition.in_force_from)


def _to(one: LimitSet, row: Row) -> date:
    return min(row["to"] or _END, one.edition.in_force_to or _END)


def _strictest(
    combination: str,
    factor: str,
    when: str,
    span: tuple[date, date],
    inside: Sequence[tuple[LimitSet, Row]],
) -> Piece:
    tops = [(row["limit"], one, row) for one, row in inside if row["limit"] is not None]
    floors = [(row["at_least"], one, row) for one, row in inside if row["at_least"] is not None]
    top = min(tops, key=lambda part: part[0], default=None)
    floor = max(floors, key=lambda part: part[0], default=None)
    used = list(
        dict.fromkeys((one, row) for found in (top, floor) if found for _, one, row in [found])
    )
    ids = dict.fromkeys(part.id for one, row in used for part in (row, one.row))
    doubts = dict.fromkeys(name for one, row in used for name in _doubts(one, row))
    averaging = used[0][1]["averaging"]
    return Piece(
        combination=combination,
        factor=factor,
        first=intake.day_number(span[0]),
        last=intake.day_number(span[1]),
        when=when,
        limit=None if top is None else top[0],
        floor=None if floor is None else floor[0],
        reference=None if top is None else top[2]["reference_o2"],
        decides=all(_decides(one.row["basis"], averaging) for one, _ in used),
        ids=tuple(ids),
        doubts=tuple(doubts),
    )


def _decides(basis: str, averaging: str) -> bool:
    """Say whether a value of this averaging is by itself what the standard judges."""
    return {"hour": "1h", "day": "24h"}.get(basis, "") == averaging


def _doubts(one: LimitSet, row: Row) -> Iterator[str]:
    """Yield the ids of what is not firm, and of a day in force no source gives."""
    for part in (row, one.row):
        if not part.firm:
            yield part.id
    known = one.edition.values.get("in_force")
    if known is not None and not known.known:
        yield known.id


def _unknown(
    combination: str, one: LimitSet, averaging: str, factors: Sequence[str]
) -> Iterator[Piece]:
    """Yield what no source gives: all of a set, or from a day on for what had a limit before."""
    name, since, which = (one.row[c] for c in ("unknown", "unknown_from", "unknown_averaging"))
    if not name or which not in (None, averaging):
        return
    value = one.edition.value(name)
    if value.known:
        return
    taken = {row["factor"] for row in _rows(one, averaging) if (row["to"] or _END) == _END}
    if which is not None:
        wanted = ["*"]
    else:
        wanted = [f for f in factors if f not in taken] if since else ["*"]
    for factor in wanted:
        yield Piece(
            combination=combination,
            factor=factor,
            first=intake.day_number(since or one.edition.in_force_from),
            last=intake.day_number(_END),
            when="",
            limit=None,
            floor=None,
            reference=None,
            decides=False,
            ids=(),
            doubts=(value.id,),
            unknown=value.id,
        )
