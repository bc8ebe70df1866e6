"""What one new hour, the close of a day and one corrected hour cost a province that is judged.

A network whose last month stands judged under both editions, stations and cities, hours to year.
Then the next hour of every station arrives while its day is still running: from the commit of the
values until every hourly cell is true. Then the rest of that day and the first hour of the next:
the day is over, and its days, months, quarters and years are judged. Then one hour of one station
in the middle of the month is corrected. Beside them, in the same run: the full recomputation of
the month by the same formulas in memory, which writes nothing, and a plain read of its values.
Run: ``python benchmarks/incremental_hour.py [--stations 80,1500] [--days 31]``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import Report, Watch, watch

ITEMS = {"so2": 80, "no2": 120, "co": 3, "o3": 220, "pm10": 260, "pm25": 150}
FIRST = datetime(2026, 3, 1) - timedelta(hours=8)  # 1 March in Beijing
STATIONS_OF_A_CITY = 7
NONE = pl.DataFrame(
    schema={"raw_row": pl.Int64, "raw_column": pl.String, "text": pl.String, "reason": pl.String}
)


def name_of(number: int) -> str:
    return f"S{number:04d}"


def values(stations: int, first: int, hours: int) -> pl.DataFrame:
    """Return the hours ``first`` and after of every station: the same for the same numbers."""
    made = []
    for hour in range(first, first + hours):
        chance = np.random.default_rng(hour)
        for item, top in ITEMS.items():
            start = FIRST + timedelta(hours=hour)
            drawn = np.round(chance.random(stations) ** 2 * top + 1, int(item == "co"))
            made.append(_rows(item, start, drawn))
    return pl.concat(made).with_row_index("raw_row", 2).with_columns(pl.col("raw_row").cast(int))


def _rows(item: str, start: datetime, drawn: np.ndarray[Any, Any]) -> pl.DataFrame:
    return pl.DataFrame({"site": [name_of(n) for n in range(len(drawn))], "value": drawn}).select(
        "site",
        pl.lit(item).alias("item"),
        pl.lit("1h").alias("statistic"),
        pl.lit(start, pl.Datetime("us")).alias("start"),
        pl.lit(start + timedelta(hours=1), pl.Datetime("us")).alias("end"),
        "value",
        pl.lit(int(item == "co"), pl.UInt8).alias("decimals"),
    )


def enter(data: Path, stations: int) -> None:
    """Make the data folder, its cities and its stations."""
    os.environ["FENHE_CLOCK"] = "data"  # the present is the end of the newest hour
    from fenhe.platform import boot

    boot.prepare(data)
    from fenhe.platform.registry.models import Region, Site, SiteName
    from fenhe.platform.verdicts import standing

    province = Region.objects.create(code="140000", level="province", name_zh="省")
    cities = [f"14{n:04d}" for n in range(1, max(1, stations // STATIONS_OF_A_CITY) + 1)]
    for code in cities:
        Region.objects.create(code=code, level="city", name_zh=code, parent=province)
    keys = [name_of(n) for n in range(stations)]
    Site.objects.bulk_create(
        Site(key=key, region_id=cities[n % len(cities)]) for n, key in enumerate(keys)
    )
    SiteName.objects.bulk_create(SiteName(site_id=key, name_zh=key) for key in keys)
    standing.create()


def arrive(store: Any, rows: pl.DataFrame) -> None:
    """Store the rows as one import."""
    path = store.folder / "in.csv"
    path.write_text(f"{store.last_commit}")
    with store.begin_import("bench", store.raw.keep(path), "bench") as running:
        running.write(rows, NONE, rows.height)
        running.finish()


def judged(store: Any) -> Watch:
    """Let the engine work until nothing is left."""
    from fenhe.platform.verdicts import engine

    with watch() as taken:
        engine.catch_up(store)
    return taken


def recompute(store: Any) -> tuple[Watch, Watch, int]:
    """Read every value and compute every cell of it anew, in memory.

    Returned: the time of the plain read, that of all (with the read), how many cells there are.
    """
    from fenhe.platform.verdicts import judge
    from fenhe.platform.verdicts.models import Assessment

    with watch() as whole:
        with watch() as read:
            found = store.observations().select(judge.VALUES)
        made: dict[str, pl.DataFrame] = {}
        for grain in ("1h", "day", "month", "quarter", "year"):
            for subject in ("site", "city"):
                for one in Assessment.objects.filter(active=True, grain=grain, subject=subject):
                    made[one.key] = cells_of(one, found, made)
    return read, whole, sum(cells.height for cells in made.values())


def cells_of(assessment: Any, found: pl.DataFrame, made: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Return all cells of one assessment, from the values and from those it rests on."""
    from fenhe.platform.verdicts import daily, hours, judge

    question = hours.question_of(assessment)
    if assessment.grain == "1h":
        if assessment.subject == "city":
            return judge.city_cells(found, hours.city_members(), question)
        return judge.site_cells(found, question)
    if question.rests_on is None:
        return daily.site_days(found, question)
    if question.rests_on not in made:  # the daily index reads the days of the same place
        below = type(assessment).objects.get(key=question.rests_on)
        made[question.rests_on] = cells_of(below, found, made)
    days = made[question.rests_on]
    if "period" not in question.parameters:
        return daily.aqi_days(days, question)
    if question.parameters["period"] != "day":
        return daily.periods(days, question)
    day = (pl.col("start") + timedelta(hours=8)).dt.date()
    dates = days.select(day=day).unique()
    members = hours.city_members().join(dates, how="cross").select("area", "site", "day")
    return daily.city_days(days, members, question)


def network(stations: int, days: int) -> list[dict[str, Any]]:
    """Measure one size and return its figures."""
    report = Report("incremental_hour")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        enter(data, stations)
        from fenhe.platform import owner

        store = owner.store()
        at = days * 24
        named = f"{stations:,} stations: "
        arrive(store, values(stations, 0, at))
        report.rate(f"{named}the month, first judged", stations * at * len(ITEMS), judged(store))
        arrive(store, values(stations, at, 8))  # the day after has begun
        judged(store)
        store.maintain(timedelta(0))  # as the server's upkeep does every few minutes
        read, whole, cells = recompute(store)
        report.time(f"{named}yardstick: plain read of the month", read.seconds)
        report.time(f"{named}yardstick: full recomputation, {cells:,} cells", whole.seconds)
        taken = {}
        arrive(store, values(stations, at + 8, 1))
        taken["one new hour"] = judged(store)
        arrive(store, values(stations, at + 9, 16))
        taken["close of a day"] = judged(store)
        corrected = values(stations, 12 * 24 + 5, 1).filter(site=name_of(3), item="pm25")
        arrive(store, corrected.with_columns(value=pl.col("value") + 7))
        taken["one corrected hour"] = judged(store)
        owner.close()
    for what, one in taken.items():
        report.time(f"{named}{what}", one.seconds)
        report.time(f"{named}{what}, processor", one.cpu)
        ratio = one.seconds / whole.seconds
        report.ratio(f"{named}{what} / full recomputation", ratio, "bar: < 1", ratio < 1)
        report.ratio(f"{named}{what} / full recomputation, processor", one.cpu / whole.cpu)
        report.ratio(f"{named}{what} / plain read", one.seconds / read.seconds)
    return report.figures


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", default="80,1500", help="sizes, with a comma between")
    parser.add_argument("--days", type=int, default=31)
    given = parser.parse_args()
    report = Report("incremental_hour")
    sizes = [int(size) for size in given.stations.split(",")]
    for size in sizes:  # a process of its own: Django knows one data folder
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as one:
            report.figures += one.submit(network, size, given.days).result()
    print(f"saved {report.save()}")


if __name__ == "__main__":
    main()
