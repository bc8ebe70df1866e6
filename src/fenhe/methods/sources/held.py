"""The limit a row is held against: the strictest of its sets, a temporary order, the permit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import narwhals as nw

from fenhe.methods import exact, intake
from fenhe.methods.contract import Call
from fenhe.methods.sources import verdict_columns as c
from fenhe.methods.sources.judging import JudgingRules, Order
from fenhe.methods.sources.limits import Piece

Frame = nw.LazyFrame[Any]


def asked(frame: Frame) -> list[tuple[str | None, str | None, str | None]]:
    """Return the combinations of sets, sectors and areas the rows name."""
    given = frame.select(c.SET, c.SECTOR, c.AREA).unique().collect()
    columns = (given[name].to_list() for name in (c.SET, c.SECTOR, c.AREA))
    return list(zip(*columns, strict=True))


def narrowed(
    rules: JudgingRules, asked: Sequence[tuple[str | None, ...]], averaging: str
) -> JudgingRules:
    """Return the rules with only the windows and orders some row may fall under."""
    sectors = {sector for _, sector, _ in asked if sector}
    areas = {area for _, _, area in asked if area}
    return replace(
        rules,
        windows=tuple(w for w in rules.windows if any(_of_sector(w.sector, s) for s in sectors)),
        orders=tuple(
            o
            for o in rules.orders
            if o.averaging == averaging and any(a.startswith(o.area) for a in areas)
        ),
    )


def _of_sector(windowed: str, sector: str) -> bool:
    """Say whether a window of one sector holds for another: boilers are of several fuels."""
    return sector == windowed or sector.endswith(f"_{windowed}")


def with_limit(frame: Frame, rules: JudgingRules, found: Sequence[Piece], call: Call) -> Frame:
    """Add the limit of the sets, of orders and of the permit, and the strictest of them."""
    nothing = nw.lit(None, nw.Int64)
    piece: nw.Expr = nothing
    top, floor, digits, unknown = piece, piece, piece, piece
    for number, one in enumerate(found):
        mine, at = _holds(one, call), nw.lit(number, nw.Int64)
        if one.unknown:
            unknown = nw.when(mine).then(at).otherwise(unknown)
            continue
        piece = nw.when(mine).then(at).otherwise(piece)
        top = nw.when(mine).then(_number(one.limit)).otherwise(top)
        floor = nw.when(mine).then(_number(one.floor)).otherwise(floor)
        digits = nw.when(mine).then(nw.lit(_digits(one), nw.Int64)).otherwise(digits)
    order, order_top, order_digits = nothing, nothing, nothing
    for number, rule in enumerate(rules.orders):
        mine = _ordered(rule, call)
        order = nw.when(mine).then(nw.lit(number, nw.Int64)).otherwise(order)
        order_top = nw.when(mine).then(_number(rule.limit)).otherwise(order_top)
        places = nw.lit(_places(rule.limit), nw.Int64)
        order_digits = nw.when(mine).then(places).otherwise(order_digits)
    frame = frame.with_columns(
        piece.alias(c.PIECE), top.alias(c.TOP), floor.alias(c.FLOOR), digits.alias(c.DIGITS),
        order.alias(c.ORDER), order_top.alias(c.OTOP), order_digits.alias(c.ODIGITS),
        unknown.alias(c.UNKNOWN), _places_of_permit().alias(c.PDIGITS),
    )  # fmt: skip
    return _strictest(frame)


def _number(value: Decimal | None) -> nw.Expr:
    return nw.lit(None if value is None else exact.scaled(value, c.SCALE), nw.Int64)


def _places(limit: Decimal) -> int:
    return max(0, -int(limit.as_tuple().exponent))


def _digits(one: Piece) -> int:
    return _places(one.limit if one.limit is not None else one.floor or Decimal(0))


def _holds(one: Piece, call: Call) -> nw.Expr:
    day = nw.col(c.DAY)
    mine = (nw.col(c.SET) == one.combination) & (day >= one.first) & (day <= one.last)
    if one.factor != "*":
        mine = mine & (nw.col(c.ITEM) == one.factor)
    if one.when:
        side, _, degrees = one.when.rpartition("_")
        edge = int(degrees) * exact.power10(call.decimals["water_temperature"])
        water = nw.col(intake.number("water_temperature"))
        good = water > intake.UNUSABLE_SIGNED
        mine = mine & good & (water > edge if side == "above" else water <= edge)
    return mine.fill_null(value=False)


def _ordered(rule: Order, call: Call) -> nw.Expr:
    """Say whether a temporary limit holds for a row: area, day, kind of source, load."""
    day = nw.col(c.DAY)
    kinds = nw.any_horizontal(
        *(nw.col(c.SET).str.contains(f"/{kind}.", literal=True) for kind in rule.kinds),
        ignore_nulls=True,
    )
    mine = nw.col(c.AREA).str.starts_with(rule.area) & (nw.col(c.ITEM) == rule.factor) & kinds
    mine = mine & (day >= rule.first) & (day <= rule.last)
    if rule.least_load is not None:
        places = call.decimals["rated_load"]
        load = nw.col(intake.number("rated_load"))
        mine = mine & (load >= int(rule.least_load * exact.power10(places)))
    return mine.fill_null(value=False)


def _places_of_permit() -> nw.Expr:
    """Return the decimals of a permit limit, as few as say it in full."""
    places: nw.Expr = nw.lit(c.SCALE, nw.Int64)
    for digits in reversed(range(c.SCALE)):
        unit = exact.power10(c.SCALE - digits)
        whole = exact.floor_div(nw.col(c.PERMIT), unit) * unit == nw.col(c.PERMIT)
        places = nw.when(whole).then(nw.lit(digits, nw.Int64)).otherwise(places)
    return places


def _strictest(frame: Frame) -> Frame:
    """Take the lowest of the three limits; a tie goes to the set, then to the order."""
    top, permit, order = (nw.col(name) for name in (c.TOP, c.PERMIT, c.OTOP))
    ordered = ~order.is_null() & (top.is_null() | (order < top))
    least = nw.when(ordered).then(order).otherwise(top)
    by_permit = ~permit.is_null() & (least.is_null() | (permit < least))
    settled = ~nw.col(c.PIECE).is_null()
    source = nw.when(by_permit).then(c.PERMITTED).when(ordered).then(c.ORDERED)
    places = nw.when(by_permit).then(nw.col(c.PDIGITS)).when(ordered).then(nw.col(c.ODIGITS))
    return frame.with_columns(
        exact.integer(source.when(settled).then(c.SETTLED)).alias(c.FROM),
        exact.integer(places.otherwise(nw.col(c.DIGITS))).alias(c.DIGITS),
        exact.integer(nw.when(by_permit).then(permit).otherwise(least)).alias(c.TOP),
    )
