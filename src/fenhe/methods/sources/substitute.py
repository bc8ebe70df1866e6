"""Hours with their substitution beside the measured value, never in its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import narwhals as nw

from fenhe.methods import exact, intake, labels, moments
from fenhe.methods.across import AcrossRows
from fenhe.methods.contract import Call, Column, Param
from fenhe.methods.sources import substitution as sub
from fenhe.methods.sources import words
from fenhe.methods.sources.mass import amount, medium_of, states, water_medians
from fenhe.methods.sources.params import one_of
from fenhe.methods.sources.rules import DEFAULT, STANDARD, WATER
from fenhe.standards import Edition

Frame = nw.LazyFrame[Any]

_P = f"{intake.PRIVATE}substitute_"
_CAPTURE, _USED, _SECOND = (f"{_P}{n}" for n in ("capture", "used", "second"))


def evaluate(frame: Frame, edition: Edition, call: Call) -> Frame:
    """Return one row an outlet, item and hour, holes filled: measured and substituted value.

    Gas (HJ 75) substitutes the hourly emission mass only; water (HJ 356) the mean, of pH the
    median. ``value_used`` is the measured value where it is valid, else the substituted one.
    """
    edition, water = medium_of(edition, call)
    valid, stopped = states(frame)
    hours = sub.prepared(frame, amount("value", call), valid, stopped)
    doubts: list[labels.Piece] = []
    clauses: list[labels.Piece] = []
    made = ~nw.col(sub.MADE).is_null()
    if water:
        hours = sub.water(hours, water_medians(edition), frame)
        hours = hours.with_columns(nw.lit(None, nw.Int64).alias(_CAPTURE))
        for row in edition.table("substitution"):
            mine = made & nw.col("item").is_in(list(row["factors"]))
            clauses.append((mine, row.id))
            doubts += [] if row.firm else [(mine, row.id)]
    else:
        table = sub.GasTable.of(edition)
        hours = sub.gas(hours, table)
        some = nw.when(nw.col(sub.DUE) > 0).then(nw.col(sub.DUE))
        hours = exact.with_half_even(hours, {_CAPTURE: (nw.col(sub.VALID) * 10_000, some)})
        clauses = [(nw.col(sub.RULE) == n, rule.id) for n, rule in enumerate(table.rules)]
        doubts = [
            (nw.col(sub.RULE) == n, rule.id) for n, rule in enumerate(table.rules) if not rule.firm
        ]
        short = made & (nw.col(sub.BEFORE) < nw.col(sub.WINDOW))
        doubts += [(short, table.short_id)] if table.short_doubtful else []
    return _told(hours, edition, doubts, clauses)


def _told(
    hours: Frame, edition: Edition, doubts: list[labels.Piece], clauses: list[labels.Piece]
) -> Frame:
    good, invalid = nw.col(sub.GOOD) == 1, nw.col(sub.INVALID) == 1
    filled = nw.when(invalid).then(nw.col(sub.MADE))
    used = nw.when(good).then(nw.col(sub.VALUE)).otherwise(filled)
    rest = exact.integer(nw.col(sub.HOUR) - exact.floor_div(nw.col(sub.HOUR), 24) * 24)
    hours = hours.with_columns((rest * moments.HOUR).alias(_SECOND))
    settled = good | (nw.col(sub.STOPPED) == 1) | ~filled.is_null()
    hours = hours.with_columns(
        start=moments.text(nw.col(sub.DAY), nw.col(_SECOND)),
        start_unix=moments.unix(nw.col(sub.HOUR) * moments.HOUR),
        value=exact.to_float(nw.col(sub.VALUE), exact.WORKING_SCALE),
        valid=nw.when(good).then(nw.lit("yes")).otherwise(nw.lit("no")),
        stopped=nw.when(nw.col(sub.STOPPED) == 1).then(nw.lit("yes")).otherwise(nw.lit("no")),
        gap_hours=exact.integer(nw.when(invalid).then(nw.col(sub.LENGTH))),
        capture=exact.to_float(nw.col(_CAPTURE), 2),
        window=exact.integer(nw.when(invalid).then(nw.col(sub.WINDOW))),
        n_before=nw.col(sub.BEFORE),
        substituted=exact.to_float(exact.integer(filled), exact.WORKING_SCALE),
        value_used=exact.to_float(exact.integer(used), exact.WORKING_SCALE),
        status=nw.when(settled).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        edition=nw.lit(edition.id),
    )
    pieces = {"reason": list(_reasons()), "unverified": doubts, "clauses": clauses}
    return labels.with_pieces(hours, pieces).sort("outlet", "item", "start")


def _reasons() -> Iterator[labels.Piece]:
    invalid = nw.col(sub.INVALID) == 1
    none = invalid & nw.col(sub.MADE).is_null()
    yield nw.col(sub.STOPPED) == 1, "stopped"
    yield invalid & (nw.col(sub.ROWS) == 0), "absent"
    yield nw.col(sub.ROWS) > 1, "repeated_rows"
    yield none & (nw.col(sub.BEFORE) == 0), "nothing_before"
    yield none & (nw.col(sub.BEFORE) > 0), "not_substituted"


def _outputs(_editions: Sequence[Edition], _trace: bool) -> tuple[Column, ...]:
    unit = "kg, mg/L"
    return (
        words.OUTLET,
        words.ITEM,
        words.START_OUT,
        Column("start_unix", "开始时刻", "the same as Unix seconds", "integer", "s"),
        Column("value", "实测值", "measured value of a valid hour", "number", unit),
        Column("valid", "有效", "yes or no"),
        Column("stopped", "停运", "yes or no"),
        Column("gap_hours", "连续缺失时数", "length of the run of invalid hours", "integer", "h"),
        Column("capture", "季度捕集率", "gas: valid of the quarter's hours due", "number", "%"),
        Column("window", "替代窗口", "valid hours the rule looks back at", "integer", "h"),
        Column("n_before", "此前有效时数", "valid hours there are up to the row", "integer", "h"),
        Column("substituted", "替代值", "value of an invalid hour by the rule", "number", unit),
        Column("value_used", "采用值", "measured where valid, else substituted", "number", unit),
        words.STATUS,
        words.REASON,
        words.UNVERIFIED,
        words.CLAUSES,
        words.EDITION,
    )


SUBSTITUTE = AcrossRows(
    id="sources.substitute",
    zh="缺失数据替代",
    en="Substitution of missing and invalid hours, beside what was measured",
    standard=STANDARD,
    default_edition=DEFAULT,
    also=(WATER,),
    inputs=(
        words.OUTLET,
        words.ITEM,
        words.START,
        Column("value", "数值", "gas: mass of the hour, kg; water: mean, mg/L", "number",
               "kg, mg/L"),
        Column("valid", "有效", "no: the hour is not valid; empty is yes", optional=True),
        Column("condition", "工况标记", "stopped: nothing is due", optional=True),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding="The largest is exact; means and medians half-even at 10^-6; capture to two decimals.",
    missing=(
        "As sources.mass. Hours between two rows that have none are absent and substituted; no "
        "valid hour before: nothing_before; a quarter below 75 % of valid hours: not_substituted."
    ),
    params=(
        Param("medium", "介质", "gas or water (also by edition HJ356-2019)", "gas",
              one_of("medium", ("gas", "water"))),
    ),
    adds_columns=False,
)  # fmt: skip
