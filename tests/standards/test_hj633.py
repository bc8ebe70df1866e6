"""HJ 633: break points against a second transcription, categories, rules of both editions."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from fenhe.base.errors import UnknownValue
from fenhe.standards import catalogue

EDITIONS = ("HJ633-2012", "HJ633-2026")

# columns as the standards print them; a dash: no value; 2012|2026 where they differ
COLUMNS = "so2.24h so2.1h no2.24h no2.1h co.24h co.1h o3.8h o3.1h pm10.24h pm25.24h"
POINTS = """
0   0    0   0   0    0  0   0   0    0       0
50  50   150 40  100  2  5   100 160  50      35
100 150  500 80  200  4  10  160 200  150|120 75|60
150 475  650 180 700  14 35  215 300  250     115
200 800  800 280 1200 24 60  265 400  350     150
300 1600 -   565 2340 36 90  800 800  420     250
400 2100 -   750 3090 48 120 -   1000 500     350
500 2620 -   940 3840 60 150 -   1200 600     500
"""


def _transcribed(edition: int) -> dict[tuple[str, int], Decimal]:
    found = {}
    for line in POINTS.strip().splitlines():
        iaqi, *cells = line.split()
        for column, cell in zip(COLUMNS.split(), cells, strict=True):
            if cell != "-":
                found[column, int(iaqi)] = Decimal(cell.split("|")[edition if "|" in cell else 0])
    return found


@pytest.mark.parametrize("edition", [0, 1], ids=EDITIONS)
def test_break_points(edition: int) -> None:
    rows = catalogue().edition(EDITIONS[edition]).table("breakpoints").rows
    loaded = {(f"{r['item']}.{r['averaging']}", r["iaqi"]): r["conc"] for r in rows}
    assert len(rows) == len(loaded) == 75
    assert loaded == _transcribed(edition)
    assert all(r.mark == "A" and r.source and r.clause != "unknown" for r in rows)


@pytest.mark.parametrize("edition_id", EDITIONS)
def test_categories_follow_each_other(edition_id: str) -> None:
    rows = catalogue().edition(edition_id).table("categories").rows
    assert [row["level"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row["zh"] for row in rows] == [
        "优",
        "良",
        "轻度污染",
        "中度污染",
        "重度污染",
        "严重污染",
    ]
    assert [row["upper"] for row in rows] == [50, 100, 150, 200, 300, None]
    assert all(low["upper"] + 1 == high["lower"] for low, high in pairwise(rows))
    for row in rows:
        rgb = [int(part) for part in row["rgb"].split(",")]
        assert row["hex"] == "#{:02X}{:02X}{:02X}".format(*rgb)
        assert all(row[f"{part}_{lang}"] for part in ("health", "advice") for lang in ("zh", "en"))


def test_first_band_and_wording_changed_in_2026() -> None:
    old, new = (catalogue().edition(e).table("categories").rows for e in EDITIONS)
    assert (old[0]["lower"], new[0]["lower"]) == (0, 1)
    assert "易感人群" in old[2]["health_zh"]
    assert "敏感人群" in new[2]["health_zh"]
    assert new[2]["advice_zh"].startswith("青少年儿童")
    assert not any(word in str(row.cells) for row in new for word in ("易感", "心脏病", "肺病"))


def test_items_of_the_reports() -> None:
    for edition_id, daily in (
        ("HJ633-2012", "so2 no2 co o3_8h o3_1h pm10 pm25"),
        ("HJ633-2026", "so2 no2 co o3_8h pm10 pm25"),
    ):
        table = catalogue().edition(edition_id).table("report_items")
        assert [row["column"] for row in table.where(report="daily")] == daily.split()
        hourly = table.where(report="hourly")
        assert [row["column"] for row in hourly] == ["so2", "no2", "co", "o3", "pm10", "pm25"]
        assert [row["breakpoints"] for row in hourly] == ["1h", "1h", "1h", "1h", "24h", "24h"]
    assert len(catalogue().edition("HJ633-2012").value("hourly_items_named").value) == 9


def test_rules_that_differ() -> None:
    old, new = (catalogue().edition(e) for e in EDITIONS)
    assert old.value("concentration_rounding").mark == "C"
    assert old.value("concentration_rounding").kind == "convention"
    assert old.value("concentration_rounding").alternatives == ("unrounded",)
    assert new.value("concentration_rounding").mark == "A"
    assert (old.value("cap").integer, old.value("cap").mark, old.value("cap").kind) == (
        500,
        "C",
        "law",
    )
    assert (new.value("cap").integer, new.value("cap").mark) == (500, "A")
    assert old.value("missing_items").text == "publish_rest"
    assert new.value("missing_items").text == "publish_only_above"
    assert new.value("missing_publish_above").integer == 100
    assert "exceeding_above" in old.values
    assert "exceeding_above" not in new.values
    assert (new.value("zero_index").mark, new.value("zero_index").firm) == ("C", False)


def test_above_the_last_break_point() -> None:
    old, new = (catalogue().edition(e).table("beyond") for e in EDITIONS)
    assert old.one(item="so2", averaging="1h")["use_averaging"] == "24h"
    assert old.one(item="o3", averaging="8h")["use_averaging"] == "1h"
    assert new.one(item="so2", averaging="1h")["iaqi"] == 200
    assert new.one(item="o3", averaging="8h")["iaqi"] == 300
    for table in (old, new):
        assert {row["above"] for row in table} == {Decimal(800)}


def test_sensitive_groups() -> None:
    table = catalogue().edition("HJ633-2026").table("sensitive_groups")
    assert table.one(item="co")["groups"] == ("cardiovascular",)
    assert len(table.one(item="pm25")["groups"]) == 6


def test_an_unknown_value_raises_only_when_used() -> None:
    value = catalogue().edition("HJ633-2012").value("daily_by")
    assert not value.known
    assert not value.firm
    with pytest.raises(UnknownValue, match=r"HJ633-2012/daily_by.*no clock time.*overlay") as error:
        _ = value.value
    assert error.value.value_id == "HJ633-2012/daily_by"


@pytest.mark.parametrize("edition_id", ["HJ663-2013", "HJ663-2026"])
def test_what_hj663_says_of_cities_carries_its_marks(edition_id: str) -> None:
    edition = catalogue().edition(edition_id)
    assert (edition.value("city_value").mark, edition.value("city_value").text) == (
        "B",
        "mean_of_city_sites",
    )
    shares = [
        edition.value(name) for name in ("city_share", "city_share_small", "city_small_below")
    ]
    assert [share.integer for share in shares] == [75, 50, 4]
    assert {(share.mark, share.kind) for share in shares} == {("C", "convention")}
    assert edition.table("hour_decimals").one(item="co")["decimals"] == 1
