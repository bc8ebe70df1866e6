"""The hourly value of a city from those of its sites (HJ 663)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from fenhe.base.errors import BadInput
from fenhe.methods import exact, intake, labels
from fenhe.methods.air.words import EDITION, REASON, STATUS, UNVERIFIED
from fenhe.methods.contract import Call, Column, Method
from fenhe.standards import Edition, Value

ITEMS = ("so2", "no2", "co", "o3", "pm10", "pm25")


@dataclass(frozen=True)
class AreaRules:
    """What HJ 663 says about a city's hourly value; ids only of values that are not firm."""

    edition: str
    decimals: Mapping[str, int]  # item -> decimals of an hourly value
    share: int  # least share of valid sites, per cent
    share_small: int
    small_below: int
    unverified: Mapping[str, str]  # short name -> id

    def by_item(self, make: Callable[[int], nw.Expr]) -> nw.Expr:
        """Return an integer made for the decimals of each row's item; null for others."""
        result: nw.Expr = nw.lit(None, nw.Int64)
        for item in ITEMS:
            made = exact.integer(make(self.decimals[item]))
            result = nw.when(nw.col("item") == item).then(made).otherwise(result)
        return result

    def float_by_item(self, value: nw.Expr) -> nw.Expr:
        """Return integers at the decimals of each row's item as floats."""
        result: nw.Expr = nw.lit(None, nw.Float64)
        for item in ITEMS:
            made = exact.to_float(value, self.decimals[item])
            result = nw.when(nw.col("item") == item).then(made).otherwise(result)
        return result

    @classmethod
    def from_edition(cls, edition: Edition) -> AreaRules:
        """Return the rules of an HJ 663 edition; ``BadInput`` for a rule not known here."""
        values = {name: edition.value(name) for name in _VALUES}
        for name, known in _KNOWN.items():
            if values[name].text != known:
                raise BadInput(f"{values[name].id} is not '{known}', which this version computes")
        return cls(
            edition=edition.id,
            decimals={
                r["item"]: int(r["decimals"])
                for r in edition.table("hour_decimals")
                if r["item"] in ITEMS
            },
            share=values["city_share"].integer,
            share_small=values["city_share_small"].integer,
            small_below=values["city_small_below"].integer,
            unverified=_not_firm(values),
        )


_KNOWN = {
    "city_value": "mean_of_city_sites",
    "hour_rounding": "half_even",
    "hour_rounding_order": "before_use",
}
_VALUES = (*_KNOWN, "city_share", "city_share_small", "city_small_below")
_RAW, _SUM, _VALUE, _OTHER, _PASSES, _FEW, _DECIDED, _SHARES_DIFFER = (
    f"{intake.PRIVATE}area_{name}"
    for name in ["raw", "sum", "value", "other", "passes", "few", "decided", "shares_differ"]
)
_KEYS = ("area", "start_hour", "item")


def _not_firm(values: Mapping[str, Value]) -> dict[str, str]:
    return {name: value.id for name, value in values.items() if not value.firm}


def evaluate(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return one row per area, hour and item: the arithmetic mean over the sites' values.

    ``frame`` holds the city sites only, one row a site, hour and item, also where the
    value is null: those rows count in ``n_due``. Site values are rounded half-even to the
    decimals of an hourly value, the mean is held at 10^-6 and rounded the same way.
    ``not_judged``, ``below_minimum`` when fewer sites are valid than the edition's share.
    Rows come sorted by area, hour and item.
    """
    rules = AreaRules.from_edition(edition)
    given = call.decimals["value"]
    scale = max(given, *rules.decimals.values())
    value = nw.col(intake.number("value"))
    raw = exact.rescale(nw.when(value >= 0).then(value), given, scale)
    frame = frame.with_columns(raw.alias(_RAW))
    frame = _with_rounded(frame, rules, _RAW, scale, _SUM)
    frame = frame.with_columns(
        rules.by_item(lambda d: exact.rescale(nw.col(_SUM), d, scale)).alias(_SUM),
        exact.integer(nw.when(nw.col(_SUM).is_null()).then(0).otherwise(1)).alias("n_valid"),
        nw.lit(1, nw.Int64).alias("n_due"),
    )
    summed = [_SUM, _RAW, "n_valid", "n_due"]
    frame = frame.group_by(*_KEYS).agg(nw.col(name).sum() for name in summed)
    frame = frame.with_columns(exact.guarded(exact.integer(nw.col(n))) for n in summed)
    frame = _with_means(_with_share(frame, rules), scale)
    return _judged(frame, rules).sort(*_KEYS)


def _with_share(frame: nw.LazyFrame[Any], rules: AreaRules) -> nw.LazyFrame[Any]:
    """Add whether enough sites are valid, and whether it mattered which share holds."""
    valid, due = nw.col("n_valid"), nw.col("n_due")
    enough, enough_small = (valid * 100 >= due * s for s in (rules.share, rules.share_small))
    few = due < rules.small_below
    passes = (valid > 0) & ((few & enough_small) | (~few & enough))
    return frame.with_columns(
        passes.alias(_PASSES),
        few.alias(_FEW),
        ((valid > 0) & (valid < due)).alias(_DECIDED),
        ((valid > 0) & (enough != enough_small)).alias(_SHARES_DIFFER),
    )


def _with_means(frame: nw.LazyFrame[Any], scale: int) -> nw.LazyFrame[Any]:
    n = nw.when(nw.col(_PASSES)).then(nw.col("n_valid"))
    return exact.with_half_even(
        frame, {name: exact.mean(nw.col(name), n, scale) for name in (_SUM, _RAW)}
    )


def _with_rounded(
    frame: nw.LazyFrame[Any], rules: AreaRules, column: str, scale: int, to: str
) -> nw.LazyFrame[Any]:
    """Add ``column`` rounded to the decimals of each row's item."""
    scales = set(rules.decimals.values())
    made = {f"{to}{d}": (nw.col(column), scale, d) for d in scales}
    frame = exact.with_rescaled(frame, made)
    return frame.with_columns(rules.by_item(lambda d: nw.col(f"{to}{d}")).alias(to))


def _judged(frame: nw.LazyFrame[Any], rules: AreaRules) -> nw.LazyFrame[Any]:
    work = exact.WORKING_SCALE
    frame = _with_rounded(frame, rules, _SUM, work, _VALUE)
    frame = _with_rounded(frame, rules, _RAW, work, _OTHER)
    passes, none = nw.col(_PASSES), nw.col("n_valid") == 0
    reason = nw.when(none).then(nw.lit("no_data")).when(~passes).then(nw.lit("below_minimum"))
    frame = frame.with_columns(
        value=rules.float_by_item(nw.col(_VALUE)),
        decimals=rules.by_item(lambda d: nw.lit(d, nw.Int64)),
        mean=exact.to_float(nw.col(_SUM), work),
        status=nw.when(passes).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        reason=reason,
        edition=nw.lit(rules.edition),
    )
    return labels.with_pieces(frame, {"unverified": _unverified(rules)})


def _unverified(rules: AreaRules) -> list[labels.Piece]:
    few, decided = nw.col(_FEW), nw.col(_DECIDED)
    when = {
        "hour_rounding_order": nw.col(_VALUE) != nw.col(_OTHER),
        "city_share": decided & ~few,
        "city_share_small": decided & few,
        "city_small_below": nw.col(_SHARES_DIFFER),
    }
    return [(when[name], value_id) for name, value_id in rules.unverified.items() if name in when]


def _outputs(_editions: Sequence[Edition], _trace: bool) -> tuple[Column, ...]:
    return (
        Column("area", "区域", "city"),
        Column("start_hour", "小时", "start of the hour", "integer", "h"),
        Column("item", "项目", "item"),
        Column("value", "小时值", "hourly value of the city", "number", "µg/m³"),
        Column("decimals", "小数位数", "decimals of the value", "integer"),
        Column("mean", "均值", "mean before rounding, held at 10^-6", "number", "µg/m³"),
        Column("n_valid", "有效点位数", "valid sites", "integer"),
        Column("n_due", "应有点位数", "sites due", "integer"),
        STATUS,
        REASON,
        UNVERIFIED,
        EDITION,
    )


AREA_HOURLY = Method(
    id="air.area_hourly",
    zh="城市小时值",
    en="Hourly value of a city from its sites",
    standard="HJ663",
    inputs=(
        Column("area", "区域", "city, as the file names it"),
        Column("site", "点位", "city site, as the file names it"),
        Column("start_hour", "小时", "start, hours since 1970-01-01 00:00 UTC", "hour", "h"),
        Column("item", "项目", "item", "code", codes=ITEMS),
        Column("value", "小时值", "hourly value of the site; CO in mg/m³", "number", "µg/m³"),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding=(
        "Site values half-even to the decimals of an hourly value, the mean exactly at 10^-6, "
        "then half-even to the same decimals."
    ),
    missing=(
        "One row a site, hour and item is due, with an empty value where there is none; negative "
        "numbers and sentinels are missing. Fewer valid sites than 75 % of those due (50 % where "
        "fewer than 4 are due): not_judged, below_minimum; none: no_data."
    ),
    day=("start_hour", "hour"),
    adds_columns=False,
)
