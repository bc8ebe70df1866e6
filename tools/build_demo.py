"""Cut the packaged demonstration files out of the larger source files.

    .venv/bin/python tools/build_demo.py FOLDER

FOLDER holds the sources as ``src/fenhe/platform/demo/data/SOURCES.md`` names them:
``air/beijing_uci_hourly_4stations.parquet``, ``air/shanxi_station_hour_2020-04.parquet``,
``air/cnemc_station_hour_national.parquet``, ``air/shanxi_stations.csv``,
``air/city_daily_2013-12_2016-11.parquet`` and ``geo/rivers_ne10m_shanxi_bbox.geojson``.
Nothing is corrected, filled or left out within the chosen hours and days: what the
demonstration shows is what was published. Running it twice gives the same bytes.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import demo_stations
import polars as pl

OUT = Path(__file__).parent.parent / "src/fenhe/platform/demo/data"
UCI_FIRST = datetime(2013, 3, 1)
UCI_FROM, UCI_TO = datetime(2016, 12, 1), datetime(2017, 1, 31, 23)
CITIES_FROM = datetime(2015, 1, 1)  # all of Shanxi's cities from here on
CRAWL_TO = datetime(2020, 4, 6, 2)  # the crawl broke off within the hour after
# column of the UCI file -> column of the source table
UCI_VALUES = {
    "PM2.5": "pm25", "PM10": "pm10", "SO2": "so2", "NO2": "no2", "CO": "co", "O3": "o3",
    "TEMP": "temp", "PRES": "pres", "DEWP": "dewp", "RAIN": "rain", "wd": "wd", "WSPM": "wspm",
}  # fmt: skip
RIVERS = ("name", "name_en")


def main(folder: Path) -> None:
    """Write every packaged file that comes from a source file."""
    OUT.mkdir(parents=True, exist_ok=True)
    beijing(folder / "air/beijing_uci_hourly_4stations.parquet")
    cities = sorted({row["city"] for row in _rows(folder / "air/shanxi_stations.csv")})
    shanxi_hours(folder / "air/shanxi_station_hour_2020-04.parquet")
    shanxi_snapshots(folder / "air/cnemc_station_hour_national.parquet", cities)
    city_days(folder / "air/city_daily_2013-12_2016-11.parquet")
    _write("stations.csv", demo_stations.COLUMNS, stations(folder))
    rivers(folder / "geo/rivers_ne10m_shanxi_bbox.geojson")
    for path in sorted(OUT.iterdir()):
        print(f"{path.stat().st_size:>9,} {path.name}")


def beijing(source: Path) -> None:
    """Write one file a station in the layout UCI publishes: NA for missing, CO in µg/m³."""
    frame = pl.read_parquet(source).filter(pl.col("ts").is_between(UCI_FROM, UCI_TO))
    header = ["No", "year", "month", "day", "hour", *UCI_VALUES, "station"]
    for station in sorted(frame["station"].unique().to_list()):
        rows = frame.filter(pl.col("station") == station).sort("ts").iter_rows(named=True)
        name = f"PRSA_Data_{station}_{UCI_FROM:%Y%m%d}-{UCI_TO:%Y%m%d}.csv"
        _write(name, header, (_uci_row(row) for row in rows))


def _uci_row(row: dict[str, Any]) -> list[str]:
    ts: datetime = row["ts"]
    number = int((ts - UCI_FIRST).total_seconds()) // 3600 + 1
    head = [str(part) for part in (number, ts.year, ts.month, ts.day, ts.hour)]
    return [*head, *(_single(row[name]) or "NA" for name in UCI_VALUES.values()), row["station"]]


def shanxi_hours(source: Path) -> None:
    """Write the hours of April 2020, names and published verdicts as they stand in the crawl."""
    frame = pl.read_parquet(source).filter(pl.col("ts") <= CRAWL_TO)
    frame = frame.sort("ts", "city", "station_name")
    _write("shanxi_station_hour_2020-04.csv", frame.columns, _texts(frame))


def shanxi_snapshots(source: Path, cities: list[str]) -> None:
    """Write Shanxi's rows of the four hours of 2018 and 2019."""
    frame = pl.read_parquet(source).filter(pl.col("city").is_in(cities)).sort("ts", "station_code")
    _write("shanxi_station_hour_2018-2019.csv", frame.columns, _texts(frame))


def city_days(source: Path) -> None:
    """Write the days of 2015 and 2016, as far as they go, of every city, columns as they are."""
    frame = pl.read_parquet(source).filter(pl.col("date") >= CITIES_FROM).sort("city", "date")
    frame.write_parquet(OUT / "city_daily_2015-2016.parquet", compression_level=19)


def stations(folder: Path) -> Iterator[list[str]]:
    """Yield the station list's rows; a cell without a value is empty."""
    for row in demo_stations.rows(folder):
        yield [row.get(column, "") for column in demo_stations.COLUMNS]


def rivers(source: Path) -> None:
    """Write the rivers with their names, coordinates to four decimals (about ten metres)."""
    collection = json.loads(source.read_text(encoding="utf-8"))
    features = [
        {
            "type": "Feature",
            "properties": {key: feature["properties"].get(key) or "" for key in RIVERS},
            "geometry": {
                "type": feature["geometry"]["type"],
                "coordinates": _rounded(feature["geometry"]["coordinates"]),
            },
        }
        for feature in collection["features"]
    ]
    text = json.dumps(
        {"type": "FeatureCollection", "features": features},
        ensure_ascii=False,
        separators=(",", ":"),
    )
    (OUT / "rivers.geojson").write_text(text + "\n", encoding="utf-8")


def _rounded(part: Any) -> Any:
    return [_rounded(p) for p in part] if isinstance(part, list) else round(part, 4)


def _texts(frame: pl.DataFrame) -> Iterator[list[str]]:
    for row in frame.iter_rows():
        yield [_text(value) for value in row]


def _text(value: Any) -> str:
    """Return a cell as its source showed it; a null is an empty cell, a whole number has no dot.

    White space of the web pages that the crawl kept inside texts becomes one blank.
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return " ".join(str(value).split())


def _single(value: Any) -> str:
    """Return a value kept in single precision as the shortest decimal that means it."""
    if isinstance(value, float):
        import numpy as np

        value = float(str(np.float32(value)))
    return _text(value)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _write(name: str, header: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    with (OUT / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python tools/build_demo.py FOLDER")
    main(Path(sys.argv[1]))
