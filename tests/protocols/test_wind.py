"""Wind from a feed: points of the compass become degrees, codes stay codes, columns may lack."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.protocols.tables import feeds
from fenhe.protocols.tables.feeds.model import WEATHER
from fenhe.protocols.tables.parse import parse
from fenhe.protocols.tables.plausibility import examine
from fenhe.protocols.tables.table import TextBatch

DATA = Path(__file__).parents[1] / "data" / "feeds"
FOLDER = Path(feeds.__file__).parent
TEXT = (FOLDER / "uci-beijing.toml").read_text(encoding="utf-8")
COLUMNS = ("ts", "station", "so2", "no2", "co", "o3", "pm10", "pm25", "wd", "wspm")


def cells(wd: str | None, wspm: str | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Parse one row; return its wind observations and what was refused."""
    row = ("2016-12-01 01:00", "Dongsi", "5", "40", "800", "60", "100", "50", wd, wspm)
    frame = pl.DataFrame([row], schema=dict.fromkeys(COLUMNS, pl.String()), orient="row")
    parsed = parse(
        feeds.load("uci-beijing"), TextBatch(frame, pl.Series("row", [2], dtype=pl.Int64))
    )
    assert parsed.received == parsed.observations.height + parsed.rejected.height
    return parsed.observations.filter(pl.col("item").is_in(WEATHER)), parsed.rejected


def test_sixteen_points_are_the_middles_of_their_sectors() -> None:
    words = next(i for i in feeds.load("uci-beijing").items if i.item == "wind_direction").words
    assert len(words) == 16
    for word, degrees in words.items():
        found, _ = cells(word, None)
        assert found["value"].to_list() == [float(degrees)]
        assert found["decimals"].to_list() == [1 if "." in degrees else 0]
    assert words["N"] == "360"
    assert words["NNW"] == "337.5"


@pytest.mark.parametrize(
    ("wd", "wspm", "reason"),
    [
        ("999", "1.0", "out_of_range"),  # variable
        ("sideways", "1.0", "not_a_number"),
        ("N", "-1.0", "negative"),
        ("N", "999", "out_of_range"),
    ],
)
def test_codes_of_wind_are_kept_apart_with_their_text(wd: str, wspm: str, reason: str) -> None:
    found, rejected = cells(wd, wspm)
    assert found.height == 1
    assert rejected["reason"].to_list() == [reason]
    assert rejected["text"].to_list() == [wd if found["item"][0] == "wind_speed" else wspm]


def test_what_is_not_measured_is_not_received() -> None:
    found, rejected = cells("NA", None)
    assert found.height == rejected.height == 0


def test_a_file_without_wind_is_read_all_the_same(tmp_path: Path) -> None:
    frame = pl.read_parquet(DATA / "beijing_uci_2014-06-04_05.parquet").drop("wd", "wspm")
    path = tmp_path / "no_wind.parquet"
    frame.write_parquet(path)
    found = examine(feeds.load("uci-beijing"), path)
    assert found.ok
    assert [r.item for r in found.ranges if r.item in WEATHER] == []


def test_codes_of_wind_are_no_second_unit(tmp_path: Path) -> None:
    frame = pl.read_parquet(DATA / "beijing_uci_2014-06-04_05.parquet")
    coded = frame.with_columns(
        wspm=pl.when(pl.int_range(pl.len()) % 4 == 0).then(999.0).otherwise("wspm")
    )
    path = tmp_path / "coded.parquet"
    coded.write_parquet(path)
    found = examine(feeds.load("uci-beijing"), path)
    assert found.ok
    assert found.rejected == {"out_of_range": frame.height // 4}


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('unit = "m/s"', 'unit = "ug/m3"', "'ug/m3' is no unit of wind_speed"),
        ('item = "co"\nnames = ["co", "CO"]\nunit = "ug/m3"',
         'item = "co"\nnames = ["co", "CO"]\nunit = "deg"', "'deg' is no unit of co"),
        ('NNE = "22.5"', "NNE = 22.5", "'NNE' must be a number written as text"),
        ('NNE = "22.5"', 'NNE = "north"', "'NNE' must be a number written as text"),
    ],
)  # fmt: skip
def test_a_broken_description_of_wind_is_refused(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    assert old in TEXT
    path = tmp_path / "uci-beijing.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadInput, match=why):
        feeds.read(path)
