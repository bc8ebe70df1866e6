"""The pollution rose: hours sorted by wind direction and speed, and the mean of an item in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import narwhals as nw

from fenhe.base.errors import BadInput
from fenhe.methods import exact, intake
from fenhe.methods.air.words import EDITION, REASON, STATUS, UNVERIFIED
from fenhe.methods.contract import Call, Column, Method, Param
from fenhe.standards import Edition

POINTS = (
    "N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE",
    "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW",
)  # fmt: skip
CALM = "C"
ONE_CLASS = "all"
_TURN = 360
_NO_SPEED, _NO_DIRECTION = -1, -2
_SUM, _TOTAL, _COUNTED = (f"{intake.PRIVATE}rose_{name}" for name in ("sum", "total", "counted"))


@dataclass(frozen=True)
class RoseRules:
    """Calm threshold and class bounds (m/s); ``edges`` divide one class from the next."""

    edition: str
    calm: Decimal
    edges: tuple[Decimal, ...]

    @classmethod
    def from_edition(cls, edition: Edition, params: Mapping[str, Any]) -> RoseRules:
        """Return the settings, those of the call before those of the edition.

        Raises ``BadInput`` for other than sixteen sectors, or bounds that do not rise.
        """
        if edition.value("sectors").integer != len(POINTS):
            raise BadInput(f"{edition.value('sectors').id}: this version computes {len(POINTS)}")
        calm, edges = params.get("calm"), params.get("classes")
        if calm is None:
            calm = edition.value("calm_below").number
        if edges is None:
            rows = edition.table("speed_classes")
            edges = tuple(row["from"] for row in rows if row["from"] is not None)
        if list(edges) != sorted(set(edges)) or (edges and edges[0] <= calm):
            raise BadInput("classes: the bounds must rise, and the first lie above the calm wind")
        return cls(edition.id, calm, tuple(edges))

    @property
    def decimals(self) -> int:
        """The decimals that hold every bound."""
        return max(_places(number) for number in (self.calm, *self.edges))


def _places(number: Decimal) -> int:
    return max(0, -int(number.as_tuple().exponent))


def evaluate(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return one row per sector and speed class that occurs, one of calm hours, and of no wind.

    A row of the frame is an hour: ``ws`` (m/s), its direction as ``wd_sector`` (N … NNW, C calm)
    or else ``wd`` (degrees, 360 is north), ``value`` of an item. Below the calm threshold a
    direction does not count. An hour without usable speed or direction goes to
    a ``not_judged`` row, ``missing:ws`` or ``missing:wd``, and takes no part in ``share``,
    which is a per cent of the hours with wind known, calm ones included. ``mean`` is over the
    hours with a value: exact, held at 10^-6. Rows come sorted by sector and class.
    """
    rules = RoseRules.from_edition(edition, call.params)
    frame = _sorted_by_wind(frame, rules, call.decimals)
    scale = min(call.decimals["value"], exact.WORKING_SCALE)
    value = nw.col(intake.number("value"))
    kept = {_SUM: (nw.when(value >= 0).then(value), call.decimals["value"], scale)}
    frame = exact.with_rescaled(frame, kept).with_columns(
        n=nw.lit(1, nw.Int64),
        n_valid=exact.integer(nw.when(nw.col(_SUM).is_null()).then(0).otherwise(1)),
    )
    summed = ("n", "n_valid", _SUM)
    frame = frame.group_by("sector", "class").agg(nw.col(name).sum() for name in summed)
    frame = frame.with_columns(exact.guarded(exact.integer(nw.col(n))) for n in summed)
    return _told(_with_shares(frame, scale), rules).sort(
        "sector", "class", "reason", nulls_last=True
    )


def _sorted_by_wind(
    frame: nw.LazyFrame[Any], rules: RoseRules, decimals: Mapping[str, int]
) -> nw.LazyFrame[Any]:
    """Add sector (0 calm, 1 north … 16) and class (0 calm, 1 …) of each hour."""
    scale = max(decimals["ws"], rules.decimals)
    speed = exact.rescale(nw.col(intake.number("ws")), decimals["ws"], scale)
    calm = speed < exact.scaled(rules.calm, scale)
    number = nw.lit(1, nw.Int64)
    for edge in rules.edges:
        number = number + nw.when(speed >= exact.scaled(edge, scale)).then(1).otherwise(0)
    point = _point(frame, decimals["wd"])
    no_speed, no_direction = speed.is_null() | (speed < 0), point.is_null()
    if "wd_sector" in frame.collect_schema().names():
        said_calm = nw.col("wd_sector").str.strip_chars().str.to_uppercase() == CALM
        calm = calm | said_calm.fill_null(value=False)
    first = nw.when(no_speed).then(_NO_SPEED).when(calm).then(0)
    sector = first.when(no_direction).then(_NO_DIRECTION).otherwise(point)
    known = ~(no_speed | calm | no_direction)
    return frame.with_columns(
        exact.integer(sector).alias("sector"),
        exact.integer(nw.when(known).then(number).otherwise(0)).alias("class"),
    )


def _point(frame: nw.LazyFrame[Any], decimals: int) -> nw.Expr:
    """Return the point of the compass, 1 to 16; null for a direction that is none."""
    wd, turn = nw.col(intake.number("wd")), _TURN * exact.power10(decimals)
    usable = nw.when((wd >= 0) & (wd <= turn)).then(wd)
    n = len(POINTS)
    # floor(wd / width + 1/2) without a fraction: width is 360 / n degrees
    at = exact.floor_div(usable * (2 * n) + turn, 2 * turn)
    point = at - exact.floor_div(at, n) * n + 1
    if "wd_sector" not in frame.collect_schema().names():
        return point
    said = nw.col("wd_sector").str.strip_chars().str.to_uppercase()
    for number, name in enumerate(POINTS, start=1):
        point = nw.when(said == name).then(nw.lit(number, nw.Int64)).otherwise(point)
    return point


def _with_shares(frame: nw.LazyFrame[Any], scale: int) -> nw.LazyFrame[Any]:
    counted = nw.when(nw.col("sector") >= 0).then(nw.col("n")).otherwise(0)
    frame = frame.with_columns(exact.integer(counted).alias(_COUNTED))
    frame = frame.with_columns(exact.integer(nw.col(_COUNTED).sum()).alias(_TOTAL))
    hundred = 100 * exact.power10(exact.WORKING_SCALE)
    mine = nw.when(nw.col("sector") >= 0).then(nw.col("n") * hundred)
    total = nw.when(nw.col(_TOTAL) > 0).then(nw.col(_TOTAL))
    means = exact.mean(nw.col(_SUM), nw.col("n_valid"), scale)
    return exact.with_half_even(frame, {"share": (exact.guarded(mine), total), "mean": means})


def _told(frame: nw.LazyFrame[Any], rules: RoseRules) -> nw.LazyFrame[Any]:
    sector, known = nw.col("sector"), nw.col("sector") >= 0
    name = nw.when(sector == 0).then(nw.lit(CALM))
    for number, point in enumerate(POINTS, start=1):
        name = name.when(sector == number).then(nw.lit(point))
    no_speed = nw.when(sector == _NO_SPEED).then(nw.lit("missing:ws"))
    reason = no_speed.when(sector == _NO_DIRECTION).then(nw.lit("missing:wd"))
    reason = reason.when(nw.col("n_valid") == 0).then(nw.lit("no_data"))
    bounds = (Decimal(0), rules.calm, *rules.edges)
    frame = frame.with_columns(
        direction=name.otherwise(nw.lit(None, nw.String)),
        ws_from=nw.when(known).then(_bound(bounds, rules.decimals)),
        ws_to=nw.when(known).then(_bound(bounds[1:], rules.decimals)),
        share=exact.to_float(nw.col("share"), exact.WORKING_SCALE),
        mean=exact.to_float(nw.col("mean"), exact.WORKING_SCALE),
        status=nw.when(known).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        reason=reason.otherwise(nw.lit(None, nw.String)),
        unverified=nw.lit(None, nw.String),
        edition=nw.lit(rules.edition),
    )
    return frame.with_columns(
        nw.when(known).then(nw.col("sector")).alias("sector"),
        nw.when(known).then(nw.col("class")).alias("class"),
    )


def _bound(bounds: Sequence[Decimal], decimals: int) -> nw.Expr:
    """Return the bound of each row's class; null beyond the last."""
    value: nw.Expr = nw.lit(None, nw.Int64)
    for number, bound in enumerate(bounds):
        made = nw.lit(exact.scaled(bound, decimals), nw.Int64)
        value = nw.when(nw.col("class") == number).then(made).otherwise(value)
    return exact.to_float(value, decimals)


def _read_number(text: str) -> Decimal | None:
    if not text.strip():
        return None
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise BadInput(f"calm, classes: '{text}' is not a number of m/s") from None
    if not number.is_finite() or number < 0 or _places(number) > exact.WORKING_SCALE:
        raise BadInput(f"calm, classes: '{text}' is not a speed in m/s")
    return number


def _read_classes(text: str) -> tuple[Decimal, ...] | None:
    if text.strip().lower() == ONE_CLASS:
        return ()
    found = [_read_number(part) for part in text.split(",") if part.strip()]
    return tuple(number for number in found if number is not None) if found else None


def _outputs(_editions: Sequence[Edition], _trace: bool) -> tuple[Column, ...]:
    return (
        Column("sector", "方位序号", "1 north, clockwise to 16; 0 calm", "integer"),
        Column("direction", "方位", "N … NNW; C calm"),
        Column("class", "风速等级", "class of wind speed, 0 calm", "integer"),
        Column("ws_from", "风速下限", "lower bound of the class", "number", "m/s"),
        Column("ws_to", "风速上限", "upper bound, not in the class", "number", "m/s"),
        Column("n", "小时数", "hours", "integer"),
        Column("n_valid", "有效小时数", "hours with a value", "integer"),
        Column("share", "频率", "share of the hours with known wind, 10^-6", "number", "%"),
        Column("mean", "均值", "mean of the values, held at 10^-6", "number"),
        STATUS,
        REASON,
        UNVERIFIED,
        EDITION,
    )


ROSE = Method(
    id="air.rose",
    zh="污染玫瑰图",
    en="Pollution rose: frequency and mean by wind direction and speed",
    standard="ROSE",
    inputs=(
        Column("ws", "风速", "wind speed", "number", "m/s"),
        Column("wd", "风向", "direction the wind comes from", "number", "°", optional=True),
        Column(
            "wd_sector", "风向方位", "direction as a point of the compass, C calm; goes before wd",
            "code", optional=True, codes=(*POINTS, CALM),
        ),
        Column("value", "数值", "value of an item in the same hour", "number"),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding="Share and mean exactly at 10^-6, half-even.",
    missing=(
        "Hours without speed (missing:ws) or, above calm, without a direction of 0 to 360 degrees "
        "(missing:wd) are not_judged rows and no part of the shares. Hours without a value count "
        "in the frequency, not in the mean. What does not occur has no row. Settings are tuning "
        "values and do not stand in unverified."
    ),
    params=(
        Param("calm", "静风风速界限（m/s）", "wind below it is calm, m/s", "", _read_number),
        Param(
            "classes",
            "风速分级界限，逗号分隔（m/s）；all 为不分级",
            "bounds between the classes of speed, m/s, joined by commas; all for one class",
            "",
            _read_classes,
        ),
    ),
    adds_columns=False,
)  # fmt: skip
