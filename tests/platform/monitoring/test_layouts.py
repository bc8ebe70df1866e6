"""Files of one column a station, city tables and saved interface answers, through the store."""

from __future__ import annotations

import gzip
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.platform import verbs
from fenhe.platform.monitoring import imports
from fenhe.platform.registry import homes
from fenhe.platform.registry.models import Region, Site, SiteName
from fenhe.platform.verdicts import engine, sources, standing
from fenhe.platform.workflow.acts import local_actor
from fenhe.store import Store
from tests.platform.conftest import World, load

FEEDS = Path(__file__).parents[2] / "data" / "feeds"
WIDE = FEEDS / "china_sites_20140604_excerpt.csv.gz"
CITIES = FEEDS / "city_daily_2016-11.parquet"
TAIYUAN = FEEDS / "taiyuan_daily_2013-10_12.csv"


def bring(path: Path, feed: str, region: str = "140000") -> dict[str, int]:
    """Load a file as the command line does, entering whom nobody knows."""
    args = {"path": str(path), "feed": feed, "new_stations": region}
    verbs.run("examine", args, local_actor())
    receipt: dict[str, int] = verbs.run("import", args, local_actor())
    assert receipt["received"] == receipt["stored"] + receipt["duplicate"] + receipt["rejected"]
    return receipt


def test_a_file_of_one_column_a_station_is_loaded_whole(store: Store) -> None:
    receipt = bring(WIDE, "china-sites")
    table = pl.read_csv(WIDE, infer_schema=False)
    kept = table.filter(~pl.col("type").str.ends_with("_24h") & (pl.col("type") != "AQI"))
    filled = kept.drop("date", "hour", "type").select(pl.all().count()).sum_horizontal()[0]
    assert receipt["received"] == filled
    again = next(name for name in table.columns if name.startswith("1441A_"))
    assert receipt["duplicate"] == kept[again].count() > 100
    assert receipt["rejected"] == 0
    row = store.observations(["1934A"], ["co"]).row(0, named=True)
    assert (row["start"], row["value"], row["decimals"]) == (datetime(2014, 6, 3, 15), 1.43, 2)


def test_the_same_file_again_and_the_evidence_of_a_value(store: Store) -> None:
    first = bring(WIDE, "china-sites")
    again = bring(WIDE, "china-sites")
    assert (again["stored"], again["duplicate"]) == (0, first["received"])
    rows = store.observations(["1081A", "1441A"], ["pm25"]).group_by("site").first()
    for row in sources.with_bytes(store, rows):
        assert row["raw_column"] == row["site"]
        assert row["raw_columns"] == ["date", "hour", "type", row["site"]]
        assert row["raw_cells"][2] == "PM2.5"
        assert float(row["raw_text"]) == row["value"]


def test_two_values_of_a_repeated_column_are_both_kept(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "china_sites.csv"
    path.write_text(
        "date,hour,type,1441A,1081A,1441A\n20140604,3,SO2,5,7,6\n20140604,3,CO,0.5,,0.5\n",
        encoding="utf-8",
    )
    receipt = bring(path, "china-sites")
    assert (receipt["received"], receipt["stored"], receipt["duplicate"]) == (5, 4, 1)
    start = datetime(2014, 6, 3, 18)
    stands = store.observations(["1441A"], ["so2"])
    former = store.history("1441A", "so2", "1h", start)
    assert (stands["value"].to_list(), former["value"].to_list()) == ([6.0], [5.0])
    flags = store.flags(["1441A"])
    assert flags["check"].to_list() == ["repeated_hour"]
    both = pl.concat([stands.select(former.columns[:10]), former.select(former.columns[:10])])
    told = [row["raw_column"] for row in sources.with_bytes(store, both)]
    assert told == ["1441A (column 6)", "1441A"]


def test_stations_nobody_knows_wait_with_the_text_of_their_cells(store: Store) -> None:
    record = load(WIDE, "china-sites")
    assert record.stored == 0
    assert record.received == record.rejected
    waiting = store.quarantine().filter(pl.col("raw_row") == 2 + 13, column="1934A")
    assert waiting.select("text", "reason").rows() == [("1.43", "unknown_station:1934A")]
    assert store.quarantine().filter(column="1441A (column 16)").height > 100


def test_days_before_any_edition_are_checked_by_the_one_the_feed_names(tmp_path: Path) -> None:
    assert imports.look(WIDE, "china-sites").ok
    text = gzip.decompress(WIDE.read_bytes()).decode()
    wrong = "\n".join(
        ",".join(cell + "9" if at > 2 and cell else cell for at, cell in enumerate(row.split(",")))
        if ",AQI," in row
        else row
        for row in text.splitlines()
    )
    path = tmp_path / "wrong.csv"
    path.write_text(wrong, encoding="utf-8")
    assert "aqi_differs" in [reason.code for reason in imports.look(path, "china-sites").reasons]


def test_a_city_table_is_loaded_into_a_store_that_knows_one_province(
    store: Store, world: World
) -> None:
    receipt = bring(CITIES, "city-daily")
    assert (receipt["received"], receipt["stored"]) == (720, 720)
    made = Site.objects.filter(kind=Site.Kind.CITY).order_by("key")
    assert [(site.key, site.region_id) for site in made] == [
        ("city:140100", "140100"),
        ("city:140200", "140200"),
        ("city:上海", "140000"),
        ("city:北京", "140000"),
    ]
    assert not any(site.counts_for_city or site.published for site in made)
    day = store.observations(["city:140100"], ["pm25"], statistic="24h").row(0, named=True)
    assert (day["start"], day["end"]) == (datetime(2016, 10, 31, 16), datetime(2016, 11, 1, 16))
    ozone = store.observations(["city:140100"], statistic="mda8")
    assert (ozone["item"].unique().to_list(), ozone.height) == (["o3"], 30)
    assert SiteName.objects.get(site="city:140100").name_zh == "太原市"


def test_a_city_is_found_with_and_without_its_rank_and_is_no_station(
    store: Store, world: World, tmp_path: Path
) -> None:
    bring(CITIES, "city-daily")
    named = SiteName.objects.create(site=world.inside, name_zh="大同")
    path = tmp_path / "one.csv"
    path.write_text(
        "date,city,pm25,pm10,so2,no2,co,o3_8h\n2016-12-01,大同市,40,80,20,30,0.9,70\n",
        encoding="utf-8",
    )
    assert load(path, "city-daily").stored == 6
    assert store.observations(["city:140200"], ["so2"], statistic="24h").height == 31
    assert store.observations([named.site_id], statistic="24h").is_empty()


def test_city_series_enter_no_mean_of_stations(store: Store) -> None:
    bring(CITIES, "city-daily")
    engine.catch_up(store)
    begins = dict.fromkeys(Site.objects.values_list("pk", flat=True), date(2016, 11, 1))
    assert {span.site for span in homes.spans(begins)} == {"in", "out"}
    assert store.cells.read(standing.key_of("city", "HJ633-2012")).is_empty()


def test_a_municipality_is_the_city_of_its_name(store: Store, world: World) -> None:
    Region.objects.create(code="110000", level="province", name_zh="北京市")
    bring(CITIES, "city-daily", region="110000")
    assert Site.objects.get(pk="city:110000").region_id == "110000"
    assert Site.objects.get(pk="city:太原").region_id == "110000"


def test_a_table_without_a_city_column_is_the_city_its_feed_names(store: Store) -> None:
    receipt = bring(TAIYUAN, "taiyuan-daily-history")
    assert (receipt["received"], receipt["stored"]) == (240, 240)
    ozone = store.observations(["city:140100"], ["o3"], statistic="24h")
    assert ozone.height == 40
    assert store.observations(["city:140100"], statistic="mda8").is_empty()
    first = store.observations(["city:140100"], ["pm25"], statistic="24h").row(0, named=True)
    (told,) = sources.with_bytes(store, pl.DataFrame([first]))
    assert (told["raw_column"], told["raw_text"]) == ("pm25", "138")


def test_a_region_nobody_knows_is_refused_before_anything_is_stored(store: Store) -> None:
    with pytest.raises(BadInput, match="there is no region 990000"):
        bring(CITIES, "city-daily", region="990000")
    assert not Site.objects.filter(kind=Site.Kind.CITY).exists()


def test_a_saved_answer_of_the_interface(store: Store) -> None:
    receipt = bring(FEEDS / "pm25in_api_sample.json", "pm25in-api")
    assert (receipt["received"], receipt["stored"]) == (7, 7)
    pm25 = store.observations(["1013A"], ["pm25"]).row(0, named=True)
    assert (pm25["end"], pm25["value"]) == (datetime(2014, 3, 5, 16), 82.0)


def test_the_mean_row_of_a_city_waits_in_quarantine(store: Store, tmp_path: Path) -> None:
    text = (FEEDS / "pm25in_api_sample.json").read_text(encoding="utf-8")
    nameless = text.replace('"station_code":"1013A"', '"station_code":null')
    path = tmp_path / "a.json"
    path.write_text(text.rstrip()[:-1] + "," + nameless.strip()[1:], encoding="utf-8")
    receipt = bring(path, "pm25in-api")
    assert (receipt["received"], receipt["stored"], receipt["rejected"]) == (14, 7, 7)
    assert set(store.quarantine()["reason"]) == {"station_empty"}
