"""Transmission, validity and effective rate of outlets, with what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import narwhals as nw

from fenhe.base.errors import BadInput
from fenhe.methods import calendar, exact, intake, labels, moments
from fenhe.methods.across import AcrossRows
from fenhe.methods.contract import Call, Column, Param
from fenhe.methods.sources import words
from fenhe.methods.sources.judging import STOPPED
from fenhe.methods.sources.params import one_of, whole
from fenhe.standards import Edition

Frame = nw.LazyFrame[Any]

STANDARD, DEFAULT = "TRANSMISSION", "TRANSMISSION-2026"
APPROVED, CHECK = "approved", "standard_check"
PERIODS = ("hour", *calendar.PERIODS)

_P = f"{intake.PRIVATE}rate_"
_SLOT, _DAY, _DATE, _PERIOD, _END, _DAYS, _SECOND = (
    f"{_P}{n}" for n in ("slot", "day", "date", "period", "end", "days", "second")
)
_GOT, _VALID, _LATE, _OUT, _CHECKED, _APPROVED, _ROWS, _CLOSED, _ARRIVED = (
    f"{_P}{n}"
    for n in ("got", "valid", "late", "out", "checked", "approved", "rows", "closed", "arrived")
)
_DUE, _DUE_VALID, _RATE_T, _RATE_V, _RATE_E, _ITEM = (
    f"{_P}{n}" for n in ("due", "due_valid", "rate_t", "rate_v", "rate_e", "item")
)


@dataclass(frozen=True)
class Rules:
    """What counts, and the ids of what is not firm."""

    edition: str
    late_days: int
    late_id: str
    check_hours: int
    check_items: tuple[str, ...]
    approved_id: str
    target: Decimal
    target_id: str
    decimals: int

    @classmethod
    @lru_cache(maxsize=16)
    def of(cls, edition: Edition) -> Rules:
        """Return the rules of an edition; ``BadInput`` for a rule not known here."""
        known = {
            "effective": "transmission_times_validity",
            "stopped_hours": "not_due",
            "approved_hours": "not_due",
        }
        for name, text in known.items():
            if edition.value(name).text != text:
                raise BadInput(f"{edition.value(name).id} is not '{text}'")

        def doubtful(name: str) -> str:
            value = edition.value(name)
            return "" if value.firm else value.id

        return cls(
            edition=edition.id,
            late_days=edition.value("late_days").integer,
            late_id=doubtful("late_days"),
            check_hours=edition.value("check_hours").integer,
            check_items=tuple(edition.value("check_items").value),
            approved_id=doubtful("approved_hours"),
            target=edition.value("target").number,
            target_id=doubtful("target"),
            decimals=edition.value("decimals").integer,
        )


def evaluate(frame: Frame, edition: Edition, call: Call) -> Frame:
    """Return one row an outlet, item and period: records due, received and valid, and the rates.

    Due are the records of the whole period without those of stopped or approved ones; of the
    valid ones also without the hour a day of a standard-sample check of water.
    """
    rules = Rules.of(edition)
    step = call.params["step"] or moments.HOUR
    if moments.HOUR % step:
        raise BadInput(f"step: {step} seconds do not divide an hour")
    period = call.params["period"]
    slots = _slots(_rows(frame, rules, call, step))
    if call.params["by"] == "outlet":
        slots = slots.with_columns(nw.lit("*").alias("item"))
    table = _counted(slots, rules, period, step)
    return _told(_rated(table, rules), rules, period)


def _rows(frame: Frame, rules: Rules, call: Call, step: int) -> Frame:
    """Add of each row whether it was received in time, is valid, is not due or a check."""
    frame = moments.with_second(frame)
    names = frame.collect_schema().names()
    value = nw.col(intake.number("value"))
    there = ~value.is_null() & (value > intake.UNUSABLE_SIGNED)
    frame = frame.with_columns(
        exact.text(nw.col("item")).str.strip_chars().str.to_lowercase().alias(_ITEM),
        exact.floor_div(nw.col(moments.SECOND), step).alias(_SLOT),
        exact.floor_div(nw.col(moments.SECOND), moments.DAY).alias(_DAY),
    )
    late: nw.Expr = nw.lit(value=False)
    closed: nw.Expr = nw.lit(value=False)
    if "arrived" in names or "arrived_unix" in names:
        days = rules.late_days if call.params["late_days"] is None else call.params["late_days"]
        frame = moments.with_moment(frame, "arrived", _ARRIVED)
        ends = (nw.col(_DAY) + 1) * moments.DAY
        late = (nw.col(_ARRIVED) >= ends).fill_null(value=False)
        closed = (nw.col(_ARRIVED) >= ends + days * moments.DAY).fill_null(value=False)
    got = there & ~closed
    valid = got & ~_says(names, "valid", words.NO)
    valid = valid & ~(~_empty(names, "flag") & ~_says(names, "flag", ("n",)))
    whole = {
        _GOT: got,
        _VALID: valid,
        _LATE: there & late,
        _CLOSED: there & closed,
        _OUT: _says(names, "condition", (STOPPED, APPROVED)),
        _APPROVED: _says(names, "condition", (APPROVED,)),
        _CHECKED: _says(names, "condition", (CHECK,)) & nw.col(_ITEM).is_in(rules.check_items),
    }
    return frame.with_columns(
        exact.integer(e.fill_null(value=False)).alias(name) for name, e in whole.items()
    )


def _says(names: Sequence[str], column: str, texts: Sequence[str]) -> nw.Expr:
    if column not in names:
        return nw.lit(value=False)
    text = exact.text(nw.col(column)).str.strip_chars().str.to_lowercase()
    return text.is_in(list(texts)).fill_null(value=False)


def _empty(names: Sequence[str], column: str) -> nw.Expr:
    if column not in names:
        return nw.lit(value=True)
    text = exact.text(nw.col(column)).str.strip_chars()
    return text.is_null() | (text == "")


_WHILE_RUNNING = (_GOT, _VALID, _LATE, _CLOSED, _CHECKED)
_FLAGS = (*_WHILE_RUNNING, _OUT, _APPROVED)


def _slots(rows: Frame) -> Frame:
    """Return one row a slot: a record that came twice counts once."""
    slots = rows.group_by("outlet", _ITEM, _SLOT, _DAY).agg(nw.col(c).max() for c in _FLAGS)
    return slots.select(
        "outlet", nw.col(_ITEM).alias("item"), _SLOT, _DAY,
        nw.lit(1, nw.Int64).alias(_ROWS), *(exact.integer(nw.col(c)).alias(c) for c in _FLAGS),
    )  # fmt: skip


def _counted(slots: Frame, rules: Rules, period: str, step: int) -> Frame:
    """Sum the slots by outlet, item and period; a stopped slot counts for nothing."""
    running = nw.col(_OUT) == 0
    per_hour = divmod(moments.HOUR, step)[0]
    hour = exact.floor_div(nw.col(_SLOT), per_hour)
    slots = calendar.with_day(slots, _DAY, _DATE)
    begins = hour if period == "hour" else calendar.start_of(nw.col(_DATE), period)
    slots = slots.with_columns(
        exact.integer(begins).alias(_PERIOD),
        *(nw.when(running).then(nw.col(c)).otherwise(0).alias(c) for c in _WHILE_RUNNING),
    )
    # of the checks of one day only so many hours leave the records due
    most = rules.check_hours * per_hour
    days = slots.group_by("outlet", "item", _PERIOD, _DAY).agg(
        *(nw.col(c).sum() for c in (*_FLAGS, _ROWS))
    )
    days = days.with_columns(exact.integer(nw.col(c)).alias(c) for c in (*_FLAGS, _ROWS))
    some = nw.when(nw.col(_CHECKED) > most).then(most).otherwise(nw.col(_CHECKED))
    days = days.with_columns(exact.integer(some).alias(_CHECKED))
    table = days.group_by("outlet", "item", _PERIOD).agg(
        *(nw.col(c).sum() for c in (*_FLAGS, _ROWS))
    )
    table = table.with_columns(exact.integer(nw.col(c)).alias(c) for c in (*_FLAGS, _ROWS))
    if period == "hour":
        slots_due: nw.Expr = nw.lit(per_hour, nw.Int64)
    else:
        table = calendar.with_end(table, _PERIOD, period, _END, _DAYS)
        slots_due = nw.col(_DAYS) * 24 * per_hour
    return table.with_columns(exact.integer(slots_due).alias(_DUE))


def _rated(table: Frame, rules: Rules) -> Frame:
    table = table.with_columns((nw.col(_DUE) - nw.col(_OUT)).alias(_DUE))
    table = table.with_columns((nw.col(_DUE) - nw.col(_CHECKED)).alias(_DUE_VALID))
    due, due_valid = (nw.when(nw.col(c) > 0).then(nw.col(c)) for c in (_DUE, _DUE_VALID))
    # a record of a check hour may have been valid all the same: no rate passes 100 %
    valid = nw.when(nw.col(_VALID) > nw.col(_DUE_VALID)).then(nw.col(_DUE_VALID))
    table = table.with_columns(exact.integer(valid.otherwise(nw.col(_VALID))).alias(_VALID))
    percent = nw.lit(100 * exact.power10(rules.decimals), nw.Int64)
    both = exact.guarded(nw.col(_GOT) * nw.col(_VALID))
    return exact.with_scaled(
        table,
        {
            _RATE_T: (nw.col(_GOT), percent, due),
            _RATE_V: (nw.col(_VALID), percent, due_valid),
            _RATE_E: (both, percent, due * due_valid),
        },
    )


def _told(table: Frame, rules: Rules, period: str) -> Frame:
    if period == "hour":
        day = exact.floor_div(nw.col(_PERIOD), 24)
        table = table.with_columns(
            exact.integer((nw.col(_PERIOD) - day * 24) * moments.HOUR).alias(_SECOND),
            day.alias(_DAY),
        )
        table = calendar.with_day(table, _DAY, _DAY)
        start = moments.text(nw.col(_DAY), nw.col(_SECOND))
    else:
        start = calendar.text(nw.col(_PERIOD))
    rated = ~nw.col(_RATE_E).is_null()
    places = rules.decimals
    enough = nw.col(_GOT) * nw.col(_VALID) * 100 >= nw.col(_DUE) * nw.col(_DUE_VALID) * int(
        rules.target
    )
    table = table.with_columns(
        start=start,
        n_due=nw.col(_DUE),
        n_received=nw.col(_GOT),
        n_due_valid=nw.col(_DUE_VALID),
        n_valid=nw.col(_VALID),
        n_stopped=nw.col(_OUT),
        n_checked=nw.col(_CHECKED),
        n_late=nw.col(_LATE),
        n_too_late=nw.col(_CLOSED),
        transmission=exact.to_float(nw.col(_RATE_T), places),
        validity=exact.to_float(nw.col(_RATE_V), places),
        effective=exact.to_float(nw.col(_RATE_E), places),
        meets_target=nw.when(rated & enough).then(nw.lit("yes")).when(rated).then(nw.lit("no")),
        status=nw.when(rated).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        provisional=nw.when(rated).then(nw.lit("yes" if rules.target_id else "no")),
        edition=nw.lit(rules.edition),
    )
    doubts = [
        (rated, rules.target_id),
        (rated & (nw.col(_LATE) > 0), rules.late_id),
        (rated & (nw.col(_APPROVED) > 0), rules.approved_id),
    ]
    clauses = [
        (rated, f"{rules.edition}/effective"),
        (rated & (nw.col(_OUT) > 0), f"{rules.edition}/stopped_hours"),
        (rated & (nw.col(_CHECKED) > 0), f"{rules.edition}/check_hours"),
    ]
    pieces: dict[str, list[labels.Piece]] = {
        "reason": list(_reasons()),
        "unverified": [(condition, name) for condition, name in doubts if name],
        "clauses": clauses,
    }
    return labels.with_pieces(table, pieces).sort("outlet", "item", "start")


def _reasons() -> Iterator[labels.Piece]:
    yield nw.col(_DUE) <= 0, "nothing_due"
    yield (nw.col(_DUE) > 0) & (nw.col(_DUE_VALID) <= 0), "nothing_due_valid"


def _outputs(_editions: Sequence[Edition], _trace: bool) -> tuple[Column, ...]:
    return (
        words.OUTLET,
        Column("item", "因子", "factor code; * for all of the outlet together"),
        Column("start", "开始时间", "start of the period, Beijing time"),
        Column("n_due", "应传数据数", "records due, without stopped ones", "integer"),
        Column("n_received", "实传数据数", "records received in time", "integer"),
        Column("n_due_valid", "应有效数据数", "due for validity: without checks", "integer"),
        Column("n_valid", "有效数据数", "valid records among those received", "integer"),
        Column("n_stopped", "停运数据数", "records of stopped or approved times", "integer"),
        Column("n_checked", "标样核查数据数", "records of checks taken out", "integer"),
        Column("n_late", "补传数据数", "records that came after their day", "integer"),
        Column("n_too_late", "逾期数据数", "of these, too late to count", "integer"),
        Column("transmission", "传输率", "n_received in n_due", "number", "%"),
        Column("validity", "有效率", "n_valid in n_due_valid", "number", "%"),
        Column("effective", "有效传输率", "product of the two", "number", "%"),
        Column("meets_target", "达到要求", "whether the effective rate meets the target"),
        words.STATUS,
        words.REASON,
        words.UNVERIFIED,
        words.PROVISIONAL,
        words.CLAUSES,
        words.EDITION,
    )


def _days(name: str) -> Callable[[str], int | None]:
    read = whole(name, 400)
    return lambda text: 0 if text.strip() == "0" else read(text)


TRANSMISSION_RATE = AcrossRows(
    id="sources.transmission_rate",
    zh="有效传输率",
    en="Transmission, validity and effective rate of automatic monitoring data",
    standard=STANDARD,
    default_edition=DEFAULT,
    inputs=(
        words.OUTLET,
        words.ITEM,
        words.START,
        Column("value", "数值", "empty: not received", "number", words.MG, signed=True),
        Column("valid", "有效", "no: not valid; empty is yes", optional=True),
        Column("flag", "数据标记", "letter of HJ 212; another than N is not valid", optional=True),
        Column("condition", "工况标记", "stopped, approved, or standard_check", optional=True),
        Column("arrived", "到达时间", "when the record came, Beijing time (or arrived_unix)",
               optional=True),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding=(
        "Counts are exact; each rate is one division rounded half-even to two decimals, the "
        "effective rate from the counts, not from the rounded rates."
    ),
    missing=(
        "A record without a row was not received. Due are all records of a period, in which an "
        "outlet and item has a row, less those marked stopped or approved. A check with a "
        "standard sample takes one hour a day from the records due for validity (CODCr, NH3-N, "
        "TP, TN). A record that came after the closing day (late_days after its day) was not "
        "received. All stopped: nothing_due."
    ),
    params=(
        Param("period", "统计时段", "hour, day, month, quarter or year", "day",
              one_of("period", PERIODS)),
        Param("step", "记录间隔（秒）", "seconds a record stands for", "3600",
              whole("step", moments.HOUR)),
        Param("by", "统计对象", "item, or outlet: all items together", "item",
              one_of("by", ("item", "outlet"))),
        Param("late_days", "补传期限（天）", "instead of the edition's", "", _days("late_days")),
    ),
    adds_columns=False,
)  # fmt: skip
