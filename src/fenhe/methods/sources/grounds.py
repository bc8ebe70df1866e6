"""What a verdict rests on: ids that are not firm, reasons, and what was applied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import narwhals as nw

from fenhe.methods import intake, labels
from fenhe.methods.sources import verdict_columns as c
from fenhe.methods.sources.judging import STOPPED, JudgingRules
from fenhe.methods.sources.limits import Piece


def _piece(number: int) -> nw.Expr:
    return (nw.col(c.PIECE) == number) & (nw.col(c.FROM) == c.SETTLED)


def doubts(rules: JudgingRules, found: Sequence[Piece]) -> Iterator[labels.Piece]:
    """Yield what a verdict rests on that is not firm, one piece an id."""
    by_id: dict[str, nw.Expr] = {}

    def add(name: str, condition: nw.Expr) -> None:
        by_id[name] = by_id[name] | condition if name in by_id else condition

    exempt = nw.col("verdict") == "exempt"
    for number, one in enumerate(found):
        # what is over one limit is over, whatever another one may be that no source gives
        lost = (nw.col(c.UNKNOWN) == number) & (nw.col("verdict") == "within")
        mine = lost if one.unknown else _piece(number) & ~exempt
        for name in one.doubts:
            add(name, mine.fill_null(value=False))
    for number, order in enumerate(rules.orders):
        mine = (nw.col(c.ORDER) == number) & (nw.col(c.FROM) == c.ORDERED)
        for name in order.doubts:
            add(name, mine.fill_null(value=False))
    for number, window in enumerate(rules.windows):
        for name in window.doubts:
            add(name, (exempt & (nw.col(c.EXEMPT) == number)).fill_null(value=False))
    if rules.fault_window is None:
        above = nw.col(c.CONDITION).is_in(list(rules.unlimited)) & (nw.col("verdict") == "over")
        add(rules.fault_id, above.fill_null(value=False))
    if rules.compare_doubtful:
        other = (nw.col(c.RAW) != nw.col(c.ABOVE)) & ~exempt
        add(rules.compare, other.fill_null(value=False))
    for name, condition in by_id.items():
        yield condition, name


def reasons(rules: JudgingRules, found: Sequence[Piece]) -> Iterator[labels.Piece]:
    """Yield why a row is not judged, and what else is to be said of it."""
    value, permit = nw.col(intake.number("value")), nw.col(intake.number("limit"))
    yield nw.col(c.CONDITION) == STOPPED, "stopped"
    yield nw.col(c.STATE), "not_valid"
    yield nw.col(c.CONDITION).is_in(list(rules.voids)), "device_mark"
    yield nw.col(c.TWICE) > 1, "repeated_rows"
    yield value.is_null(), "missing:value"
    yield value < 0, "invalid:value"
    yield permit < 0, "invalid:limit"
    unlimited = nw.col(c.FROM).is_null()
    yield nw.col(c.SET).is_null() & unlimited, "no_limit_set"
    unknown = nw.col(c.UNKNOWN)
    yield ~nw.col(c.SET).is_null() & unlimited & unknown.is_null(), "no_limit"
    for number, one in enumerate(found):
        if one.unknown:
            yield unknown == number, f"unknown_value:{one.unknown}"
    for number, window in enumerate(rules.windows):
        yield nw.col(c.EXEMPT) == number, f"exempt:{window.event}"
    if rules.fault_window is not None:
        yield nw.col(c.EXEMPT) == len(rules.windows), "exempt:fault"
    else:
        faulty = nw.col(c.CONDITION).is_in(list(rules.unlimited))
        faulty = faulty & (nw.col("verdict") == "over")
        yield faulty, f"unknown_value:{rules.fault_id}"
    yield nw.col(c.LATE) & ~nw.col(c.named("window")).is_null(), "mark_late"


def clauses(rules: JudgingRules, found: Sequence[Piece]) -> Iterator[labels.Piece]:
    """Yield the ids of what was applied."""
    judged = nw.col("verdict").is_in(["over", "within"])
    yield judged, rules.compare
    yield judged & (nw.col(c.FROM) == c.PERMITTED), "permit"
    by_id: dict[str, nw.Expr] = {}
    for number, one in enumerate(found):
        for name in one.ids:
            mine = _piece(number)
            by_id[name] = by_id[name] | mine if name in by_id else mine
    for name, mine in by_id.items():
        yield mine & judged, name
    for number, order in enumerate(rules.orders):
        yield judged & (nw.col(c.ORDER) == number) & (nw.col(c.FROM) == c.ORDERED), order.id
    for number, window in enumerate(rules.windows):
        yield nw.col(c.EXEMPT) == number, window.id
