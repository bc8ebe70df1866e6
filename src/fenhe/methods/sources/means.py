"""From records to means: which are valid, sums by period, chains of marks, pairs with flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from fenhe.methods import exact, intake, moments
from fenhe.methods.sources.params import Mark

Frame = nw.LazyFrame[Any]

P = f"{intake.PRIVATE}mean_"
ITEM, SLOT, PERIOD, VALUE, USED, VOID = (
    f"{P}{n}" for n in ("item", "slot", "period", "value", "used", "void")
)
SUM, N, ROWS, SLOTS, VOIDS, MEAN, CHAIN, MISSING, BAD = (
    f"{P}{n}" for n in ("sum", "n", "rows", "slots", "voids", "mean", "chain", "missing", "bad")
)
REF, REF_LOW = f"{P}ref", f"{P}ref_low"
WEIGHTED, WEIGHTS, MEASURED, FLOW_USED = (
    f"{P}{n}" for n in ("weighted", "weights", "measured", "flow_used")
)

#: What a period is told by: 1 where valid, and the results at 10^-6.
VALID, DUE, RESULT, O2, ZS, FLOW, VOLUME, MASS = (
    f"{P}{n}" for n in ("valid", "due", "result", "o2", "zs", "flow", "volume", "mass")
)
N_ZS, N_O2, N_FLOW, N_MASS = (f"{P}{n}" for n in ("n_zs", "n_o2", "n_flow", "n_mass"))
SCALE = f"{P}scale"

#: Every column of a period, so that periods of any kind can be told alike.
ALL = (
    SUM, N, ROWS, SLOTS, VOIDS, MEAN, CHAIN, MISSING, BAD, REF, REF_LOW,
    VALID, DUE, RESULT, O2, ZS, FLOW, VOLUME, MASS, N_ZS, WEIGHTED, WEIGHTS, SCALE,
)  # fmt: skip

#: Temperatures and gauge pressures, whose values may lie below zero.
SIGNED = ("a01001", "a01012", "a01013", "w01010")


@dataclass(frozen=True)
class Records:
    """How the rows are to be read: the length of one, the period they make, valid flags."""

    step: int  # seconds one row stands for
    period: int  # seconds
    flags: Sequence[str]
    decimals: int
    marks: Sequence[Mark] = ()

    @property
    def due(self) -> int:
        """How many rows a period holds."""
        return divmod(self.period, self.step)[0]


def prepared(frame: Frame, records: Records) -> Frame:
    """Add item, slot, period, the value if usable, and whether a row is valid or void by a mark.

    A row is void when it has a mark or a flag that is none of the valid ones; a row without
    flag is taken as it is. A negative amount is no value.
    """
    frame = moments.with_second(frame)
    names = frame.collect_schema().names()
    item = exact.text(nw.col("item")).str.strip_chars().str.to_lowercase()
    second = nw.col(moments.SECOND)
    frame = frame.with_columns(
        item.alias(ITEM),
        exact.floor_div(second, records.step).alias(SLOT),
        (exact.floor_div(second, records.period) * records.period).alias(PERIOD),
    )
    value = nw.col(intake.number("value"))
    usable = (value >= 0) | (nw.col(ITEM).is_in(SIGNED) & (value > intake.UNUSABLE_SIGNED))
    frame = frame.with_columns(nw.when(usable).then(value).alias(VALUE))
    void: nw.Expr = nw.lit(value=False)
    if "flag" in names:
        flag = exact.text(nw.col("flag")).str.strip_chars().str.to_uppercase()
        void = void | (~flag.is_null() & (flag != "") & ~flag.is_in(list(records.flags)))
    if "mark" in names:
        mark = exact.text(nw.col("mark")).str.strip_chars()
        void = void | (~mark.is_null() & (mark != ""))
    for one in records.marks:
        inside = (nw.col("outlet") == one.outlet) & (second >= one.first) & (second < one.end)
        void = void | (inside if one.item is None else inside & (nw.col(ITEM) == one.item))
    frame = frame.with_columns(exact.integer(void.fill_null(value=False)).alias(VOID))
    used = nw.when(nw.col(VOID) == 0).then(nw.col(VALUE))
    return frame.with_columns(used.alias(USED))


def counted(frame: Frame, call_decimals: Mapping[str, int]) -> Frame:
    """Return one row an outlet, item and period: sum and number of valid rows, and the others."""
    bad = ~nw.col(intake.number("value")).is_null() & nw.col(VALUE).is_null()
    given = nw.col(intake.number("o2_ref"))
    reference = _at_work(nw.when(given >= 0).then(given), call_decimals["o2_ref"])
    frame = frame.with_columns(
        exact.integer(~nw.col(USED).is_null()).alias(N),
        exact.integer(bad).alias(BAD),
        exact.integer(nw.col(intake.number("value")).is_null()).alias(MISSING),
        nw.lit(1, nw.Int64).alias(ROWS),
        nw.col(SLOT).alias(SLOTS),
        nw.col(VOID).alias(VOIDS),
        nw.col(USED).alias(SUM),
        reference.alias(REF),
        reference.alias(REF_LOW),
    )
    pairs = [c for c in (WEIGHTED, WEIGHTS) if c in frame.collect_schema()]
    most = [REF, *([MEASURED] if pairs else [])]
    sums = (SUM, N, BAD, MISSING, ROWS, VOIDS, *pairs)
    frame = frame.group_by("outlet", ITEM, PERIOD).agg(
        *(nw.col(c).sum() for c in sums),
        nw.col(SLOTS).n_unique(),
        *(nw.col(c).max() for c in most),
        nw.col(REF_LOW).min(),
    )
    frame = summed(frame, sums)
    return frame.with_columns(exact.integer(nw.col(c)).alias(c) for c in (SLOTS, *most, REF_LOW))


def summed(frame: Frame, columns: Sequence[str]) -> Frame:
    """Return the frame with sums as integers: 0 of nothing, which engines tell differently."""
    return frame.with_columns(
        exact.guarded(exact.integer(nw.col(c)).fill_null(0)).alias(c) for c in columns
    )


def _at_work(value: nw.Expr, decimals: int) -> nw.Expr:
    """Return small numbers at 10^-6."""
    if decimals <= exact.WORKING_SCALE:
        return exact.lifted(value, decimals, exact.WORKING_SCALE)
    return exact.div_half_even(value, exact.power10(decimals - exact.WORKING_SCALE))


def repeated() -> nw.Expr:
    """Say whether two rows of a period stand for one slot."""
    return nw.col(ROWS) != nw.col(SLOTS)


def filled(frame: Frame) -> Frame:
    """Return the frame with every column of a period, null where it has none, in one order."""
    have = frame.collect_schema().names()
    empty = [exact.integer(nw.lit(None)).alias(name) for name in ALL if name not in have]
    frame = frame.with_columns(empty) if empty else frame
    return frame.select("outlet", ITEM, PERIOD, *(exact.integer(nw.col(c)).alias(c) for c in ALL))


def with_mean(frame: Frame, decimals: int) -> Frame:
    """Add the arithmetic mean at 10^-6, null of nothing."""
    work = exact.WORKING_SCALE
    up = exact.power10(max(work - decimals, 0))
    down = exact.power10(max(decimals - work, 0))
    some = nw.when(nw.col(N) > 0).then(nw.col(N) * down)
    return exact.with_scaled(frame, {MEAN: (nw.col(SUM), nw.lit(up, nw.Int64), some)})


def chains(frame: Frame, records: Records) -> Frame:
    """Return the longest chain of void rows, in seconds, that touches each period.

    Void rows next to one another make one chain, whatever their kinds; it counts with its
    whole length in each period it touches.
    """
    void = frame.filter(nw.col(VOID) == 1).select("outlet", ITEM, PERIOD, SLOT).unique()
    by, before, run = ("outlet", ITEM), f"{P}before", f"{P}run"
    void = void.with_columns(nw.col(SLOT).shift(1).over(*by, order_by=SLOT).alias(before))
    new = nw.col(before).is_null() | (nw.col(SLOT) - nw.col(before) > 1)
    void = void.with_columns(exact.integer(new).alias(run))
    number = nw.col(run).cum_sum().over(*by, order_by=SLOT)
    void = void.with_columns(exact.integer(number).alias(run), nw.lit(1, nw.Int64).alias(CHAIN))
    length = exact.integer(nw.col(CHAIN).sum().over(*by, run)) * records.step
    void = void.with_columns(exact.integer(length).alias(CHAIN))
    longest = void.group_by("outlet", ITEM, PERIOD).agg(nw.col(CHAIN).max())
    return longest.with_columns(exact.integer(nw.col(CHAIN)).alias(CHAIN))


def with_pairs(frame: Frame, flow_item: str) -> Frame:
    """Add value · flow, the flow and whether a row has both: what a weighted mean is made of.

    Flow rows stand beside the others at the same slot. A window tells it, not a join: joins of
    a frame with itself cost engines that plan from text several times as much.
    """
    flow = nw.when(nw.col(ITEM) == flow_item).then(nw.col(USED))
    frame = frame.with_columns(exact.integer(flow).alias(FLOW_USED))
    beside_it = exact.integer(nw.col(FLOW_USED).max().over("outlet", SLOT))
    measured = exact.integer((nw.col(ITEM) == flow_item).fill_null(value=False))
    frame = frame.with_columns(beside_it.alias(FLOW_USED), measured.alias(MEASURED))
    seen = exact.integer(nw.col(MEASURED).max().over("outlet", PERIOD))
    both = ~nw.col(USED).is_null() & ~nw.col(FLOW_USED).is_null()
    product = exact.guarded(nw.col(USED) * nw.col(FLOW_USED))
    return frame.with_columns(
        nw.when(both).then(product).alias(WEIGHTED),
        nw.when(both).then(nw.col(FLOW_USED)).alias(WEIGHTS),
        seen.alias(MEASURED),
    )


def with_beside(frame: Frame, made: Mapping[str, tuple[str, str]]) -> Frame:
    """Add columns of other items of the same outlet and period: name -> (item, column)."""
    frame = frame.with_columns(
        exact.integer(nw.when(nw.col(ITEM) == item).then(nw.col(column))).alias(name)
        for name, (item, column) in made.items()
    )
    return frame.with_columns(
        exact.integer(nw.col(name).max().over("outlet", PERIOD)).alias(name) for name in made
    )
