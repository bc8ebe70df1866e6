"""The trend of annual values by rank correlation (HJ 663, Annex B)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import narwhals as nw

from fenhe.base.errors import BadInput
from fenhe.methods import exact, intake, labels
from fenhe.methods.across import AcrossRows
from fenhe.methods.air.evaluation import EVALUATION
from fenhe.methods.air.words import EDITION, REASON, STATUS, UNVERIFIED
from fenhe.methods.contract import Call, Column, Param
from fenhe.standards import Edition, Row

AREA, YEAR, VALUE = "area", "year", "value"
CRITICAL_DECIMALS = 3

_P = f"{intake.PRIVATE}trend_"
_AT, _THERE, _YEAR, _LOW, _HIGH, _D, _N, _TWICE = (
    f"{_P}{n}" for n in ("at", "there", "year", "low", "high", "d", "n", "twice")
)
_TOP, _BOTTOM, _RS, _ABS, _W = (f"{_P}{n}" for n in ("top", "bottom", "rs", "abs", "w"))


@dataclass(frozen=True)
class TrendRules:
    """Annex B of one edition at one level of significance."""

    edition: str
    least: int
    decimals: int
    critical: Mapping[int, Row]  # number of years -> row
    at_equality: str | None  # trend, none; None: no source says
    equality_id: str
    unverified: str | None  # id of the test where it is not firm

    @classmethod
    def of(cls, edition: Edition, level: Decimal) -> TrendRules:
        """Return the rules; ``BadInput`` for a level the table does not have."""
        _expect(edition, "trend_test", "spearman_rank")
        _expect(edition, "trend_ties", "average")
        table = edition.table("trend_critical")
        rows = {int(row["n"]): row for row in table if row["level"] == level}
        if not rows:
            known = ", ".join(dict.fromkeys(str(row["level"]) for row in table))
            raise BadInput(
                f"level: {edition.id} has no critical values for {level}; it has: {known}"
            )
        test, equal = edition.value("trend_test"), edition.value("trend_at_equality")
        return cls(
            edition=edition.id,
            least=edition.value("trend_years_min").integer,
            decimals=edition.value("trend_decimals").integer,
            critical=rows,
            at_equality=equal.text if equal.known else None,
            equality_id=equal.id,
            unverified=None if test.firm else test.id,
        )


def _expect(edition: Edition, name: str, known: str) -> None:
    value = edition.value(name)
    if value.text != known:
        raise BadInput(f"{value.id} is not '{known}', which this version computes")


def evaluate(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return one row per area: ``n``, ``rs``, ``critical`` and ``trend`` (up, down, none).

    rs = 1 - 6 · sum(d²) / (n³ - n) of the ranks of years and values, equal values having the
    mean of their ranks. A trend where its amount is above the critical value; at the value
    itself no source says: ``not_judged``, ``unknown_value``. Fewer than 5 years:
    ``below_minimum``; a number of years that is not in the table: ``outside_table``.
    """
    rules = TrendRules.of(edition, call.params["level"])
    frame = _summed(_ranked(frame, call))
    n = nw.col(_N)
    cube = n * n * n - n
    # all sums are of doubled differences, so that a mean of two ranks stays whole
    frame = frame.with_columns(
        exact.integer(cube * 2 - nw.col(_D) * 3).alias(_TOP),
        exact.integer(nw.when(n > 1).then(cube * 2)).alias(_BOTTOM),
    )
    scale = exact.power10(rules.decimals)
    frame = exact.with_half_even(frame, {_RS: (nw.col(_TOP) * scale, nw.col(_BOTTOM))})
    frame = frame.with_columns(
        nw.when(nw.col(_TOP) < 0).then(-nw.col(_TOP)).otherwise(nw.col(_TOP)).alias(_ABS),
        _critical(rules).alias(_W),
    )
    return _judged(frame, rules).sort(AREA)


def _ranked(frame: nw.LazyFrame[Any], call: Call) -> nw.LazyFrame[Any]:
    del call
    value, year = nw.col(intake.number(VALUE)), nw.col(intake.number(YEAR))
    there = (value >= 0) & (year >= 0)
    frame = frame.with_columns(there.fill_null(value=False).alias(_THERE), year.alias(_YEAR))
    keys = (AREA, _THERE)
    frame = frame.with_columns(value.alias(_AT))
    return frame.with_columns(
        nw.col(_AT).rank("min").over(*keys).alias(_LOW),
        nw.col(_AT).rank("max").over(*keys).alias(_HIGH),
        nw.col(_YEAR).rank("min").over(*keys).alias(_N),
        nw.col(_YEAR).rank("max").over(*keys).alias(_TWICE),
    )


def _summed(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    one = exact.integer(nw.when(nw.col(_THERE)).then(1).otherwise(0))
    ranks = [exact.integer(nw.col(name)) for name in (_LOW, _HIGH, _N, _TWICE)]
    apart = ranks[2] * 2 - ranks[0] - ranks[1]
    frame = frame.with_columns(
        nw.when(nw.col(_THERE)).then(apart * apart).otherwise(0).alias(_D),
        nw.when(nw.col(_THERE) & (ranks[2] != ranks[3])).then(1).otherwise(0).alias(_TWICE),
        one.alias(_N),
    )
    summed = (exact.integer(nw.col(name).sum()).alias(name) for name in (_D, _TWICE, _N))
    return frame.group_by(AREA).agg(*summed)


def _critical(rules: TrendRules) -> nw.Expr:
    result: nw.Expr = nw.lit(None, nw.Int64)
    for n, row in rules.critical.items():
        value = exact.scaled(row["critical"], CRITICAL_DECIMALS)
        result = nw.when(nw.col(_N) == n).then(nw.lit(value, nw.Int64)).otherwise(result)
    return nw.when(nw.col(_N) >= rules.least).then(result)


def _judged(frame: nw.LazyFrame[Any], rules: TrendRules) -> nw.LazyFrame[Any]:
    n, amount = nw.col(_N), nw.col(_ABS) * exact.power10(CRITICAL_DECIMALS)
    bound = nw.col(_W) * nw.col(_BOTTOM)
    repeated = nw.col(_TWICE) > 0
    equal = (amount == bound) & ~repeated
    up = nw.when(nw.col(_TOP) > 0).then(nw.lit("up")).otherwise(nw.lit("down"))
    significant = amount > bound
    if rules.at_equality == "trend":
        significant = amount >= bound
    trend = nw.when(significant).then(up).otherwise(nw.lit("none"))
    open_ = equal if rules.at_equality is None else equal & nw.lit(value=False)
    known = ~repeated & ~open_ & ~nw.col(_W).is_null()
    frame = frame.with_columns(
        n=n,
        rs=exact.to_float(nw.when(~repeated).then(nw.col(_RS)), rules.decimals),
        critical=exact.to_float(nw.col(_W), CRITICAL_DECIMALS),
        trend=nw.when(known).then(trend),
        status=nw.when(known).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        edition=nw.lit(rules.edition),
    )
    reasons = [
        (n == 0, "no_data"),
        ((n > 0) & (n < rules.least), "below_minimum"),
        ((n >= rules.least) & nw.col(_W).is_null(), "outside_table"),
        (repeated, "repeated_year"),
        (open_, f"unknown_value:{rules.equality_id}"),
    ]
    doubtful = [(n == years, row.id) for years, row in rules.critical.items() if not row.firm]
    doubtful = [(when & known, value_id) for when, value_id in doubtful]
    if rules.unverified:
        doubtful.insert(0, (known, rules.unverified))
    return labels.with_pieces(frame, {"reason": reasons, "unverified": doubtful})


def _level(text: str) -> Decimal:
    try:
        return Decimal(text.strip())
    except ArithmeticError:
        raise BadInput(f"level: '{text}' is not a number") from None


def _outputs(_editions: Sequence[Edition], _trace: bool) -> tuple[Column, ...]:
    return (
        Column(AREA, "区域", "site or city"),
        Column("n", "年数", "years with a value", "integer"),
        Column("rs", "秩相关系数", "rank correlation", "number", "1"),
        Column("critical", "临界值", "critical value", "number", "1"),
        Column("trend", "变化趋势", "up, down or none"),
        STATUS,
        REASON,
        UNVERIFIED,
        EDITION,
    )


TREND = AcrossRows(
    id="air.trend",
    zh="变化趋势（秩相关系数法）",
    en="Trend of annual values by rank correlation",
    standard=EVALUATION,
    inputs=(
        Column(AREA, "区域", "site or city, as the file names it"),
        Column(YEAR, "年份", "year", "number"),
        Column(VALUE, "年值", "annual value; CO in mg/m³", "number", "µg/m³"),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding=(
        "Values are ranked as they are; the coefficient is compared exactly and told half-even "
        "with four decimals."
    ),
    missing=(
        "Years without a usable value do not count. Fewer than 5: not_judged, below_minimum; a "
        "number of years that is not in the table: outside_table; a year twice: repeated_year."
    ),
    default_edition="HJ663-2026",
    params=(
        Param(
            "level", "显著性水平：0.05、0.01", "level of significance: 0.05 or 0.01", "0.05", _level
        ),
    ),
    adds_columns=False,
)
