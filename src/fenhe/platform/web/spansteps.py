"""How a figure of a period came out, step by step, with its numbers, as texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import polars as pl

from fenhe import standards
from fenhe.methods import registry as methods
from fenhe.methods.air import stages
from fenhe.methods.air.evaluation import ITEMS, EvaluationRules
from fenhe.methods.air.ranking_rules import IndexRules
from fenhe.methods.frames import apply
from fenhe.platform.verdicts import ranking

PERCENTILE = "air.percentile"
Row = Mapping[str, Any]


def values_of(lower: Sequence[Row], item: str) -> list[Decimal]:
    """Return the values of an item that count, as the lower cells hold them."""
    cells = (row["values"][item] for row in lower)
    return [Decimal(cell["exact"]) for cell in cells if cell["ok"] and cell["exact"] is not None]


def mean(lower: Sequence[Row], item: str) -> str:
    """Return a mean with its numbers: ``4020.3 / 30 = 134.01``; nothing without a value."""
    values = values_of(lower, item)
    if not values:
        return ""
    total = sum(values, Decimal(0))
    quotient = (total / len(values)).quantize(Decimal("0.000001")).normalize()
    return f"{_text(total)} / {len(values)} = {quotient:f}"


def percentiles(lower: Sequence[Row], rules: EvaluationRules) -> dict[str, dict[str, Any]]:
    """Return item -> trace of its percentile: ``p n rank at_rank at_next value formula``."""
    given = [
        {"area": "x", "item": item, "value": float(value)}
        for item in ITEMS
        for value in values_of(lower, item)
    ]
    if not given:
        return {}
    found = apply(
        methods.method(PERCENTILE),
        pl.DataFrame(given),
        edition=rules.method,
        decimals={"value": 6},
        trace=True,
    )
    return {row["item"]: {**row, "formula": _between(row)} for row in found.to_dicts()}


def _between(row: Row) -> str:
    """Return k and the value between the two ranks, as the rule of HJ 663 has it."""
    p, n = Decimal(repr(row["p"])), row["n"]
    k = 1 + (n - 1) * p / 100
    low, high, value = (Decimal(repr(row[name])) for name in ("at_rank", "at_next", "value"))
    head = f"k = 1 + ({n} - 1) × {_text(p)} % = {_text(k)}"
    rest = k - row["rank"]
    if not rest:
        return f"{head}; X({row['rank']}) = {_text(value)}"
    between = f"{_text(low)} + ({_text(high)} - {_text(low)}) × {_text(rest)}"
    return f"{head}; X({row['rank']}), X({row['rank'] + 1}): {between} = {_text(value)}"


def index(cell: Row, edition: str) -> dict[str, Any] | None:
    """Return the composite index of a period: each item's quotient, and the sum; None without one.

    ``cell``: item -> published statistic, None where it is not valid.
    """
    if any(cell.get(item) is None for item in ITEMS):
        return None
    method = methods.method(ranking.INDEX)
    given = pl.DataFrame([{"area": "x", **{item: cell[item] for item in ITEMS}}])
    found = apply(method, given, edition=edition).to_dicts()[0]
    rules = IndexRules.from_edition(standards.catalogue().edition(found["edition"]))
    parts = []
    for part in rules.parts:
        limit = Decimal(part.limit).scaleb(-part.scale)
        weight = f" × {part.weight}" if part.weight != 1 else ""
        single = f"{Decimal(repr(found[f'i_{part.item}'])):.{rules.decimals}f}"
        parts.append(
            {
                "item": part.item,
                "formula": f"{_text(Decimal(repr(cell[part.item])))} / {_text(limit)}{weight}",
                "index": single,
            }
        )
    total = f"{Decimal(repr(found['i_sum'])):.{rules.decimals}f}"
    return {
        "parts": parts,
        "sum": total,
        "formula": f"{' + '.join(p['index'] for p in parts)} = {total}",
        "edition": found["edition"],
        "largest": found["max_item"],
    }


def index_edition(limits: str) -> str:
    """Return the edition of the composite index that goes with limits."""
    return methods.method(ranking.INDEX).aliases.get(limits, limits)


def rules_of(edition: str) -> EvaluationRules:
    """Return the rules of evaluation under an edition of limits."""
    return stages.rules(edition)


def _text(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
