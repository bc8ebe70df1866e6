"""The monthly air bulletin's numbers: out of the ranking into plain data, and back into a report.

The plain data is what a frozen run keeps and hashes. Numbers are texts with exactly the
decimals that are published, so that no float stands between the verdict and the paper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from fenhe import standards
from fenhe.base.errors import BadInput
from fenhe.platform.documents.bulletin_sources import edition_use, unverified_values
from fenhe.platform.documents.monthly import (
    Days,
    Dust,
    ItemMonth,
    MonthlyReport,
    Name,
    Origin,
    PlaceMonth,
)
from fenhe.platform.registry.models import Region, Site
from fenhe.platform.verdicts import ranking, standing
from fenhe.platform.verdicts.judge import ITEMS
from fenhe.store import Store

Plain = dict[str, Any]
INDEX_PLACES = 2
RATE_PLACES = 1
GOOD_DUST = Name(
    "未提供沙尘影响日清单：全部日值参加统计，未作扣除。",
    "No list of sand-dust days was given: every daily value takes part, none is deducted.",
)


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
    rows = table.to_dicts()
    before = {row["site"]: row for row in ranking.table(store, mine.year_before()).to_dicts()}
    return {
        "region": dict(region),
        "month": f"{wanted.first:%Y-%m}",
        "subject": wanted.subject,
        "limits": wanted.limits,
        "index_edition": rows[0]["index_edition"],
        "places": [_place(row, names[row["site"]], wanted.limits) for row in rows],
        "mean_index": _mean_index(rows),
        "mean_index_prev": _mean_index(list(before.values())),
        "unverified": sorted({part for row in rows for part in _parts(row["unverified"])}),
    }


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
    rows = cities.values_list("code", "name_zh", "name_en")
    return {code: {"zh": zh, "en": en} for code, zh, en in rows}


def _place(row: Mapping[str, Any], name: Mapping[str, str], limits: str) -> Plain:
    return {
        "key": row["site"],
        "name": dict(name),
        "items": {item: _item(row, item, limits) for item in ITEMS},
        "index": _text(row["i_sum"], INDEX_PLACES),
        "largest": _parts(row["max_item"]),
        "rank": row["rank"],
        "previous_index": _text(row["i_prev"], INDEX_PLACES),
        "change": _text(row["rate"], RATE_PLACES),
        "change_rank": row["rank_improved"],
        "days": [row[f"days_{n}"] for n in ranking.LEVELS],
        "n_missing": row["n_missing"],
        "good_share": _text(row["good_share"], 1),
        "previous_good_share": _text(row["good_share_prev"], 1),
        "reason": [] if row["rank"] else _parts(row["reason"]),
        "input_digest": row["input_digest"],
    }


def _item(row: Mapping[str, Any], item: str, limits: str) -> Plain:
    return {
        "value": _text(row[item], _decimals(item, limits)),
        "n_valid": row[f"{item}_n_valid"],
        "n_due": row[f"{item}_n_due"],
        "multiple": _text(row[f"{item}_multiple"], 2),
        "complies": row[f"{item}_compliant"],
        "index": _text(row[f"i_{item}"], INDEX_PLACES),
    }


def _decimals(item: str, limits: str) -> int:
    """Return the decimals a statistic of an item is published with under HJ 663."""
    edition = standards.catalogue().on(
        standing.AREA_STANDARD, standards.catalogue().edition(limits).in_force_from
    )
    return int(edition.table("statistic_decimals").one(item=item)["decimals"])


def _text(value: float | None, places: int) -> str | None:
    if value is None:
        return None
    return str(Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN))


def _parts(text: str | None) -> list[str]:
    return [part for part in (text or "").split(";") if part]


def _mean_index(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the mean of the cities' indices, which is what a province's index means."""
    known = [Decimal(repr(row["i_sum"])) for row in rows if row["i_sum"] is not None]
    if not known:
        return None
    return str((sum(known, Decimal(0)) / len(known)).quantize(Decimal("0.01"), ROUND_HALF_EVEN))


def report(plain: Mapping[str, Any], origin: Origin) -> MonthlyReport:
    """Return the report of a bulletin's plain data."""
    year, month = (int(part) for part in plain["month"].split("-"))
    limits = standards.catalogue().edition(plain["limits"])
    aqi = standards.catalogue().on(standing.STANDARD, limits.in_force_from)
    rules = standards.catalogue().on(standing.AREA_STANDARD, limits.in_force_from)
    return MonthlyReport(
        region=_name(plain["region"]),
        year=year,
        month=month,
        places=tuple(_place_month(place) for place in plain["places"]),
        editions=(
            edition_use(limits.id, Name("限值", "limits")),
            edition_use(rules.id, Name("统计与评价", "statistics and evaluation")),
            edition_use(plain["index_edition"], Name("综合指数与排名", "composite index and rank")),
            edition_use(aqi.id, Name("空气质量级别", "levels of the index")),
        ),
        origin=origin,
        aqi_edition=aqi.id,
        mean=_mean(plain),
        mean_rule=Name("各城市综合指数的平均", "mean of the cities' composite indices"),
        source=_source(plain["subject"]),
        dust=Dust("none_supplied", rule=GOOD_DUST),
        unverified=unverified_values(plain["unverified"]),
    )


def _name(names: Mapping[str, str]) -> Name:
    return Name(names["zh"], names["en"])


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
        index=_number(plain["mean_index"]),
        previous_index=_number(plain["mean_index_prev"]),
    )


def _place_month(place: Mapping[str, Any]) -> PlaceMonth:
    days = tuple(place["days"])
    known = all(count is not None for count in days)
    return PlaceMonth(
        name=_name(place["name"]),
        items={item: _item_month(told) for item, told in place["items"].items()},
        index=_number(place["index"]),
        largest=tuple(place["largest"]),
        rank=place["rank"],
        previous_index=_number(place["previous_index"]),
        change=_number(place["change"]),
        change_rank=place["change_rank"],
        days=Days(days, place["n_missing"], _number(place["good_share"])) if known else None,
        previous_good_share=_number(place["previous_good_share"]),
        reason=tuple(place["reason"]),
    )


def _item_month(told: Mapping[str, Any]) -> ItemMonth:
    return ItemMonth(
        value=_number(told["value"]),
        valid_days=told["n_valid"],
        due_days=told["n_due"],
        multiple=_number(told["multiple"]),
        complies=told["complies"],
        index=_number(told["index"]),
    )


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def first_of(month: str) -> date:
    """Return the first day of a month such as ``2016-11``; ``BadInput`` for anything else."""
    try:
        return datetime.strptime(month, "%Y-%m").date()  # noqa: DTZ007
    except ValueError:
        raise BadInput(f"'{month}' is not a month; write 2016-11") from None
