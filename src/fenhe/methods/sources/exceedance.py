"""Hourly and daily values of outlets against limits: exemptions, multiple, episode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import narwhals as nw

from fenhe.methods import calendar, exact, intake, labels, moments, runs
from fenhe.methods.across import AcrossRows
from fenhe.methods.contract import Call, Column, Param
from fenhe.methods.sources import limits, words
from fenhe.methods.sources.judging import (
    DEFAULT,
    STANDARD,
    STOPPED,
    JudgingRules,
    Order,
    Window,
)
from fenhe.methods.sources.limits import Piece
from fenhe.methods.sources.params import one_of
from fenhe.standards import Edition

Frame = nw.LazyFrame[Any]

SECONDS = {"1h": moments.HOUR, "24h": moments.DAY, "5min": 300, "instant": 1, "sampled": 1}
PM = "a34013"
SCALE = 6

_P = f"{intake.PRIVATE}over_"


def _name(part: str) -> str:
    return f"{_P}{part}"


_ITEM, _SET, _CONDITION, _SECTOR, _AREA = (
    _name(n) for n in ("item", "set", "condition", "sector", "area")
)
_DAY, _SERIAL, _KEY, _V, _PERMIT, _TWICE, _RUN, _FIRST, _SINCE, _PMV = (
    _name(n)
    for n in ("day", "serial", "key", "v", "permit", "twice", "run", "first", "since", "pm")
)
_PIECE, _TOP, _FLOOR, _DIGITS, _ORDER, _OTOP, _ODIGITS, _PDIGITS, _FROM, _C, _ABOVE, _RAW = (
    _name(n)
    for n in (
        "piece", "top", "floor", "digits", "order", "otop", "odigits", "pdigits", "from", "c",
        "above", "raw",
    )
)  # fmt: skip
_EXEMPT, _STATE, _MULTIPLE, _OVER, _EPISODE, _UNKNOWN, _LATE, _USED = (
    _name(n) for n in ("exempt", "state", "multiple", "over", "episode", "unknown", "late", "used")
)

_ORDERLY = _name("row")
_PERMITTED, _SETTLED, _ORDERED = 1, 2, 3


def evaluate(frame: Frame, edition: Edition, call: Call) -> Frame:
    """Return the frame with a verdict on each row.

    In this order: is there a valid value, is the outlet stopped, which limit holds (the
    strictest of set, temporary order and permit), is the row exempt by its working condition,
    is the value, rounded to the limit's decimals, above; then runs of rows above it.
    """
    rules = JudgingRules.of(edition)
    averaging = call.params["averaging"]
    frame = _prepared(frame, call, SECONDS[averaging])
    asked = _asked(frame)
    names = sorted({one for one, _, _ in asked if one})
    found = [p for name in names for p in limits.pieces(name, averaging)]
    used = _narrowed(rules, asked, averaging)
    frame = _with_limit(frame, used, found, call)
    frame = _with_exemption(frame, used, SECONDS[averaging])
    frame = _compared(frame, rules)
    frame = _with_episodes(frame)
    return _told(frame, used, found, call)


def _prepared(frame: Frame, call: Call, seconds: int) -> Frame:
    frame = moments.with_second(frame)
    names = frame.collect_schema().names()

    def text(column: str, default: str = "") -> nw.Expr:
        given = nw.lit(None, nw.String)
        if column in names:
            given = exact.text(nw.col(column)).str.strip_chars()
            given = nw.when(given != "").then(given)
        return given.fill_null(default) if default else given

    value, permit = nw.col(intake.number("value")), nw.col(intake.number("limit"))
    second = nw.col(moments.SECOND)
    frame = frame.with_columns(
        exact.floor_div(second, seconds).alias(_SERIAL),
        exact.floor_div(second, moments.DAY).alias(_DAY),
        text("item").str.to_lowercase().alias(_ITEM),
        text("limit_set", call.params["limit_set"]).alias(_SET),
        text("condition").str.to_lowercase().alias(_CONDITION),
        text("sector", call.params["sector"]).alias(_SECTOR),
        text("area", call.params["area"]).alias(_AREA),
        _scaled(nw.when(value >= 0).then(value), call.decimals["value"]).alias(_V),
        _scaled(nw.when(permit >= 0).then(permit), call.decimals["limit"]).alias(_PERMIT),
        text("valid", "yes").str.to_lowercase().is_in(words.NO).alias(_STATE),
        text("mark_late", "no").str.to_lowercase().is_in(words.YES).alias(_LATE),
        nw.lit(1, nw.Int64).alias(_TWICE),
    )
    frame = calendar.with_day(frame, _DAY, _DAY)
    key = nw.concat_str(exact.text(nw.col("outlet")), nw.col(_ITEM), separator="|")
    frame = frame.with_columns(key.fill_null("|").alias(_KEY))
    twice = exact.integer(nw.col(_TWICE).sum().over(_KEY, _SERIAL))
    return frame.with_columns(twice.alias(_TWICE))


def _scaled(value: nw.Expr, decimals: int) -> nw.Expr:
    """Return numbers at 10^-6; finer ones half-even."""
    if decimals <= SCALE:
        return exact.lifted(value, decimals, SCALE)
    return exact.div_half_even(value, exact.power10(decimals - SCALE))


def _asked(frame: Frame) -> list[tuple[str | None, str | None, str | None]]:
    """Return the combinations of sets, sectors and areas the rows name."""
    given = frame.select(_SET, _SECTOR, _AREA).unique().collect()
    columns = (given[name].to_list() for name in (_SET, _SECTOR, _AREA))
    return list(zip(*columns, strict=True))


def _narrowed(
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


def _with_limit(frame: Frame, rules: JudgingRules, found: Sequence[Piece], call: Call) -> Frame:
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
        piece.alias(_PIECE), top.alias(_TOP), floor.alias(_FLOOR), digits.alias(_DIGITS),
        order.alias(_ORDER), order_top.alias(_OTOP), order_digits.alias(_ODIGITS),
        unknown.alias(_UNKNOWN), _places_of_permit().alias(_PDIGITS),
    )  # fmt: skip
    return _strictest(frame)


def _number(value: Decimal | None) -> nw.Expr:
    return nw.lit(None if value is None else exact.scaled(value, SCALE), nw.Int64)


def _places(limit: Decimal) -> int:
    return max(0, -int(limit.as_tuple().exponent))


def _digits(one: Piece) -> int:
    return _places(one.limit if one.limit is not None else one.floor or Decimal(0))


def _holds(one: Piece, call: Call) -> nw.Expr:
    day = nw.col(_DAY)
    mine = (nw.col(_SET) == one.combination) & (day >= one.first) & (day <= one.last)
    if one.factor != "*":
        mine = mine & (nw.col(_ITEM) == one.factor)
    if one.when:
        side, _, degrees = one.when.rpartition("_")
        edge = int(degrees) * exact.power10(call.decimals["water_temperature"])
        water = nw.col(intake.number("water_temperature"))
        good = water > intake.UNUSABLE_SIGNED
        mine = mine & good & (water > edge if side == "above" else water <= edge)
    return mine.fill_null(value=False)


def _ordered(rule: Order, call: Call) -> nw.Expr:
    """Say whether a temporary limit holds for a row: area, day, kind of source, load."""
    day = nw.col(_DAY)
    kinds = nw.any_horizontal(
        *(nw.col(_SET).str.contains(f"/{kind}.", literal=True) for kind in rule.kinds),
        ignore_nulls=True,
    )
    mine = nw.col(_AREA).str.starts_with(rule.area) & (nw.col(_ITEM) == rule.factor) & kinds
    mine = mine & (day >= rule.first) & (day <= rule.last)
    if rule.least_load is not None:
        places = call.decimals["rated_load"]
        load = nw.col(intake.number("rated_load"))
        mine = mine & (load >= int(rule.least_load * exact.power10(places)))
    return mine.fill_null(value=False)


def _places_of_permit() -> nw.Expr:
    """Return the decimals of a permit limit, as few as say it in full."""
    places: nw.Expr = nw.lit(SCALE, nw.Int64)
    for digits in reversed(range(SCALE)):
        unit = exact.power10(SCALE - digits)
        whole = exact.floor_div(nw.col(_PERMIT), unit) * unit == nw.col(_PERMIT)
        places = nw.when(whole).then(nw.lit(digits, nw.Int64)).otherwise(places)
    return places


def _strictest(frame: Frame) -> Frame:
    """Take the lowest of the three limits; a tie goes to the set, then to the order."""
    top, permit, order = (nw.col(c) for c in (_TOP, _PERMIT, _OTOP))
    ordered = ~order.is_null() & (top.is_null() | (order < top))
    least = nw.when(ordered).then(order).otherwise(top)
    by_permit = ~permit.is_null() & (least.is_null() | (permit < least))
    settled = ~nw.col(_PIECE).is_null()
    source = nw.when(by_permit).then(_PERMITTED).when(ordered).then(_ORDERED)
    places = nw.when(by_permit).then(nw.col(_PDIGITS)).when(ordered).then(nw.col(_ODIGITS))
    return frame.with_columns(
        exact.integer(source.when(settled).then(_SETTLED)).alias(_FROM),
        exact.integer(places.otherwise(nw.col(_DIGITS))).alias(_DIGITS),
        exact.integer(nw.when(by_permit).then(permit).otherwise(least)).alias(_TOP),
    )


def _with_exemption(frame: Frame, rules: JudgingRules, seconds: int) -> Frame:
    """Add the window that exempts a row, counted from the first row of its condition."""
    condition = nw.col(_CONDITION)
    group, there = _name("group"), _name("there")
    frame = frame.with_columns(
        nw.concat_str(nw.col(_KEY), condition.fill_null(""), separator="|").alias(group),
        exact.integer(~condition.is_null()).alias(there),
    )
    frame = runs.with_runs(frame, there, _SERIAL, by=group, run=_RUN)
    first = exact.integer(nw.col(_SERIAL).min().over(group, _RUN))
    frame = frame.with_columns(((nw.col(_SERIAL) - first + 1) * seconds).alias(_SINCE))
    if any(w.by_year for w in rules.windows):
        frame = _with_year(frame, rules, seconds)
    if any(w.most is not None for w in rules.windows):
        frame = _in_order(frame)
        pm = frame.filter(nw.col(_ITEM) == PM).select("outlet", _SERIAL, nw.col(_V).alias(_PMV))
        pm = pm.group_by("outlet", _SERIAL).agg(nw.col(_PMV).max())
        frame = frame.join(pm, on=["outlet", _SERIAL], how="left")
        if _ORDERLY in frame.collect_schema():
            frame = frame.sort(_ORDERLY)
    exempt: nw.Expr = nw.lit(None, nw.Int64)
    for number, window in reversed(list(enumerate(rules.windows))):
        mine = _in_window(window)
        exempt = nw.when(mine).then(nw.lit(number, nw.Int64)).otherwise(exempt)
    if rules.fault_window is not None:
        within = nw.col(_SINCE) <= int(rules.fault_window * moments.HOUR)
        faulty = condition.is_in(list(rules.unlimited)) & within
        exempt = nw.when(faulty).then(nw.lit(len(rules.windows), nw.Int64)).otherwise(exempt)
    timely = nw.when(~nw.col(_LATE)).then(exempt)
    return frame.with_columns(exempt.alias(_name("window")), timely.alias(_EXEMPT))


def _in_order(frame: Frame) -> Frame:
    """Number the rows where the engine has an order: a join does not keep it."""
    if not frame.implementation.is_polars():
        return frame
    numbered: Frame = nw.from_native(frame.to_native().with_row_index(_ORDERLY))
    return numbered


def _with_year(frame: Frame, rules: JudgingRules, seconds: int) -> Frame:
    """Add the seconds of the conditions that share the hours of a year, up to each row."""
    year, counted = _name("year"), _name("counted")
    events = sorted({w.event for w in rules.windows if w.by_year})
    frame = frame.with_columns(
        exact.floor_div(nw.col(_DAY), 10_000).alias(year),
        exact.integer(nw.col(_CONDITION).is_in(events).fill_null(value=False)).alias(counted),
    )
    so_far = exact.integer(nw.col(counted).cum_sum().over(_KEY, year, order_by=_SERIAL))
    return frame.with_columns((so_far * seconds).alias(_USED))


def _in_window(window: Window) -> nw.Expr:
    sector = nw.col(_SECTOR)
    mine = (sector == window.sector) | sector.str.ends_with(f"_{window.sector}")
    mine = mine & (nw.col(_CONDITION) == window.event)
    counted = nw.col(_USED if window.by_year else _SINCE)
    mine = mine & (counted <= int(window.hours * moments.HOUR))
    if "*" not in window.factors:
        mine = mine & nw.col(_ITEM).is_in(list(window.factors))
    if window.most is not None:
        mine = mine & (nw.col(_PMV) <= exact.scaled(window.most, SCALE))
    return mine.fill_null(value=False)


def _compared(frame: Frame, rules: JudgingRules) -> Frame:
    """Round the value to the limit's decimals, hold it against both sides, and add the multiple."""
    unit: nw.Expr = nw.lit(1, nw.Int64)
    for digits in range(SCALE):
        number = nw.lit(exact.power10(SCALE - digits), nw.Int64)
        unit = nw.when(nw.col(_DIGITS) == digits).then(number).otherwise(unit)
    frame = frame.with_columns(unit.alias(_name("unit")))
    frame = exact.with_half_even(frame, {_C: (nw.col(_V), nw.col(_name("unit")))})
    frame = frame.with_columns((nw.col(_C) * nw.col(_name("unit"))).alias(_C))

    def beyond(value: str) -> nw.Expr:
        above = (nw.col(value) > nw.col(_TOP)).fill_null(value=False)
        return above | (nw.col(value) < nw.col(_FLOOR)).fill_null(value=False)

    limited = ~nw.col(_FROM).is_null() & ~nw.col(_V).is_null()
    frame = frame.with_columns(
        nw.when(limited).then(beyond(_C)).alias(_ABOVE),
        nw.when(limited).then(beyond(_V)).alias(_RAW),
    )
    apart = nw.when(nw.col(_C) > nw.col(_TOP)).then(nw.col(_C) - nw.col(_TOP))
    over = exact.guarded(apart * exact.power10(rules.multiple))
    divisor = nw.when(nw.col(_TOP) > 0).then(nw.col(_TOP))
    frame = exact.with_half_even(frame, {_MULTIPLE: (over, divisor)})
    return _with_state(frame, rules)


def _with_state(frame: Frame, rules: JudgingRules) -> Frame:
    """Add the word of the verdict."""
    invalid = nw.col(_STATE) | nw.col(_CONDITION).is_in(list(rules.voids)).fill_null(value=False)
    stopped = (nw.col(_CONDITION) == STOPPED).fill_null(value=False)
    above = nw.col(_ABOVE)
    usable = ~nw.col(_V).is_null() & (nw.col(_TWICE) == 1)
    state: nw.Expr = (
        nw.when(stopped).then(nw.lit("stopped"))
        .when(invalid).then(nw.lit("invalid"))
        .when(~usable).then(nw.lit("none"))
        .when(above.is_null()).then(nw.lit("none"))
        .when(~nw.col(_EXEMPT).is_null()).then(nw.lit("exempt"))
        .when(above).then(nw.lit("over"))
        .otherwise(nw.lit("within"))
    )  # fmt: skip
    frame = frame.with_columns(state.alias("verdict"))
    return frame.with_columns(exact.integer(nw.col("verdict") == "over").alias(_OVER))


def _with_episodes(frame: Frame) -> Frame:
    frame = runs.with_runs(frame, _OVER, _SERIAL, by=_KEY, run=_EPISODE)
    return frame.with_columns(
        runs.within(nw.col(_OVER).sum(), _KEY, _EPISODE).alias(_name("rows")),
        runs.within(nw.col(moments.SECOND).min(), _KEY, _EPISODE).alias(_FIRST),
    )


def _told(frame: Frame, rules: JudgingRules, found: Sequence[Piece], call: Call) -> Frame:
    """Add the results as people read them."""
    judged = nw.col("verdict").is_in(["over", "within"])
    above, source = nw.col(_ABOVE), nw.col(_FROM)
    second, day = nw.col(_FIRST), _name("first_day")
    frame = frame.with_columns(exact.floor_div(second, moments.DAY).alias(day))
    rest = exact.integer(second - nw.col(day) * moments.DAY)
    frame = calendar.with_day(frame.with_columns(rest.alias(_name("rest"))), day, day)
    began = moments.text(nw.col(day), nw.col(_name("rest")))
    decides = [n for n, one in enumerate(found) if one.decides]
    settled = (source == _SETTLED) & ~nw.col(_PIECE).is_in(decides)
    frame = frame.with_columns(
        limit_used=exact.to_float(nw.col(_TOP), SCALE),
        at_least=exact.to_float(nw.col(_FLOOR), SCALE),
        limit_from=nw.when(source == _PERMITTED).then(nw.lit("permit"))
        .when(source == _ORDERED).then(nw.lit("order"))
        .when(source == _SETTLED).then(nw.lit("set")),
        above=nw.when(above).then(nw.lit("yes")).when(~above).then(nw.lit("no")),
        decides=nw.when(judged & settled).then(nw.lit("no")).when(judged).then(nw.lit("yes")),
        multiple=exact.to_float(nw.when(above).then(nw.col(_MULTIPLE)), rules.multiple),
        episode=exact.integer(nw.when(nw.col(_OVER) == 1).then(nw.col(_EPISODE))),
        episode_rows=exact.integer(nw.when(nw.col(_OVER) == 1).then(nw.col(_name("rows")))),
        episode_start=nw.when(nw.col(_OVER) == 1).then(began),
        status=nw.when(judged).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        edition=nw.lit(rules.edition),
    )  # fmt: skip
    doubts = list(_doubts(rules, found))
    serious = [condition for condition, name in doubts if name != rules.compare]
    law: nw.Expr = nw.lit(value=False)
    for condition in serious:
        law = law | condition.fill_null(value=False)
    said = nw.col("verdict").is_in(["over", "within", "exempt"])
    provisional = nw.when(said & law).then(nw.lit("yes")).when(said).then(nw.lit("no"))
    frame = frame.with_columns(provisional=provisional)
    pieces = {
        "reason": list(_reasons(rules, found)),
        "unverified": [(said & condition, name) for condition, name in doubts],
        "clauses": list(_clauses(rules, found)),
    }
    frame = labels.with_pieces(frame, pieces)
    traced = exact.to_float(nw.col(_C), SCALE).alias("compared")
    marked = nw.when(~nw.col(_CONDITION).is_null()).then(nw.col(_SINCE))
    hours = exact.floor_div(marked, moments.HOUR).alias("condition_hours")
    return frame.with_columns(traced, hours) if call.trace else frame


def _piece(number: int) -> nw.Expr:
    return (nw.col(_PIECE) == number) & (nw.col(_FROM) == _SETTLED)


def _doubts(rules: JudgingRules, found: Sequence[Piece]) -> Iterator[labels.Piece]:
    """Yield what a verdict rests on that is not firm, one piece an id."""
    by_id: dict[str, nw.Expr] = {}

    def add(name: str, condition: nw.Expr) -> None:
        by_id[name] = by_id[name] | condition if name in by_id else condition

    exempt = nw.col("verdict") == "exempt"
    for number, one in enumerate(found):
        # what is over one limit is over, whatever another one may be that no source gives
        lost = (nw.col(_UNKNOWN) == number) & (nw.col("verdict") == "within")
        mine = lost if one.unknown else _piece(number) & ~exempt
        for name in one.doubts:
            add(name, mine.fill_null(value=False))
    for number, order in enumerate(rules.orders):
        mine = (nw.col(_ORDER) == number) & (nw.col(_FROM) == _ORDERED)
        for name in order.doubts:
            add(name, mine.fill_null(value=False))
    for number, window in enumerate(rules.windows):
        for name in window.doubts:
            add(name, (exempt & (nw.col(_EXEMPT) == number)).fill_null(value=False))
    if rules.fault_window is None:
        above = nw.col(_CONDITION).is_in(list(rules.unlimited)) & (nw.col("verdict") == "over")
        add(rules.fault_id, above.fill_null(value=False))
    if rules.compare_doubtful:
        other = (nw.col(_RAW) != nw.col(_ABOVE)) & ~exempt
        add(rules.compare, other.fill_null(value=False))
    for name, condition in by_id.items():
        yield condition, name


def _reasons(rules: JudgingRules, found: Sequence[Piece]) -> Iterator[labels.Piece]:
    value, permit = nw.col(intake.number("value")), nw.col(intake.number("limit"))
    yield nw.col(_CONDITION) == STOPPED, "stopped"
    yield nw.col(_STATE), "not_valid"
    yield nw.col(_CONDITION).is_in(list(rules.voids)), "device_mark"
    yield nw.col(_TWICE) > 1, "repeated_rows"
    yield value.is_null(), "missing:value"
    yield value < 0, "invalid:value"
    yield permit < 0, "invalid:limit"
    unlimited = nw.col(_FROM).is_null()
    yield nw.col(_SET).is_null() & unlimited, "no_limit_set"
    unknown = nw.col(_UNKNOWN)
    yield ~nw.col(_SET).is_null() & unlimited & unknown.is_null(), "no_limit"
    for number, one in enumerate(found):
        if one.unknown:
            yield unknown == number, f"unknown_value:{one.unknown}"
    for number, window in enumerate(rules.windows):
        yield nw.col(_EXEMPT) == number, f"exempt:{window.event}"
    if rules.fault_window is not None:
        yield nw.col(_EXEMPT) == len(rules.windows), "exempt:fault"
    else:
        faulty = nw.col(_CONDITION).is_in(list(rules.unlimited))
        faulty = faulty & (nw.col("verdict") == "over")
        yield faulty, f"unknown_value:{rules.fault_id}"
    yield nw.col(_LATE) & ~nw.col(_name("window")).is_null(), "mark_late"


def _clauses(rules: JudgingRules, found: Sequence[Piece]) -> Iterator[labels.Piece]:
    judged = nw.col("verdict").is_in(["over", "within"])
    yield judged, rules.compare
    yield judged & (nw.col(_FROM) == _PERMITTED), "permit"
    by_id: dict[str, nw.Expr] = {}
    for number, one in enumerate(found):
        for name in one.ids:
            mine = _piece(number)
            by_id[name] = by_id[name] | mine if name in by_id else mine
    for name, mine in by_id.items():
        yield mine & judged, name
    for number, order in enumerate(rules.orders):
        yield judged & (nw.col(_ORDER) == number) & (nw.col(_FROM) == _ORDERED), order.id
    for number, window in enumerate(rules.windows):
        yield nw.col(_EXEMPT) == number, window.id


def _outputs(_editions: Sequence[Edition], trace: bool) -> tuple[Column, ...]:
    mg = words.MG
    traced = (
        Column("compared", "比较值", "value rounded to the decimals of the limit", "number", mg),
        Column(
            "condition_hours", "工况持续时长", "hours since the condition began", "integer", "h"
        ),
    )
    return (
        Column("limit_used", "所用限值", "limit the value was held against", "number", mg),
        Column("at_least", "下限", "least value the limit allows, e.g. of pH", "number"),
        Column("limit_from", "限值来源", "set, permit (if stricter) or order"),
        Column("above", "是否超限", "yes or no, whatever exempts the row"),
        Column("verdict", "判定", "over, within, exempt, invalid, stopped, none"),
        Column("decides", "判定单位", "whether the standard judges by this average itself"),
        Column("multiple", "超标倍数", "multiple of the exceedance; empty without", "number", "1"),
        Column(
            "episode", "超标过程", "number of the run of rows above, per outlet and item", "integer"
        ),
        Column("episode_rows", "过程时数", "rows of the run", "integer"),
        Column("episode_start", "过程开始", "start of its first row"),
        words.STATUS,
        words.REASON,
        words.UNVERIFIED,
        words.PROVISIONAL,
        words.CLAUSES,
        words.EDITION,
        *(traced if trace else ()),
    )


EXCEEDANCE = AcrossRows(
    id="sources.exceedance",
    zh="排放口超标判定",
    en="Values of outlets against emission limits: exemption, multiple, episode",
    standard=STANDARD,
    default_edition=DEFAULT,
    inputs=(
        words.OUTLET,
        words.ITEM,
        words.START,
        Column("value", "浓度", "converted value of gas; mean of water, mg/L", "number", words.MG),
        Column("valid", "有效", "no: the value is not valid; empty is yes", optional=True),
        Column("condition", "工况标记",
               "stopped, start_up, cold_start, hot_start, shut_down, fault, … or a device mark",
               optional=True),
        Column("mark_late", "逾期标记", "yes: marked too late, nothing is exempt", optional=True),
        Column("limit", "许可限值", "limit of the permit", "number", words.MG, optional=True),
        Column("limit_set", "限值组", "GB13271-2014/coal_boiler.new; several joined by ;",
               optional=True),
        Column("sector", "行业", "of the windows: coal_boiler, thermal_power, cement_kiln, sinter, "
               "ceramics_brick, waste_incinerator", optional=True),
        Column("area", "行政区", "region code, for temporary orders", optional=True),
        Column("rated_load", "额定负荷", "of the boiler, for temporary orders", "number", "t",
               optional=True),
        Column("water_temperature", "水温", "for limits that depend on it", "number",
               words.CELSIUS, optional=True, signed=True),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding=(
        "The value is rounded half-even to the decimals its limit is written with, then compared; "
        "where the unrounded value gives another verdict the id of the convention stands in "
        "unverified. The multiple (C - S) / S half-even to two decimals."
    ),
    missing=(
        "No value: none. The strictest of set, order and permit holds. A limit no source gives: "
        "unknown_value:<id>, not judged unless another limit holds. Rows that rest on a value of "
        "mark C that is law, or on an edition whose day in force is unknown, are provisional: "
        "yes. Conditions are exempt for the hours of their window from the first row of the "
        "condition on, those of an incinerator for the hours a year grants all of them together; "
        "a fault or accident elsewhere has no known window: over, with its id in unverified. "
        "Late marks exempt nothing. An invalid, exempt or missing row ends an episode."
    ),
    params=(
        Param("averaging", "统计时段", "of the values: 1h, 24h, 5min, instant, sampled", "1h",
              one_of("averaging", tuple(SECONDS))),
        Param("limit_set", "限值组缺省值", "set of rows that name none", "", str.strip),
        Param("sector", "行业缺省值", "sector of rows that name none", "", str.strip),
        Param("area", "行政区缺省值", "area of rows that name none", "", str.strip),
    ),
)  # fmt: skip
