"""Decisions of a person as flags: what they raise and lift, and how they are taken back."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.quality.review import Edit, Kind, plan, undo

AT = datetime(2026, 4, 1)


def at(hour: int) -> datetime:
    return AT + timedelta(hours=hour)


def edit(kind: Kind, first: int = 2, last: int = 4, reason: str = "checked on site") -> Edit:
    return Edit(kind, "s", ("so2",), ("1h",), at(first), at(last), reason)


def flags(*rows: tuple[int, str, int, int]) -> pl.DataFrame:
    """Return standing flags: number, check, first hour, last hour."""
    return pl.DataFrame(
        [
            {
                "flag": number,
                "site": "s",
                "item": "so2",
                "statistic": "1h",
                "start": at(first),
                "end": at(last),
                "check": check,
                "version": "T-1",
                "limit": "9",
                "reason": "42",
                "cleared_commit": None,
            }
            for number, check, first, last in rows
        ],
        schema_overrides={
            "cleared_commit": pl.Int64,
            "start": pl.Datetime("us"),
            "end": pl.Datetime("us"),
        },
    )


def told(found: pl.DataFrame) -> list[tuple[str, int, int]]:
    hours = (((pl.col(n) - AT).dt.total_hours()).alias(n) for n in ("start", "end"))
    return found.select("check", *hours).rows()


def test_void_and_annotate_raise_their_flag_and_lift_nothing() -> None:
    standing = flags((1, "spike", 2, 3))
    for kind, check in ((Kind.VOID, "void"), (Kind.ANNOTATE, "note")):
        planned = plan(edit(kind), standing)
        assert told(planned.raised) == [(check, 2, 4)]
        assert planned.raised["reason"].to_list() == ["checked on site"]
        assert planned.lifted == []


def test_accepting_lifts_what_checks_raised_and_nothing_else() -> None:
    standing = flags(
        (1, "spike", 2, 3),
        (2, "logger_calibration", 2, 3),
        (3, "mark_stopped", 0, 9),
        (4, "void", 3, 4),
        (5, "logger_disagrees", 3, 4),
        (6, "flat", 5, 6),
    )
    planned = plan(edit(Kind.ACCEPT), standing)
    assert planned.lifted == [1, 5]
    assert told(planned.raised) == [("accepted", 2, 4)]


def test_a_flag_that_reaches_further_stands_outside_the_span() -> None:
    planned = plan(edit(Kind.ACCEPT), flags((1, "flat", 0, 10)))
    assert planned.lifted == [1]
    assert told(planned.raised) == [("accepted", 2, 4), ("flat", 0, 2), ("flat", 4, 10)]
    assert planned.raised["version"].to_list() == [None, "T-1", "T-1"]


def test_restoring_lifts_what_was_declared_void() -> None:
    standing = flags((1, "void", 0, 4), (2, "spike", 2, 3), (3, "void", 6, 7))
    planned = plan(edit(Kind.RESTORE), standing)
    assert planned.lifted == [1]
    assert told(planned.raised) == [("void", 0, 2)]
    with pytest.raises(BadInput, match="nothing in this span was declared void"):
        plan(edit(Kind.RESTORE, 8, 9), standing)


def test_undoing_brings_the_former_flags_back() -> None:
    known = pl.concat([flags((1, "flat", 0, 10)), flags((7, "accepted", 2, 4), (8, "flat", 0, 2))])
    known = known.with_columns(cleared_commit=pl.when(pl.col("flag") == 1).then(5).otherwise(None))
    back = undo([7, 8], [1], known)
    assert back.lifted == [7, 8]
    assert told(back.raised) == [("flat", 0, 10)]
    assert undo([1], [], known).empty


def test_other_items_kinds_of_value_and_lifted_flags_are_left_alone() -> None:
    standing = pl.concat(
        [
            flags((1, "spike", 2, 3)).with_columns(item=pl.lit("no2")),
            flags((2, "spike", 2, 3)).with_columns(statistic=pl.lit("1d")),
            flags((3, "spike", 2, 3)).with_columns(cleared_commit=pl.lit(4, dtype=pl.Int64)),
        ]
    )
    assert plan(edit(Kind.ACCEPT), standing).lifted == []


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (edit(Kind.VOID, 4, 4), "must end after it starts"),
        (edit(Kind.VOID, reason="  "), "say why"),
        (Edit(Kind.VOID, "s", (), ("1h",), at(0), at(1), "x"), "at least one item"),
    ],
)
def test_edits_that_can_not_be_are_refused(bad: Edit, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        plan(bad, flags((1, "spike", 2, 3)))
