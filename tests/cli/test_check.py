"""``fenhe check``: series of a file in, flags and coverage out; nothing needs a store."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from fenhe.base.errors import BadInput
from fenhe.cli.check import read_config
from fenhe.cli.main import cli

HOUR = timedelta(hours=1)
START = datetime(2026, 4, 1)
CONFIG = """
[edition]
id = "MINE-2026"
standard = "MINE"
code = "MINE-2026"
title_zh = "检查参数"
title_en = "Numbers of checks"
in_force_from = 2026-01-01
scope = "one outlet"
source = "its own good data"

[value.reach]
zh = "步数"
en = "Steps"
value = "1.5"
unit = "1"
source = "half a step"
mark = "C"
kind = "tuning"

[table.range]
zh = "范围"
en = "Range"
key = ["parameter", "statistic"]
unit = "mg/m³"
source = "measuring range of the instrument"
mark = "C"
kind = "tuning"
columns = { parameter = "text", statistic = "text", low = "decimal?", high = "decimal?" }
rows = [{ parameter = "a21026", statistic = "*", low = 0, high = 150 }]
"""


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["check", *map(str, words)], catch_exceptions=False)


def hours(values: list[str], item: str = "a21026") -> str:
    rows = [f"x,{item},1h,{START + n * HOUR:%Y-%m-%d %H:%M},{v}" for n, v in enumerate(values)]
    return "\n".join(["site,item,statistic,start,value", *rows]) + "\n"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "mine" / "2026.toml"
    path.parent.mkdir()
    path.write_text(CONFIG, encoding="utf-8")
    return path


def test_flags_and_coverage_of_a_csv(tmp_path: Path, own: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text(hours(["10", "160", "9999.99", "12"]), encoding="utf-8")
    flags, seen = tmp_path / "flags.csv", tmp_path / "seen.csv"
    result = run(source, "--config", own, "-o", flags, "--coverage", seen)
    assert result.exit_code == 0
    assert "3 values checked by MINE-2026" in result.stderr
    rows = pl.read_csv(flags, try_parse_dates=True, schema_overrides={"reason": pl.String})
    assert rows.select("check", "start", "limit", "reason").rows() == [
        ("range", START + HOUR, "0 .. 150", "160"),
        ("sentinel", START + 2 * HOUR, None, "9999.99"),
    ]
    covered = pl.read_csv(seen, try_parse_dates=True).select("check", "start", "end").rows()
    assert covered == [
        ("range", START, START + 2 * HOUR),
        ("range", START + 3 * HOUR, START + 4 * HOUR),
    ]


def test_parquet_with_times_of_its_own_and_air_as_the_default(tmp_path: Path) -> None:
    source, flags = tmp_path / "in.parquet", tmp_path / "flags.parquet"
    starts = [START + n * HOUR for n in range(12)]
    pl.DataFrame(
        {
            "site": "s",
            "item": "no2",
            "statistic": "1h",
            "start_utc": starts,
            "end_utc": [start + HOUR for start in starts],
            "value": [40.0] * 11 + [400.0],
        }
    ).write_parquet(source)
    assert run(source, "-o", flags).exit_code == 0
    found = pl.read_parquet(flags).select("check", "start_utc").rows()
    assert found == [("flat", starts[0]), ("range", starts[11]), ("rate", starts[11])]


def test_one_check_alone(tmp_path: Path, own: Path) -> None:
    source, flags = tmp_path / "in.csv", tmp_path / "flags.json"
    source.write_text(hours(["40"] * 8 + ["200"]), encoding="utf-8")
    run(source, "-o", flags, "--config", "SOURCEQC-2026", "--check", "flat")
    assert pl.read_json(flags)["check"].to_list() == ["flat"]


def test_neighbours_are_compared_where_their_places_are_known(tmp_path: Path) -> None:
    source, flags = tmp_path / "in.csv", tmp_path / "flags.csv"
    rows = [
        f"{s},no2,1h,2026-04-01 00:00,{v}" for s, v in zip("abcd", (40, 42, 41, 250), strict=True)
    ]
    source.write_text("\n".join(["site,item,statistic,start,value", *rows]), encoding="utf-8")
    places = tmp_path / "places.csv"
    places.write_text(
        "site,lon,lat\n" + "\n".join(f"{s},112.{n},37.9" for n, s in enumerate("abcd", 1)),
        encoding="utf-8",
    )
    run(source, "-o", flags, "--places", places, "--check", "neighbour")
    found = pl.read_csv(flags)
    assert found.select("site", "check", "reason").rows() == [("d", "neighbour", "250, 3 × 41")]
    run(source, "-o", flags, "--places", places, "--near", "1", "--check", "neighbour")
    assert pl.read_csv(flags).is_empty()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("site,item,value\nx,so2,1\n", "in.csv: the table needs the column start"),
        ("site,item,start,value\nx,so2,soon,1\n", "row 2, column start: 'soon' is not a time"),
        (
            "site,item,start,value\nx,so2,2026-04-01 01:00,low\n",
            "row 2, column value: 'low' is not",
        ),
    ],
)
def test_what_can_not_be_used_is_named(tmp_path: Path, text: str, told: str) -> None:
    source = tmp_path / "in.csv"
    source.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as error:
        run(source, "-o", tmp_path / "flags.csv")
    assert told in str(error.value)
    assert not (tmp_path / "flags.csv").exists()


def test_a_configuration_that_is_none_is_named(tmp_path: Path, own: Path) -> None:
    with pytest.raises(BadInput, match="there is no such file"):
        read_config(str(tmp_path / "odd.toml"))
    with pytest.raises(BadInput, match="HJ633-2012 holds no checks"):
        read_config("HJ633-2012")
    own.write_text(CONFIG.replace('"decimal?", high', '"odd", high'), encoding="utf-8")
    with pytest.raises(BadInput, match=r"mine/2026\.toml"):
        read_config(str(own))
