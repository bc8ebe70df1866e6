"""Substitution of missing and invalid hours: gas by HJ 75, water by HJ 356."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import narwhals as nw

from fenhe.base.errors import BadInput
from fenhe.methods import calendar, exact, intake, moments, runs
from fenhe.methods.sources import grid
from fenhe.standards import Edition

Frame = nw.LazyFrame[Any]

P = f"{intake.PRIVATE}sub_"
KEY, HOUR, DAY, QUARTER, VALUE, GOOD, INVALID, STOPPED, ROWS = (
    f"{P}{n}"
    for n in ("key", "hour", "day", "quarter", "value", "good", "invalid", "stopped", "rows")
)
RUN, LENGTH, BEFORE, DUE, VALID, RULE, MADE, WINDOW, TAKEN, SEEN = (
    f"{P}{n}"
    for n in ("run", "length", "before", "due", "valid", "rule", "made", "window", "taken", "seen")
)
_S, _LOW, _NTH, _GAP = (f"{P}{n}" for n in ("sum", "low", "nth", "gap"))


@dataclass(frozen=True)
class GasRule:
    """One row of the table: for which share of valid hours and gap, and the window."""

    id: str
    capture_from: Decimal
    capture_below: Decimal | None
    hours_from: int
    hours_to: int | None
    window: int | None  # None: nothing is substituted
    firm: bool


@dataclass(frozen=True)
class GasTable:
    """The table of an HJ 75 edition, and what is done where a window is short."""

    edition: str
    rules: tuple[GasRule, ...]
    short_id: str
    short_doubtful: bool

    @classmethod
    @lru_cache(maxsize=16)
    def of(cls, edition: Edition) -> GasTable:
        """Return the table of an edition; ``BadInput`` for a rule not known here."""
        short = edition.value("substitute_short_window")
        if short.text != "what_there_is":
            raise BadInput(f"{short.id} is not 'what_there_is'")
        rules = []
        for row in edition.table("substitution"):
            if row["statistic"] not in ("max", "none"):
                raise BadInput(f"{row.id} is neither max nor none")
            rules.append(
                GasRule(
                    id=row.id,
                    capture_from=row["capture_from"],
                    capture_below=row["capture_below"],
                    hours_from=row["hours_from"] or 1,
                    hours_to=row["hours_to"],
                    window=row["window"] if row["statistic"] == "max" else None,
                    firm=row.firm,
                )
            )
        return cls(edition.id, tuple(rules), short.id, not short.firm)


def prepared(frame: Frame, value: nw.Expr, usable: nw.Expr, stopped: nw.Expr) -> Frame:
    """Return one row an hour, holes filled: its value, and whether it is good, stopped, invalid.

    ``frame`` has ``outlet``, ``item`` and starts; two rows of one hour are no value.
    """
    base, frame = frame, moments.with_second(frame)
    item = exact.text(nw.col("item")).str.strip_chars().str.to_lowercase()
    frame = frame.with_columns(
        item.alias("item"),
        exact.floor_div(nw.col(moments.SECOND), moments.HOUR).alias(HOUR),
        nw.when(usable & ~stopped).then(value).alias(VALUE),
        exact.integer(stopped).alias(STOPPED),
        nw.lit(1, nw.Int64).alias(ROWS),
    )
    frame = frame.group_by("outlet", "item", HOUR).agg(
        nw.col(VALUE).max(), nw.col(STOPPED).max(), nw.col(ROWS).sum()
    )
    key = nw.concat_str(exact.text(nw.col("outlet")), nw.col("item"), separator="|")
    once = nw.when(exact.integer(nw.col(ROWS)) == 1).then(exact.integer(nw.col(VALUE)))
    frame = frame.with_columns(
        key.alias(KEY),
        once.alias(VALUE),
        exact.integer(nw.col(STOPPED)).alias(STOPPED),
        exact.integer(nw.col(ROWS)).alias(ROWS),
    )
    zero = nw.lit(0, nw.Int64)
    empty = {VALUE: nw.lit(None, nw.Int64), STOPPED: zero, ROWS: zero}
    return _with_gaps(grid.with_absent(frame, KEY, HOUR, empty, base))


def _with_gaps(frame: Frame) -> Frame:
    """Add day and quarter, the length of the gap an hour lies in, and the good hours before."""
    good = ~nw.col(VALUE).is_null()
    frame = frame.with_columns(
        exact.integer(good).alias(GOOD),
        exact.integer(~good & (nw.col(STOPPED) == 0)).alias(INVALID),
        exact.floor_div(nw.col(HOUR), 24).alias(DAY),
    )
    frame = calendar.with_day(frame, DAY, DAY)
    frame = frame.with_columns(calendar.start_of(nw.col(DAY), "quarter").alias(QUARTER))
    frame = runs.with_runs(frame, INVALID, HOUR, by=KEY, run=RUN)
    before = exact.integer(nw.col(GOOD).cum_sum().over(KEY, order_by=HOUR))
    return frame.with_columns(
        runs.within(nw.col(INVALID).sum(), KEY, RUN).alias(LENGTH), before.alias(BEFORE)
    )


def gas(frame: Frame, table: GasTable) -> Frame:
    """Add the value substituted for each invalid hour, the rule by number, and the window.

    The share of valid hours is that of the calendar quarter among its hours not stopped, as far
    as there are rows; a gap is a run of invalid hours, "before" the last good hour before it.
    """
    due = 1 - nw.col(STOPPED)
    frame = frame.with_columns(due.alias(DUE), nw.col(GOOD).alias(VALID))
    frame = frame.with_columns(
        exact.integer(nw.col(c).sum().over(KEY, QUARTER)).alias(c) for c in (DUE, VALID)
    )
    windows = sorted({rule.window for rule in table.rules if rule.window})
    frame = _with_largest(frame, windows)
    chosen: nw.Expr = nw.lit(None, nw.Int64)
    made: nw.Expr = nw.lit(None, nw.Int64)
    window: nw.Expr = nw.lit(None, nw.Int64)
    for number, rule in enumerate(table.rules):
        mine = (nw.col(INVALID) == 1) & _applies(rule)
        chosen = nw.when(mine).then(nw.lit(number, nw.Int64)).otherwise(chosen)
        if rule.window is not None:
            made = nw.when(mine).then(nw.col(f"{P}max{rule.window}")).otherwise(made)
            window = nw.when(mine).then(nw.lit(rule.window, nw.Int64)).otherwise(window)
    return frame.with_columns(chosen.alias(RULE), made.alias(MADE), window.alias(WINDOW))


def _applies(rule: GasRule) -> nw.Expr:
    valid = nw.col(VALID) * 10_000
    mine = valid >= nw.col(DUE) * exact.scaled(rule.capture_from, 2)
    if rule.capture_below is not None:
        mine = mine & (valid < nw.col(DUE) * exact.scaled(rule.capture_below, 2))
    mine = mine & (nw.col(LENGTH) >= rule.hours_from)
    return mine if rule.hours_to is None else mine & (nw.col(LENGTH) <= rule.hours_to)


def _with_largest(frame: Frame, windows: list[int]) -> Frame:
    """Add the largest of the last ``w`` good values up to each row, or of all there are.

    Values are cut into blocks of w; the largest of a window is the larger of the largest so
    far in its last block and the largest from its first value on in the block before.
    """
    good = frame.filter(nw.col(GOOD) == 1).select(KEY, BEFORE, nw.col(VALUE))
    for w in windows:
        block, so_far, rest, name = (f"{P}{n}{w}" for n in ("block", "far", "rest", "max"))
        good = good.with_columns(exact.floor_div(nw.col(BEFORE) - 1, w).alias(block))
        good = good.with_columns(
            nw.col(VALUE).cum_max().over(KEY, block, order_by=BEFORE).alias(so_far),
            nw.col(VALUE).cum_max(reverse=True).over(KEY, block, order_by=BEFORE).alias(rest),
        )
        good = good.with_columns(nw.col(rest).shift(w - 1).over(KEY, order_by=BEFORE).alias(rest))
        larger = nw.when(nw.col(rest) > nw.col(so_far)).then(nw.col(rest)).otherwise(nw.col(so_far))
        good = good.with_columns(exact.integer(larger).alias(name))
    names = [f"{P}max{w}" for w in windows]
    return frame.join(good.select(KEY, BEFORE, *names), on=[KEY, BEFORE], how="left")


def water(frame: Frame, medians: tuple[str, ...], base: Frame) -> Frame:
    """Add the mean of as many good values before a gap as the gap has hours; pH the median.

    Where there are fewer good values before, those there are. ``medians`` are the factors the
    median is taken of; ``base`` is a frame beside it that costs little to read.
    """
    work = nw.col(BEFORE)
    window = nw.when(nw.col(LENGTH) < work).then(nw.col(LENGTH)).otherwise(work)
    frame = frame.with_columns(
        exact.integer(nw.when(nw.col(INVALID) == 1).then(window)).alias(TAKEN),
        exact.integer(nw.col(VALUE).fill_null(0).cum_sum().over(KEY, order_by=HOUR)).alias(_S),
    )
    frame = frame.with_columns((work - nw.col(TAKEN)).alias(_LOW))
    good = frame.filter(nw.col(GOOD) == 1)
    sums = good.select(KEY, nw.col(BEFORE).alias(_LOW), nw.col(_S).alias(SEEN))
    frame = frame.join(sums, on=[KEY, _LOW], how="left")
    some = nw.when(nw.col(TAKEN) > 0).then(nw.col(TAKEN))
    total = nw.col(_S) - nw.col(SEEN).fill_null(0)
    frame = exact.with_half_even(frame, {MADE: (exact.guarded(total), some)})
    frame = frame.with_columns(exact.integer(nw.col(MADE)).alias(MADE))
    is_median = nw.col("item").is_in(list(medians))
    longest = 0
    if medians:
        taken = frame.filter(is_median).select(nw.col(TAKEN).max()).collect()[TAKEN].to_list()[0]
        longest = int(taken or 0)
    if longest:
        middle = _medians(frame, good, medians, grid.numbers(base, longest))
        frame = frame.join(middle, on=[KEY, BEFORE, TAKEN], how="left")
        made = nw.when(is_median).then(nw.col(f"{P}median")).otherwise(nw.col(MADE))
        frame = frame.with_columns(exact.integer(made).alias(MADE))
    return frame.with_columns(nw.col(LENGTH).alias(WINDOW))


def _medians(frame: Frame, good: Frame, items: tuple[str, ...], numbers: Frame) -> Frame:
    """Return the median of the last good values before each gap, by key, place and number."""
    some = (nw.col(TAKEN) > 0) & nw.col("item").is_in(list(items))
    gaps = frame.filter(some).select(KEY, BEFORE, TAKEN).unique()
    spread = gaps.join(numbers, how="cross")
    spread = spread.filter(nw.col(grid.NUMBER) < nw.col(TAKEN))
    spread = spread.with_columns((nw.col(BEFORE) - nw.col(grid.NUMBER)).alias(_GAP))
    values = good.select(KEY, nw.col(BEFORE).alias(_GAP), nw.col(VALUE))
    spread = spread.join(values, on=[KEY, _GAP], how="inner")
    spread = spread.with_columns(nw.lit(1, nw.Int64).alias(_NTH))
    place = nw.col(_NTH).cum_sum().over(KEY, BEFORE, TAKEN, order_by=[VALUE, _GAP])
    spread = spread.with_columns(exact.integer(place).alias(_NTH))
    lower = exact.floor_div(nw.col(TAKEN) + 1, 2)
    upper = exact.floor_div(nw.col(TAKEN), 2) + 1
    twice = exact.integer(nw.col(_NTH) == lower) + exact.integer(nw.col(_NTH) == upper)
    spread = spread.with_columns((nw.col(VALUE) * twice).alias(f"{P}median"))
    spread = spread.group_by(KEY, BEFORE, TAKEN).agg(nw.col(f"{P}median").sum())
    both = exact.integer(nw.col(f"{P}median"))
    return exact.with_half_even(spread, {f"{P}median": (both, 2)}).select(
        KEY, BEFORE, TAKEN, f"{P}median"
    )
