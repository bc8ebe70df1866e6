"""Make the demonstration's station list out of the lists and feeds that name stations.

A station's names, codes and coordinates are dated. Where the day of a change is not known, the
later fact holds from the day it was first seen; each row says so in ``source``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import shapely

from fenhe.platform.demo import boundaries
from fenhe.protocols.geo import gcj02_to_wgs84
from fenhe.protocols.tables.station_names import clean_name, read_note

COLUMNS = (
    "site", "name", "name_en", "region", "code", "lon", "lat", "datum", "valid_from", "valid_to",
    "public", "published", "counts_for_city", "source",
)  # fmt: skip
LISTED = date(2022, 2, 13)  # the day of the station list
LAST_BEFORE = date(2022, 2, 12)
LIST = "station list of 2022-02-13 (zkzkok/mydata)"
FEED = "feed of 2018-02-20 to 2019-07-23"
SAME_PLACE = 50.0  # metres: nearer readings are one place written with other digits
CRAWL = (date(2020, 4, 2), date(2020, 4, 6))
# The same place under a later code, as the list of 2022 shows: former code -> later code.
REISSUED = {"1089A": "3618A", "2164A": "3620A", "2866A": "3670A"}
# The UCI names that are plainly the feed's names in Latin letters; Shunyi is not among them.
BEIJING = {"Aotizhongxin": "奥体中心", "Dingling": "定陵", "Dongsi": "东四"}


@dataclass(frozen=True)
class Sources:
    """The tables the list is made from."""

    listed: list[dict[str, str]]
    feed: pl.DataFrame
    crawl: pl.DataFrame

    @classmethod
    def read(cls, folder: Path) -> Sources:
        """Read them from the source folder."""
        with (folder / "air/shanxi_stations.csv").open(encoding="utf-8", newline="") as file:
            listed = list(csv.DictReader(file))
        return cls(
            listed,
            pl.read_parquet(folder / "air/cnemc_station_hour_national.parquet"),
            pl.read_parquet(folder / "air/shanxi_station_hour_2020-04.parquet"),
        )


def rows(folder: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of the station list: Shanxi by code, stale listings, Beijing."""
    sources = Sources.read(folder)
    by_code = {row["station_code"]: row for row in sources.listed}
    later = set(REISSUED.values())
    cities = {row["name_zh"].removesuffix("市"): row["code"] for row in boundaries.divisions()}
    finder = CountyFinder()
    for code, row in sorted(by_code.items()):
        if code not in later:
            yield from _shanxi(row, by_code.get(REISSUED.get(code, "")), sources, cities, finder)
    yield from _stale_listings(sources.crawl, cities)
    yield from _beijing(sources.feed)


class CountyFinder:
    """Finds the county of a point whose datum nobody stated."""

    def __init__(self) -> None:
        """Read the counties."""
        features = boundaries.shanxi(tolerance=0.0)["features"]
        counties = [f for f in features if f["properties"]["level"] == "county"]
        self._codes = [f["properties"]["code"] for f in counties]
        self._tree = shapely.STRtree([shapely.geometry.shape(f["geometry"]) for f in counties])

    def county(self, lon: float, lat: float) -> str | None:
        """Return the county both readings of the coordinates agree on (WGS-84, GCJ-02)."""
        x, y = gcj02_to_wgs84(np.array([lon]), np.array([lat]))
        found = {self._at(lon, lat), self._at(float(x[0]), float(y[0]))}
        return found.pop() if len(found) == 1 else None

    def _at(self, lon: float, lat: float) -> str | None:
        hits = self._tree.query(shapely.Point(lon, lat), predicate="within")
        return self._codes[int(hits[0])] if len(hits) == 1 else None


def _shanxi(
    row: dict[str, str],
    reissued: dict[str, str] | None,
    sources: Sources,
    cities: dict[str, str],
    finder: CountyFinder,
) -> Iterator[dict[str, str]]:
    places = _places(row, sources.feed)
    counties = {finder.county(float(lon), float(lat)) for _, lon, lat, _ in places if lon}
    county = counties.pop() if len(counties) == 1 else None
    base = {
        "site": row["station_code"],
        "region": county or cities[row["city"]],
        "public": "yes",
        "published": "yes",
        "counts_for_city": "no" if row["is_control_site"] == "True" else "yes",
        "datum": "unknown",
    }
    opened, closed = _opened(row, sources.crawl), _day(row["closed_on"])
    for name, code, since, until, why in _names(row, reissued, sources.feed, opened, closed):
        for start, stop, lon, lat, where in _spans(places, since, until):
            yield base | {
                "name": name,
                "code": code,
                "lon": lon,
                "lat": lat,
                "valid_from": start.isoformat() if start else "",
                "valid_to": stop.isoformat() if stop else "",
                "source": f"name: {why}; {where}",
            }


Place = tuple[date | None, str, str, str]  # first day (None: always), lon, lat, source


def _places(row: dict[str, str], feed: pl.DataFrame) -> list[Place]:
    """Return where the station stood, oldest first; a new place only where it differs."""
    seen: list[Place] = []
    mine = feed.filter(pl.col("station_code") == row["station_code"]).sort("ts")
    for ts, lon, lat in mine.select("ts", "lon", "lat").iter_rows():
        if lon is not None:
            seen.append((ts.date(), repr(lon), repr(lat), f"place: {FEED}"))
    if not seen and row["lon_feed"]:
        seen.append((None, row["lon_feed"], row["lat_feed"], f"place: {FEED}"))
    if row["lon"]:
        seen.append((LISTED, row["lon"], row["lat"], f"place: {LIST}"))
    places: list[Place] = []
    for day, lon, lat, source in seen:
        if not places:
            places.append((None, lon, lat, source))
        elif _metres(places[-1], lon, lat) > SAME_PLACE:
            places.append((day, lon, lat, f"{source}, day of the move unknown"))
    return places or [(None, "", "", "no place in any source")]


def _metres(place: Place, lon: str, lat: str) -> float:
    """Return how far a point lies from a place (flat, good to 1 %)."""
    scale = np.cos(np.radians(float(lat)))
    east, north = (float(place[1]) - float(lon)) * scale, float(place[2]) - float(lat)
    return float(np.hypot(east, north)) * 111_320.0


Named = tuple[str, str, date | None, date | None, str]  # name, code, from, to, source


def _names(
    row: dict[str, str],
    reissued: dict[str, str] | None,
    feed: pl.DataFrame,
    opened: date | None,
    closed: date | None,
) -> list[Named]:
    """Return the station's names and codes in order of time."""
    code, name = row["station_code"], row["name_source"]
    if reissued:
        change = f"{LIST}: code re-issued, day unknown"
        return [
            (name, code, opened, LAST_BEFORE, LIST),
            (reissued["name_source"], reissued["station_code"], LISTED, closed, change),
        ]
    mine = feed.filter(pl.col("station_code") == code)
    plain = mine.with_columns(plain=pl.Series(map(_plain, mine["station_name"]), dtype=pl.String))
    former = plain.filter(pl.col("plain") != row["name"]).sort("ts")
    if former.is_empty():
        return [(name, code, opened, closed, LIST)]
    seen: date = plain.filter(pl.col("plain") == row["name"]).sort("ts")["ts"].to_list()[0].date()
    until = date.fromordinal(seen.toordinal() - 1)
    renamed = f"{LIST}: name first seen {seen}, day of the change unknown"
    return [
        (former["plain"][0], code, opened, until, FEED),
        (name, code, seen, closed, renamed),
    ]


def _spans(
    places: list[Place], since: date | None, until: date | None
) -> Iterator[tuple[date | None, date | None, str, str, str]]:
    """Cut a name's span of days where the place changes."""
    for here, after in zip(places, [*places[1:], None], strict=True):
        start = max(filter(None, (here[0], since)), default=None)
        last = date.fromordinal(after[0].toordinal() - 1) if after and after[0] else None
        stop = min(filter(None, (last, until)), default=None)
        if not (start and stop and stop < start):
            yield start, stop, here[1], here[2], here[3]


def _opened(row: dict[str, str], crawl: pl.DataFrame) -> date | None:
    """Return the first day a bracketed note of any source gives."""
    same_city = crawl.filter(pl.col("city") == row["city"])["station_name"].unique().to_list()
    texts = [name for name in same_city if _plain(name) == row["name"]]
    for text in sorted([row["name_source"], row["name_feed"], *texts]):
        if opened := read_note(clean_name(text).note).opened_on:
            return opened
    return None


def _plain(text: str) -> str:
    return clean_name(text).name


def _day(text: str) -> date | None:
    """Read ``161122`` or ``20161122``; empty gives None."""
    if not text:
        return None
    return date.fromisoformat(text if len(text) == 8 else f"20{text}")


def _stale_listings(crawl: pl.DataFrame, cities: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yield listings of the crawl that repeat one value for the whole period.

    The same station reports live under the same name with or without a bracketed note, so a
    listing is told from it by its exact text, which stands here as its code.
    """
    listings = crawl.group_by("city", "station_name").agg(
        pl.col("pm25").n_unique().alias("pm25"),
        pl.col("o3").n_unique().alias("o3"),
        pl.col("o3").count().alias("n"),
        live=pl.lit(1),
    )
    frozen = listings.filter((pl.col("n") > 1) & (pl.col("o3") == 1) & (pl.col("pm25") == 1))
    names = set(crawl["station_name"].to_list())
    number = 0
    for city, text in frozen.select("city", "station_name").sort("city", "station_name").rows():
        plain = _plain(text)
        if not any(name != text and _plain(name) == plain for name in names):
            continue  # no live twin: its own name and dates say what it is
        number += 1
        yield {
            "site": f"listing-{number}",
            "name": f"停更条目 {text}"
            if text == plain
            else f"停更条目 {plain} {text[len(plain) :]}",
            "name_en": f"stale listing {text}",
            "region": cities[city],
            "code": text,
            "datum": "unknown",
            "valid_from": CRAWL[0].isoformat(),
            "valid_to": CRAWL[1].isoformat(),
            "public": "no",
            "published": "no",
            "counts_for_city": "no",
            "source": "crawl of 2020-04: this listing repeats one value for all hours",
        }


def _beijing(feed: pl.DataFrame) -> Iterator[dict[str, str]]:
    common: dict[str, Any] = {
        "region": "110000", "datum": "unknown", "public": "yes", "published": "yes",
        "counts_for_city": "yes",
    }  # fmt: skip
    for name_en, name in BEIJING.items():
        mine = feed.filter((pl.col("city") == "北京") & (pl.col("station_name") == name)).sort("ts")
        code, lon, lat = mine.select("station_code", "lon", "lat").row(0)
        yield common | {
            "site": code, "name": name, "name_en": name_en, "code": code,
            "lon": repr(lon), "lat": repr(lat),
            "source": f"UCI name; code and coordinates of the {FEED}, matched by name",
        }  # fmt: skip
    yield common | {
        "site": "uci-shunyi", "name": "顺义", "name_en": "Shunyi",
        "source": "UCI name; no station of exactly this name in the feed, place unknown",
    }  # fmt: skip
