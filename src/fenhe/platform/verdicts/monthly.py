"""The monthly air bulletin's numbers: out of the standing cells into plain data, and a report.

The plain data is what a frozen run keeps and hashes. The cells go through the one mapping of
``documents.monthly_frames``; ``documents.monthly_plain`` writes what came of it as exact texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import polars as pl

from fenhe import standards
from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.platform.documents import monthly_frames, monthly_plain
from fenhe.platform.documents.bulletin_sources import edition_use, unverified_values
from fenhe.platform.documents.monthly import ITEMS, Dust, MonthlyReport, Name, Origin, PlaceMonth
from fenhe.platform.documents.monthly_frames import Frames, Rules
from fenhe.platform.documents.monthly_plain import Plain, name_of, number
from fenhe.platform.registry.models import Region, Site
from fenhe.platform.verdicts import daily, ranking, standing
from fenhe.store import Store

NO_LIMIT = "no_limit"  # a month has none for the basic items: no reason to withhold an index
MOST_NAMED = 5


def collect(
    store: Store,
    wanted: ranking.Wanted,
    region: Mapping[str, str],
    names: Mapping[str, Mapping[str, str]],
) -> Plain:
    """Return everything a bulletin of one month says, as plain data.

    ``region`` (``code zh en``) and ``names`` (key -> ``zh en``): the place and its cities, called
    as they were when the bulletin was made. Raises ``BadInput`` when no city has a cell.
    """
    mine = ranking.Wanted(**{**vars(wanted), "targets": tuple(sorted(names))})
    table = ranking.table(store, mine)
    if table.is_empty():
        raise BadInput(f"no city of {region['zh']} is judged in {wanted.first:%Y-%m}")
    before = ranking.table(store, mine.year_before())
    frames = _frames(store, mine, table)
    rules = _rules(wanted.limits, table["index_edition"][0])
    judged = {row["site"]: row["input_digest"] for row in table.iter_rows(named=True)}
    called = {key: name_of(names[key]) for key in judged}
    made = monthly_frames.places(frames, called, rules)
    return {
        "region": dict(region),
        "month": f"{wanted.first:%Y-%m}",
        "subject": wanted.subject,
        "limits": wanted.limits,
        "index_edition": rules.index.id,
        "places": [
            {**monthly_plain.place(place, key), "input_digest": judged[key]}
            for key, place in zip(called, made, strict=True)
        ],
        "absent": [dict(names[key]) for key in sorted(names) if key not in judged],
        "mean_index": _mean_index(table),
        "mean_index_prev": None if before.is_empty() else _mean_index(before),
        "unverified": list(monthly_frames.unverified_ids(frames)),
    }


def _frames(store: Store, wanted: ranking.Wanted, table: pl.DataFrame) -> Frames:
    """Return what the bulletin is made of: the month's cells, their days, the ranking of them."""
    start, end = wanted.span
    targets = table["site"].to_list()
    index = standards.catalogue().on(standing.STANDARD, _limits(wanted.limits).in_force_from)

    def cells(key: str, until: datetime, columns: Sequence[str] | None = None) -> pl.DataFrame:
        found = store.cells.read(key, targets, start, until, wanted.as_of, columns=columns)
        return found.rename({"site": "area"})

    of_day = [f"{item}_compliant" for item in ITEMS]
    area = pl.col("site").alias("area")
    reason = pl.when(pl.col("rank").is_null()).then(_without_limits(pl.col("reason")))
    days = [*(f"days_{n}" for n in ranking.LEVELS), "n_missing", "good_share"]
    return Frames(
        period=cells(standing.air_key("month", wanted.subject, wanted.limits), start + _HOUR),
        index=table.select(
            area, pl.col("^(i_.*|max_item|rank|unverified)$"), reason.alias("reason")
        ),
        daily=cells(
            standing.air_key("day", wanted.subject, wanted.limits), end, [*of_day, "unverified"]
        ),
        days=table.select(area, *days),
        previous_days=table.select(area, good_share="good_share_prev"),
        change=table.select(area, "i_prev", "rate", "rank_improved"),
        indices=cells(standing.daily_key(wanted.subject, index.id), end, ["unverified"]),
    )


_HOUR = beijing.HOUR


def _without_limits(reason: pl.Expr) -> pl.Expr:
    """Leave out of the reasons that a month has no limits of its own, and what is told twice."""

    def kept(text: str) -> str:
        parts = [part for part in dict.fromkeys(text.split(";")) if part != NO_LIMIT]
        short = {p.partition(":")[2] for p in parts if p.startswith("below_minimum:")}
        return ";".join(p for p in parts if p.removeprefix("missing:") not in short)

    return reason.map_elements(kept, return_dtype=pl.String)


def _limits(limits: str) -> standards.Edition:
    return standards.catalogue().edition(limits)


def _rules(limits: str, index: str) -> Rules:
    edition = _limits(limits)
    evaluation = standards.catalogue().on(standing.AREA_STANDARD, edition.in_force_from)
    return Rules(edition, evaluation, standards.catalogue().edition(index))


def places(subject: str, region: Region) -> dict[str, dict[str, str]]:
    """Return the cities of a region that may be ranked: key -> names."""
    if subject == "published":
        sites = Site.objects.filter(kind=Site.Kind.CITY, region__path__startswith=region.path)
        found = {}
        for site in sites.prefetch_related("names"):
            name = next(iter(site.names.all()), None)
            zh, en = (name.name_zh, name.name_en) if name else (site.key, "")
            found[site.key] = {"zh": zh, "en": en}
        return found
    cities = Region.objects.filter(path__startswith=region.path).exclude(level=Region.Level.COUNTY)
    rows = list(cities.values_list("code", "name_zh", "name_en", "path"))
    above = {part for code, _zh, _en, path in rows for part in path.split("/") if part != code}
    return {code: {"zh": zh, "en": en} for code, zh, en, _path in rows if code not in above}


def _mean_index(table: pl.DataFrame) -> str | None:
    """Return the mean of the cities' indices, which is what a province's index means."""
    known = [Decimal(repr(index)) for index in table["i_sum"].drop_nulls()]
    if not known:
        return None
    return str((sum(known, Decimal(0)) / len(known)).quantize(Decimal("0.01"), ROUND_HALF_EVEN))


def report(plain: Mapping[str, Any], origin: Origin) -> MonthlyReport:
    """Return the report of a bulletin's plain data."""
    year, month = (int(part) for part in plain["month"].split("-"))
    rules = _rules(plain["limits"], plain["index_edition"])
    aqi = standards.catalogue().on(standing.STANDARD, rules.limits.in_force_from)
    return MonthlyReport(
        region=name_of(plain["region"]),
        year=year,
        month=month,
        places=tuple(monthly_plain.place_of(place) for place in plain["places"]),
        editions=(
            edition_use(rules.limits.id, Name("限值", "limits")),
            edition_use(rules.evaluation.id, Name("统计与评价", "statistics and evaluation")),
            edition_use(rules.index.id, Name("综合指数与排名", "composite index and rank")),
            edition_use(aqi.id, Name("空气质量级别", "levels of the index")),
        ),
        origin=origin,
        aqi_edition=aqi.id,
        mean=_mean(plain),
        mean_rule=Name("各城市综合指数的平均", "mean of the cities' composite indices"),
        source=_source(plain["subject"]),
        validity=tuple(_validity(plain)),
        notes=tuple(_absent(plain.get("absent", []))),
        dust=Dust("none_supplied"),
        unverified=unverified_values(plain["unverified"]),
    )


def _validity(plain: Mapping[str, Any]) -> Iterator[Name]:
    """Say how many valid days a month needs, and what is not known of published values."""
    rules = daily.rules_of(plain["limits"])
    days, february = rules.month_days_alone, rules.february_days_alone
    code = _rules(plain["limits"], plain["index_edition"]).evaluation.code
    yield Name(
        f"某项目一个月内有效日均值不少于 {days} 天（2 月不少于 {february} 天）时，"
        f"该项目的月统计值有效（{code}）；无效的统计值不列出，其城市无综合指数、不参加排名。",
        f"A month's statistic of an item is valid with at least {days} valid days ({february} in "
        f"February) by {code}. Any other is left out, and its city has neither composite index "
        "nor rank.",
    )
    if plain["subject"] == "published":
        yield Name(
            "公布的日均值未附小时数，按有效计。",
            "Daily values were published without their number of hours; they count as valid.",
        )


def _absent(names: Sequence[Mapping[str, str]]) -> Iterator[Name]:
    """Name the cities that have no day in the month."""
    if not names:
        return
    called = [name_of(name) for name in names]
    zh = "、".join(name.zh for name in called[:MOST_NAMED])
    en = ", ".join(name.of("en") for name in called[:MOST_NAMED])
    if len(called) > MOST_NAMED:
        zh, en = f"{zh}等 {len(called)} 个城市", f"{en} and others ({len(called)} in all)"
    yield Name(f"本月无数据：{zh}。", f"No data in this month: {en}.")


def _source(subject: str) -> Name:
    if subject == "published":
        return Name("各城市公布的日均值。", "Daily values published for each city.")
    return Name("各城市点位小时值。", "Hourly values of the stations of each city.")


def _mean(plain: Mapping[str, Any]) -> PlaceMonth | None:
    if plain["mean_index"] is None:
        return None
    return PlaceMonth(
        Name("平均", "Mean"),
        {},
        index=number(plain["mean_index"]),
        previous_index=number(plain["mean_index_prev"]),
    )


def first_of(month: str) -> date:
    """Return the first day of a month such as ``2016-11``; ``BadInput`` for anything else."""
    try:
        return datetime.strptime(month, "%Y-%m").date()  # noqa: DTZ007
    except ValueError:
        raise BadInput(f"'{month}' is not a month; write 2016-11") from None
