"""Furnace temperature of waste incinerators: five-minute means below the limit, by day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import narwhals as nw

from fenhe.base.errors import BadInput
from fenhe.methods import calendar, exact, intake, labels, moments
from fenhe.methods.across import AcrossRows
from fenhe.methods.contract import Call, Column, Param
from fenhe.methods.sources import limits, words
from fenhe.methods.sources.judging import DEFAULT, STANDARD
from fenhe.methods.sources.limits import Piece
from fenhe.standards import Edition

Frame = nw.LazyFrame[Any]

FACTOR, AVERAGING, STEP = "a01901", "5min", 300
SET = "GB18485-2014/waste_incinerator.general"

_P = f"{intake.PRIVATE}furnace_"
_SLOT, _DAY, _VALUE, _LOW, _N, _ROWS, _OUT, _PIECE = (
    f"{_P}{n}" for n in ("slot", "day", "value", "low", "n", "rows", "out", "piece")
)


def evaluate(frame: Frame, edition: Edition, call: Call) -> Frame:
    """Return one row an outlet and day: how many five-minute means lie below the limit.

    More of them than a day allows is a violation. Means under a mark the rule names, or while
    a working condition is told, are not judged.
    """
    most, marks = edition.value("furnace_count"), edition.value("furnace_exempt")
    found = [p for p in limits.pieces(call.params["limit_set"], AVERAGING) if p.factor == FACTOR]
    if not found:
        raise BadInput(f"{call.params['limit_set']} has no furnace temperature")
    places = call.decimals["value"]
    frame = _rows(frame, tuple(marks.value))
    low: nw.Expr = nw.lit(None, nw.Int64)
    piece: nw.Expr = nw.lit(None, nw.Int64)
    for number, one in enumerate(found):
        mine = (nw.col(_DAY) >= one.first) & (nw.col(_DAY) <= one.last)
        least = exact.scaled(one.floor, places) if one.floor is not None else None
        low = nw.when(mine).then(nw.lit(least, nw.Int64)).otherwise(low)
        piece = nw.when(mine).then(nw.lit(number, nw.Int64)).otherwise(piece)
    below = (nw.col(_VALUE) < low).fill_null(value=False)
    frame = frame.with_columns(exact.integer(below).alias(_LOW), exact.integer(piece).alias(_PIECE))
    sums = (_LOW, _N, _ROWS, _OUT)
    table = frame.group_by("outlet", _DAY).agg(
        *(nw.col(c).sum() for c in sums), nw.col(_PIECE).max()
    )
    table = table.with_columns(exact.integer(nw.col(c)).alias(c) for c in (*sums, _PIECE))
    return _told(table, edition, found, most.integer)


def _rows(frame: Frame, marks: tuple[str, ...]) -> Frame:
    """Return one row a five-minute mean: its value where it is judged."""
    frame = moments.with_second(frame)
    names = frame.collect_schema().names()
    value = nw.col(intake.number("value"))
    out: nw.Expr = nw.lit(value=False)
    if "mark" in names:
        text = exact.text(nw.col("mark")).str.strip_chars().str.to_lowercase()
        out = out | text.is_in(list(marks)).fill_null(value=False)
    if "condition" in names:
        text = exact.text(nw.col("condition")).str.strip_chars()
        out = out | (text != "").fill_null(value=False)
    frame = frame.with_columns(
        exact.floor_div(nw.col(moments.SECOND), STEP).alias(_SLOT),
        exact.floor_div(nw.col(moments.SECOND), moments.DAY).alias(_DAY),
        nw.when((value >= 0) & ~out).then(value).alias(_VALUE),
        exact.integer(out).alias(_OUT),
    )
    # of two rows for one mean the lower counts
    frame = frame.group_by("outlet", _DAY, _SLOT).agg(nw.col(_VALUE).min(), nw.col(_OUT).max())
    frame = frame.with_columns(
        exact.integer(nw.col(_VALUE)).alias(_VALUE),
        exact.integer(nw.col(_OUT)).alias(_OUT),
        exact.integer(~nw.col(_VALUE).is_null()).alias(_N),
        nw.lit(1, nw.Int64).alias(_ROWS),
    )
    return calendar.with_day(frame, _DAY, _DAY)


def _told(table: Frame, edition: Edition, found: Sequence[Piece], most: int) -> Frame:
    judged = (nw.col(_N) > 0) & ~nw.col(_PIECE).is_null()
    over = nw.col(_LOW) > most
    limit: nw.Expr = nw.lit(None, nw.Int64)
    for number, one in enumerate(found):
        floor = None if one.floor is None else exact.scaled(one.floor, exact.WORKING_SCALE)
        limit = nw.when(nw.col(_PIECE) == number).then(nw.lit(floor, nw.Int64)).otherwise(limit)
    doubts = [
        (judged & (nw.col(_PIECE) == number), name)
        for number, one in enumerate(found)
        for name in one.doubts
    ]
    for name in ("furnace_count", "furnace_exempt"):
        value = edition.value(name)
        if not value.firm:
            concerned = judged if name == "furnace_count" else judged & (nw.col(_OUT) > 0)
            doubts.append((concerned, value.id))
    doubtful: nw.Expr = nw.lit(value=False)
    for condition, _ in doubts:
        doubtful = doubtful | condition
    table = table.with_columns(
        date=calendar.text(nw.col(_DAY)),
        n_judged=nw.col(_N),
        n_marked=nw.col(_OUT),
        n_due=nw.lit(divmod(moments.DAY, STEP)[0], nw.Int64),
        n_below=nw.col(_LOW),
        at_least=exact.to_float(exact.integer(limit), exact.WORKING_SCALE),
        allowed=nw.lit(most, nw.Int64),
        violation=nw.when(judged & over).then(nw.lit("yes")).when(judged).then(nw.lit("no")),
        status=nw.when(judged).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        provisional=nw.when(judged & doubtful).then(nw.lit("yes")).when(judged).then(nw.lit("no")),
        edition=nw.lit(edition.id),
    )
    clauses = [
        (judged & (nw.col(_PIECE) == number), name)
        for number, one in enumerate(found)
        for name in one.ids
    ]
    pieces: dict[str, list[labels.Piece]] = {
        "reason": list(_reasons()),
        "unverified": doubts,
        "clauses": clauses,
    }
    return labels.with_pieces(table, pieces).sort("outlet", "date")


def _reasons() -> Iterator[labels.Piece]:
    yield nw.col(_PIECE).is_null(), "no_limit"
    yield nw.col(_N) == 0, "no_data"


def _outputs(_editions: Sequence[Edition], _trace: bool) -> tuple[Column, ...]:
    return (
        words.OUTLET,
        Column("date", "日期", "Beijing day"),
        Column("n_judged", "判定数", "five-minute means judged", "integer"),
        Column("n_marked", "标记数", "means not judged for a mark or condition", "integer"),
        Column("n_due", "应有数", "five-minute means of a day", "integer"),
        Column("n_below", "低于限值次数", "judged means below the limit", "integer"),
        Column("at_least", "炉温限值", "least temperature", "number", words.CELSIUS),
        Column("allowed", "允许次数", "means below it a day allows", "integer"),
        Column("violation", "超出允许次数", "yes or no"),
        words.STATUS,
        words.REASON,
        words.UNVERIFIED,
        words.PROVISIONAL,
        words.CLAUSES,
        words.EDITION,
    )


FURNACE = AcrossRows(
    id="sources.furnace",
    zh="焚烧炉炉温判定",
    en="Five-minute means of the furnace temperature below the limit",
    standard=STANDARD,
    default_edition=DEFAULT,
    inputs=(
        words.OUTLET,
        words.START,
        Column("value", "炉温", "five-minute mean of the furnace", "number", words.CELSIUS),
        Column("mark", "自行标记", "temperature_abnormal or thermocouple_fault: not judged",
               optional=True),
        Column("condition", "工况标记", "any working condition: not judged", optional=True),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding="Values are compared as they are; counts are exact.",
    missing=(
        "A missing mean is not judged and counts for nothing; of two rows for one mean the lower "
        "counts. A day without a judged mean: no_data."
    ),
    params=(Param("limit_set", "限值组", "set with the furnace temperature", SET, str.strip),),
    adds_columns=False,
)  # fmt: skip
