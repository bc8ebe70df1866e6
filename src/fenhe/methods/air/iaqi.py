"""IAQI of single concentrations, one item a row (HJ 633 eq. 1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import narwhals as nw

from fenhe.methods import exact, intake, labels
from fenhe.methods.air import index, words
from fenhe.methods.air.rules import AqiRules, ItemRule
from fenhe.methods.air.words import (
    EDITION,
    INDEX_ROUNDING,
    REASON,
    STATUS,
    UNVERIFIED,
)
from fenhe.methods.contract import Call, Column, Method
from fenhe.standards import Edition

#: The items a row may name; case and the dot of PM2.5 are forgiven.
ITEMS = (
    "SO2_24h", "SO2_1h", "NO2_24h", "NO2_1h", "CO_24h", "CO_1h", "O3_8h", "O3_1h",
    "PM10_24h", "PM25_24h",
)  # fmt: skip

_ITEM, _CONC, _ROUNDED, _ALT = (
    f"{intake.PRIVATE}iaqi_{n}" for n in ("item", "conc", "rounded", "alt")
)


def evaluate(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return the frame with ``iaqi``, ``status``, ``reason``, ``unverified`` and ``edition``.

    Reads ``item`` (see ``ITEMS``) and the exact integers of ``conc`` (µg/m³, CO mg/m³),
    rounded half-even to the edition's decimals first. Above the last break point of an
    item the edition gives no index there: ``not_judged``, ``beyond_table:<item>``.
    """
    rules = AqiRules.from_edition(edition)
    decimals = call.decimals["conc"]
    item = nw.col("item").str.strip_chars().str.to_lowercase()
    item = item.str.replace_all(".", "", literal=True)
    value = nw.col(intake.number("conc"))
    frame = frame.with_columns(item.alias(_ITEM), nw.when(value >= 0).then(value).alias(_CONC))
    scales = {rule.scale for rule in rules.items.values()}
    frame = exact.with_rescaled(
        frame, {f"{_ROUNDED}{s}": (nw.col(_CONC), decimals, s) for s in scales}
    )
    frame = frame.with_columns(
        _by_item(rules, lambda rule: nw.col(f"{_ROUNDED}{rule.scale}")).alias(_ROUNDED)
    )
    frame = frame.with_columns(
        iaqi=_by_item(rules, lambda rule: index.iaqi(nw.col(_ROUNDED), rule)),
        **{_ALT: _by_item(rules, partial(_reread, decimals))},
    )
    frame = frame.with_columns(
        status=nw.when(nw.col("iaqi").is_null())
        .then(nw.lit("not_judged"))
        .otherwise(nw.lit("judged")),
        edition=nw.lit(rules.edition),
    )
    frame = labels.with_pieces(frame, {"reason": _reasons(rules), "unverified": _unverified(rules)})
    return frame.with_columns(_trace(rules)) if call.trace else frame


def _by_item(rules: AqiRules, make: Callable[[ItemRule], nw.Expr]) -> nw.Expr:
    result: nw.Expr = nw.lit(None, nw.Int64)
    for key, rule in rules.items.items():
        result = nw.when(nw.col(_ITEM) == key).then(exact.integer(make(rule))).otherwise(result)
    return result


def _reread(decimals: int, rule: ItemRule) -> nw.Expr:
    """Return the other reading: the index of the concentration as it is, not rounded."""
    if decimals <= rule.scale:
        return index.iaqi(nw.col(_ROUNDED), rule)
    return index.iaqi(nw.col(_CONC), rule.at(decimals))


def _reasons(rules: AqiRules) -> list[labels.Piece]:
    value, item = nw.col(intake.number("conc")), nw.col(_ITEM)
    known = item.is_in(list(rules.items))
    found = [
        (item.is_null(), "missing:item"),
        (~known, "unknown_item"),
        (value.is_null(), "missing:conc"),
        (value < 0, "invalid:conc"),
    ]
    found += [
        ((item == key) & (nw.col(_ROUNDED) > rule.top), f"beyond_table:{key}")
        for key, rule in rules.items.items()
        if rule.beyond is None
    ]
    return found


def _unverified(rules: AqiRules) -> list[labels.Piece]:
    found: list[labels.Piece] = []
    item = nw.col(_ITEM)
    if rules.rounding_unverified:
        differs = nw.col(_ALT).fill_null(-1) != nw.col("iaqi").fill_null(-1)
        found.append((differs, rules.rounding_unverified))
    caps: dict[str, nw.Expr] = {}
    for key, rule in rules.items.items():
        if rule.beyond_unverified:
            over = (item == key) & (nw.col(_ROUNDED) > rule.top)
            caps[rule.beyond_unverified] = caps.get(rule.beyond_unverified, over) | over
    found += [(over, value_id) for value_id, over in caps.items()]
    return found


def _trace(rules: AqiRules) -> list[nw.Expr]:
    made = [
        nw.col(_ROUNDED).alias("rounded"),
        _by_item(rules, lambda rule: nw.lit(rule.scale, nw.Int64)).alias("scale"),
    ]
    parts = {key: index.bracket(nw.col(_ROUNDED), rule) for key, rule in rules.items.items()}
    names = ("low", "high", "iaqi_low", "iaqi_high", "numerator", "denominator")
    return made + [_by_item(rules, partial(_part, parts, name)).alias(name) for name in names]


def _part(parts: Mapping[str, Mapping[str, nw.Expr]], name: str, rule: ItemRule) -> nw.Expr:
    return parts[rule.key][name]


def _outputs(_editions: Sequence[Edition], trace: bool) -> tuple[Column, ...]:
    found = (Column("iaqi", "空气质量分指数", "individual index, rounded up", "integer"),)
    return (*found, STATUS, REASON, UNVERIFIED, EDITION, *(words.trace() if trace else ()))


IAQI = Method(
    id="air.iaqi",
    zh="空气质量分指数",
    en="Individual air quality index of single concentrations",
    standard="HJ633",
    inputs=(
        Column("item", "项目", "item and averaging time", "code", codes=ITEMS),
        Column("conc", "浓度", "concentration; CO in mg/m³", "number", "µg/m³"),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding=INDEX_ROUNDING,
    missing=(
        "An empty cell, a negative number or a sentinel: not_judged. Above the last break point "
        "of SO2_1h and O3_8h HJ633-2012 gives no index: not_judged, beyond_table."
    ),
)
