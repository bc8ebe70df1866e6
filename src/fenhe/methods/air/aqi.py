"""AQI of an hour and of a day: IAQI, missing-item rules, primary pollutants, what is unverified.

The frame carries, for each item, one column of exact integers (``intake.number(item)``):
null is missing, a negative number is a value that can not be a concentration.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

import narwhals as nw

from fenhe.methods import exact, intake, labels
from fenhe.methods.air import index, lookup
from fenhe.methods.air.rules import AqiRules, ItemRule

JUDGED, NOT_PUBLISHED, NOT_JUDGED = "judged", "not_published", "not_judged"

#: Columns every index result ends with, after one ``iaqi_<item>`` per item.
VERDICT = (
    "aqi",
    "aqi_of_available",
    "primary",
    "category",
    "status",
    "reason",
    "unverified",
    "edition",
)


@dataclass(frozen=True)
class Job:
    """One edition's index over one set of items."""

    rules: AqiRules
    items: Mapping[str, str]  # column -> key of the item rule
    decimals: Mapping[str, int]  # of the integer columns
    exempt: Collection[str]  # items whose absence has no effect (HJ 633-2026, 5.3.2)

    def rule(self, column: str) -> ItemRule:
        """Return the rule of one column."""
        return self.rules.items[self.items[column]]

    @property
    def reread(self) -> tuple[str, ...]:
        """Columns with more decimals than the rule rounds to, where rounding is unverified."""
        if self.rules.rounding_unverified is None:
            return ()
        return tuple(c for c in self.items if self.decimals[c] > self.rule(c).scale)


def conc(column: str) -> nw.Expr:
    """Return the exact integer of a usable concentration, null otherwise."""
    value = nw.col(intake.number(column))
    return nw.when(value >= 0).then(value)


def compute(frame: nw.LazyFrame[Any], job: Job, *, trace: bool = False) -> nw.LazyFrame[Any]:
    """Return the frame with the index columns of one edition added (and its trace, if asked).

    Adds ``iaqi_<item>`` and the columns of ``VERDICT``. Concentrations are rounded
    half-even to the edition's decimals first, IAQI rounds up (2012: 6.2; 2026: 4.2.6).
    """
    frame = exact.with_rescaled(
        frame, {_r(c): (conc(c), job.decimals[c], job.rule(c).scale) for c in job.items}
    )
    frame = lookup.with_iaqi(frame, {f"iaqi_{c}": (_r(c), job.rule(c)) for c in job.items})
    frame = _with_alternative(_with_index(frame, job), job)
    frame = frame.with_columns(_published(job))
    frame = _with_texts(frame, job)
    if trace:
        frame = frame.with_columns(_trace(job))
    return frame


_PRIVATE = f"{intake.PRIVATE}aqi_"
_TOP, _NONE, _DIFFERS = f"{_PRIVATE}top", f"{_PRIVATE}none", f"{_PRIVATE}differs"


def _r(column: str) -> str:
    return f"{_PRIVATE}rounded_{column}"


def _with_index(frame: nw.LazyFrame[Any], job: Job) -> nw.LazyFrame[Any]:
    names = [f"iaqi_{c}" for c in job.items]
    available = exact.small(nw.max_horizontal(*names))

    frame = frame.with_columns(aqi_of_available=available)
    at_top = labels.mask([nw.col(n) == nw.col("aqi_of_available") for n in names])
    return frame.with_columns(at_top.alias(_TOP))


def _gone(column: str) -> nw.Expr:
    """Missing or unusable: there is no number to score."""
    value = nw.col(intake.number(column))
    return value.is_null() | (value < 0)


def _with_alternative(frame: nw.LazyFrame[Any], job: Job) -> nw.LazyFrame[Any]:
    """Add whether the other reading, unrounded concentrations, gives another verdict."""
    if not job.reread:
        return frame
    alternative = {
        f"{_PRIVATE}alt_{c}": (f"{_PRIVATE}conc_{c}", job.rule(c).at(job.decimals[c]))
        for c in job.reread
    }
    frame = frame.with_columns(conc(c).alias(f"{_PRIVATE}conc_{c}") for c in job.reread)
    frame = lookup.with_iaqi(frame, alternative)
    names = [f"{_PRIVATE}alt_{c}" if c in job.reread else f"iaqi_{c}" for c in job.items]
    frame = frame.with_columns(
        exact.small(nw.max_horizontal(*names)).fill_null(-1).alias(f"{_PRIVATE}alt")
    )
    other_top = labels.mask([nw.col(n) == nw.col(f"{_PRIVATE}alt") for n in names])
    aqi = nw.col("aqi_of_available")
    differs = (nw.col(f"{_PRIVATE}alt") != aqi) | (
        (aqi > job.rules.primary_above) & (other_top != nw.col(_TOP))
    )
    return frame.with_columns(differs.alias(_DIFFERS))


def _published(job: Job) -> list[nw.Expr]:
    aqi, above = nw.col("aqi_of_available"), job.rules.publish_incomplete_above
    status = nw.when(aqi.is_null()).then(nw.lit(NOT_JUDGED))
    shown = aqi
    counted = [_gone(c) for c in job.items if c not in job.exempt]
    if above is not None and counted:
        withheld = (aqi <= above) & nw.any_horizontal(*counted, ignore_nulls=False)
        status = status.when(withheld).then(nw.lit(NOT_PUBLISHED))
        shown = nw.when(~withheld).then(aqi)
    return [shown.alias("aqi"), status.otherwise(nw.lit(JUDGED)).alias("status")]


def _with_texts(frame: nw.LazyFrame[Any], job: Job) -> nw.LazyFrame[Any]:
    none = nw.all_horizontal(*(_gone(c) for c in job.items), ignore_nulls=False)
    frame = frame.with_columns(
        none.alias(_NONE),
        _category(job.rules).alias("category"),
        nw.lit(job.rules.edition).alias("edition"),
    )
    frame = labels.with_pieces(frame, {"reason": _reason(job), "unverified": _unverified(job)})
    return _with_primary(frame, job)


def _with_primary(frame: nw.LazyFrame[Any], job: Job) -> nw.LazyFrame[Any]:
    polluted = nw.col("aqi") > job.rules.primary_above
    if frame.implementation.is_polars():
        top = nw.when(polluted).then(nw.col(_TOP)).otherwise(0)
        return labels.with_texts(frame, {"primary": (exact.small(top), list(job.items))})
    tops = [(polluted & (nw.col(f"iaqi_{c}") == nw.col("aqi")), c) for c in job.items]
    return labels.with_pieces(frame, {"primary": tops})


def _category(rules: AqiRules) -> nw.Expr:
    aqi = nw.col("aqi")
    level: nw.Expr = nw.when(~aqi.is_null()).then(nw.lit(len(rules.category_tops) + 1, nw.Int32))
    for number, top in reversed(list(enumerate(rules.category_tops, start=1))):
        level = nw.when(aqi <= top).then(nw.lit(number, nw.Int32)).otherwise(level)
    return level


def _reason(job: Job) -> list[labels.Piece]:
    value = {c: nw.col(intake.number(c)) for c in job.items}
    absent = [
        (value[c].is_null() & ~nw.col(_NONE), f"{'exempt' if c in job.exempt else 'missing'}:{c}")
        for c in sorted(job.items, key=lambda c: c in job.exempt)
    ]
    bad = [(value[c] < 0, f"invalid:{c}") for c in job.items]
    beyond = [
        (nw.col(_r(c)) > job.rule(c).top, f"beyond_table:{c}")
        for c in job.items
        if job.rule(c).beyond is None
    ]
    return [(nw.col(_NONE), "no_data"), *absent, *bad, *beyond]


def _unverified(job: Job) -> list[labels.Piece]:
    found: list[labels.Piece] = []
    if job.reread and job.rules.rounding_unverified:
        found.append((nw.col(_DIFFERS), job.rules.rounding_unverified))
    beyond: dict[str, list[nw.Expr]] = {}
    for column in job.items:
        rule = job.rule(column)
        if rule.beyond_unverified:
            over = nw.col(_r(column)) > rule.top
            beyond.setdefault(rule.beyond_unverified, []).append(over.fill_null(value=False))
    found += [(reduce(or_, conditions), value_id) for value_id, conditions in beyond.items()]
    if job.rules.zero_unverified:
        found.append((nw.col("aqi") == 0, job.rules.zero_unverified))
    return found


def _trace(job: Job) -> list[nw.Expr]:
    columns = []
    for c in job.items:
        rule, rounded = job.rule(c), nw.col(_r(c))
        columns += [rounded.alias(f"rounded_{c}"), nw.lit(rule.scale, nw.Int32).alias(f"scale_{c}")]
        columns += [e.alias(f"{name}_{c}") for name, e in index.bracket(rounded, rule).items()]
    return columns
