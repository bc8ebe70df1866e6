"""From values and facts to the cells of outlets: frames in, frames out; no database.

The engine writes what these functions return, the evidence runs them again for one hour, and
a full recomputation is the same call over everything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.methods import frames, prepared
from fenhe.methods import registry as methods
from fenhe.platform.registry.models import Outlet
from fenhe.platform.verdicts.judge import DIGEST_BYTES, Question, day_number, in_force
from fenhe.platform.verdicts.outlets import basis, inputs
from fenhe.platform.verdicts.outlets.keys import EPOCH, HOUR, hour_number, start_of

HOURLY, EXCEEDANCE = "sources.hourly", "sources.exceedance"
MINUTES, LOGGER = "minutes", "logger_hour"
OXYGEN, FLOWS, TEMPERATURE = "a19001", ("a00000", "w00000"), "w01010"
AUXILIARY = "^(a0.*|a19001|w00000)$"  # states of the gas, oxygen and flows have no limits
SCALE = 6
_KEY = ["site", "item", "hour"]
_SENSED = (
    "n_valid", "n_rows", "n_due", "n_void", "chain_minutes", "valid", "value", "mean_of_valid",
    "o2", "o2_ref", "converted", "flow", "volume", "mass", "alarm", "status", "reason",
    "unverified", "clauses", "edition",
)  # fmt: skip
_JUDGED = (
    "verdict", "above", "limit_used", "at_least", "limit_from", "reference_o2", "decides",
    "multiple", "status", "reason", "unverified", "provisional", "clauses", "edition",
)  # fmt: skip
_TRACED = ("compared", "condition_hours")


@dataclass(frozen=True)
class Asked:
    """The questions of one medium's hours and of their verdicts."""

    gas: Question
    water: Question
    verdict: Question

    def hourly(self, medium: str) -> Question:
        """Return the question the hours of a medium are judged by."""
        return self.water if medium == Outlet.Medium.WATER else self.gas


# ---------------------------------------------------------------- hours


def hours(rows: pl.DataFrame, facts: basis.Facts, asked: Asked, medium: str) -> pl.DataFrame:
    """Return one cell an outlet of the medium, item and hour that holds any value.

    ``source`` says what it was computed from: ``minutes:1min`` (the finest records of the hour),
    or ``logger_hour`` where an item has none in that hour. ``logger`` and ``logger_converted``
    are the logger's own hour, beside it.
    """
    keys = [key for key, one in facts.outlets.items() if one.medium == medium]
    mine = rows.filter(pl.col("site").is_in(keys))
    records = inputs.steps(mine)
    parts = [
        _computed(part, facts, asked.hourly(medium), f"{MINUTES}:{step // 60}min")
        for (step,), part in records.partition_by("step", as_dict=True).items()
    ]
    logger = mine.filter(pl.col("statistic") == inputs.LOGGER).with_columns(step=pl.lit(3600))
    unsaid = logger.join(records.select(_KEY).unique(), on=_KEY, how="anti")
    if unsaid.height:
        beside = logger.join(
            unsaid.select("site", "hour").unique(), on=["site", "hour"], how="semi"
        )
        judged = _computed(beside, facts, asked.hourly(medium), LOGGER)
        parts.append(judged.join(unsaid.select(_KEY).unique(), on=_KEY, how="semi"))
    if not parts:
        return pl.DataFrame()
    found = pl.concat(parts)
    for name, statistic in (
        ("logger", inputs.LOGGER),
        ("logger_converted", inputs.LOGGER_CONVERTED),
    ):
        told = inputs.logged(mine, statistic).rename({"value": name})
        found = found.join(told, on=_KEY, how="left")
    return _named(found, asked.hourly(medium))


def _computed(
    rows: pl.DataFrame, facts: basis.Facts, question: Question, source: str
) -> pl.DataFrame:
    """Run the method over records of one step."""
    step = int(rows["step"][0])
    rows = rows.join(_references(rows, facts), on=_KEY, how="left")
    told = rows.select(
        "item",
        "value",
        "o2_ref",
        outlet="site",
        start_unix=pl.col("start").dt.epoch("s"),
        mark=pl.when("void").then(pl.lit("void")),
    )
    decimals = {"value": _most(rows), "o2_ref": SCALE}
    made = prepared.apply(
        methods.method(HOURLY),
        told,
        edition=question.edition,
        params={**question.parameters, "step": str(step)},
        decimals=decimals,
    )
    found = made.select(
        "item",
        *(pl.col(name) for name in _SENSED if name in made.columns),
        site="outlet",
        hour=pl.col("start_unix") // 3600,
        source=pl.lit(source),
    )
    found = found.join(_digests(rows, question, source), on=_KEY, how="left")
    return _conformed(found, _SENSED)


def _most(rows: pl.DataFrame) -> int:
    top = rows["decimals"].max()
    return min(int(top), 9) if isinstance(top, int) else 0


def _references(rows: pl.DataFrame, facts: basis.Facts) -> pl.DataFrame:
    """Return the reference oxygen of each pollutant of gas and hour: site, item, hour, o2_ref."""
    made = []
    known: dict[tuple[str, str, date], float | None] = {}
    for site, item, hour in rows.select(_KEY).unique().iter_rows():
        day = beijing.day_of(start_of(hour))
        if (site, item, day) not in known:
            known[site, item, day] = _reference(facts, site, item, day)
        made.append((site, item, hour, known[site, item, day]))
    schema = {"site": pl.String, "item": pl.String, "hour": pl.Int64, "o2_ref": pl.Float64}
    return pl.DataFrame(made, schema, orient="row")


def _reference(facts: basis.Facts, site: str, item: str, day: date) -> float | None:
    gas = facts.outlets[site].medium == Outlet.Medium.GAS
    if not gas or item == OXYGEN or item.startswith("a0"):
        return None
    found = basis.reference(facts.on(site, day), facts.permit(site, item, day), item, day)
    return None if found is None else float(found)


def _digests(rows: pl.DataFrame, question: Question, source: str) -> pl.DataFrame:
    """Return a digest of the records of each item and hour, and of its reference."""
    said = pl.concat_str(
        pl.col("start").dt.epoch("s"), pl.lit("="), pl.col("value"), pl.lit("/"), "decimals",
        pl.when("void").then(pl.lit("!")).otherwise(pl.lit("")),
    )  # fmt: skip
    reference = pl.col("o2_ref").first().cast(pl.String).fill_null("")
    lines = rows.group_by(_KEY).agg(said.sort().str.join(";").alias("said"), reference)
    salt = f"{question.salt}|{source}"
    line = pl.concat_str(pl.lit(f"{salt}|"), "o2_ref", pl.lit("|"), "said")
    return lines.select(*_KEY, input_digest=line.map_elements(_hash, return_dtype=pl.String))


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()


def _conformed(found: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """Return the columns of the method in one order, those it left out as null numbers."""
    absent = [pl.lit(None, pl.Float64).alias(n) for n in names if n not in found.columns]
    return found.with_columns(absent).select(*_KEY, "source", "input_digest", *names)


def _named(found: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Return cells as the store wants them: object, start and end, what computed them."""
    start = pl.lit(EPOCH, dtype=pl.Datetime("us")) + pl.duration(hours=pl.col("hour"))
    return found.with_columns(start=start, day=day_number(start)).select(
        pl.concat_str("site", pl.lit("/"), "item").alias("site"),
        "start",
        pl.exclude("site", "start", "day", "hour"),
        end=pl.col("start") + HOUR,
        in_force=in_force(pl.col("day"), question.edition),
        method_version=pl.lit(question.version),
    )


# ---------------------------------------------------------------- verdicts


def verdicts(
    cells: pl.DataFrame, facts: basis.Facts, asked: Asked, *, trace: bool = False
) -> pl.DataFrame:
    """Return the verdict of every pollutant's hour, from its hourly cell and the registry.

    Held against the set of limits of the outlet's facts and its permit. What the method is told
    stands in the cell: value, valid, condition, mark_late, limit (of the permit), limit_set,
    sector, area. A permit whose unit can not be read, or a set there is none of, judges nothing
    and is told in ``basis``.
    """
    if cells.is_empty():
        return pl.DataFrame()
    rows = _told(cells, facts)
    if rows.is_empty():
        return pl.DataFrame()
    method = methods.method(EXCEEDANCE)
    context = pl.DataFrame(list(_context(rows, facts)), rows.schema)
    made = frames.apply(
        method,
        pl.concat([rows, context]),
        edition=asked.verdict.edition,
        params=asked.verdict.parameters,
        decimals=dict.fromkeys(("value", "limit", "rated_load", "water_temperature"), SCALE),
        trace=trace,
    )
    judged = made.filter(pl.col("wanted"))
    names = (*_JUDGED, *(_TRACED if trace else ()))
    kept = (
        "source", "value", "valid", "condition", "mark_late", "limit", "limit_set", "sector",
        "area", "basis", "hour_reason", "n_valid", "n_due",
    )  # fmt: skip
    found = judged.select(
        "item",
        *kept,
        *names,
        site="outlet",
        hour=pl.col("start_unix") // 3600,
        input_digest=_line(asked.verdict).map_elements(_hash, return_dtype=pl.String),
    )
    return _named(found, asked.verdict)


def _line(question: Question) -> pl.Expr:
    names = (
        "hour_digest", "condition", "mark_late", "limit", "limit_set", "sector", "area",
        "rated_load", "water_temperature",
    )  # fmt: skip
    parts = [pl.col(name).cast(pl.String).fill_null("") for name in names]
    return pl.concat_str(pl.lit(question.salt), *parts, separator="|")


def _told(cells: pl.DataFrame, facts: basis.Facts) -> pl.DataFrame:
    """Return what the method is told of each pollutant's hour."""
    length = pl.col("site").str.len_chars() - pl.col("item").str.len_chars() - 1
    split = cells.with_columns(outlet=pl.col("site").str.head(length), hour=hour_number("start"))
    water = split.filter(pl.col("item") == TEMPERATURE)
    warm = water.select("outlet", "hour", water_temperature="value")
    rows = split.filter(~pl.col("item").str.contains(AUXILIARY), pl.col("item") != TEMPERATURE)
    gas = [key for key, one in facts.outlets.items() if one.medium == Outlet.Medium.GAS]
    value = pl.when(pl.col("outlet").is_in(gas)).then("converted").otherwise("value")
    rows = rows.join(warm, on=["outlet", "hour"], how="left").select(
        "outlet", "item", "source", "n_valid", "n_due", "valid", "water_temperature",
        start_unix=pl.col("hour") * 3600,
        value=value,
        hour_reason="reason",
        hour_digest="input_digest",
    )  # fmt: skip
    schema = {
        "condition": pl.String, "mark_late": pl.String, "limit": pl.Float64, "basis": pl.String,
        "limit_set": pl.String, "sector": pl.String, "area": pl.String, "rated_load": pl.Float64,
    }  # fmt: skip
    keys = rows.select("outlet", "item", pl.col("start_unix") // 3600).iter_rows()
    said = pl.DataFrame([_facts_of(facts, *key) for key in keys], schema)
    return pl.concat([rows, said], how="horizontal").with_columns(wanted=pl.lit(value=True))


def _facts_of(facts: basis.Facts, site: str, item: str, hour: int) -> dict[str, Any]:
    day = beijing.day_of(start_of(hour))
    fact, permit = facts.on(site, day), facts.permit(site, item, day)
    mark = facts.condition(site, item, hour)
    told, limit = "", None
    try:
        limit = basis.permitted(permit)
    except BadInput:
        told = "unit_of_permit"
    named = fact.limit_set if fact else ""
    if not basis.readable(named):
        told, named = "unknown_limit_set", ""
    heavy = fact is not None and fact.rated_unit in basis.TONNES and fact.rated_load is not None
    return {
        "condition": basis.condition_of(mark),
        "mark_late": "yes" if basis.is_late(mark) else "no",
        "limit": None if limit is None else float(limit),
        "basis": told,
        "limit_set": named or None,
        "sector": fact.sector or None if fact else None,
        "area": facts.outlets[site].site.region_id,
        "rated_load": float(fact.rated_load) if fact and heavy else None,
    }


def _context(rows: pl.DataFrame, facts: basis.Facts) -> Iterator[dict[str, Any]]:
    """Yield the hours of conditions before those judged, which windows are counted from.

    Marks alone say which they are: an hour without data counts as well.
    """
    there = set(rows.select("outlet", "item", "start_unix").iter_rows())
    marked = rows.filter(pl.col("condition").is_not_null())
    for site, item, last in (
        marked.group_by("outlet", "item").agg(pl.col("start_unix").max()).iter_rows()
    ):
        own = rows.filter(pl.col("outlet") == site, pl.col("item") == item).row(0, named=True)
        for hour in sorted(_marked_hours(facts, site, last // 3600)):
            if (site, item, hour * 3600) in there:
                continue
            said = _facts_of(facts, site, item, hour)
            if said["condition"] is not None:
                empty = {"value": None, "valid": "no", "wanted": False, "start_unix": hour * 3600}
                yield {**own, **said, **empty}


def _marked_hours(facts: basis.Facts, site: str, last: int) -> set[int]:
    """Return the hours of conditions up to one, as far as a window may reach back: a year."""
    year = beijing.day_of(start_of(last)).year
    first = (beijing.start_of(date(year - 1, 1, 1)) - EPOCH) // HOUR
    found: set[int] = set()
    for mark in facts.marks.get(site, ()):
        since, until = basis.span(mark)
        if mark.kind == mark.Kind.FACILITY:
            found |= set(range(max(since, first), min(until, last + 1)))
    return found
