"""From a file's station to a site, by dated codes and names."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.protocols.tables.reader import open_table
from fenhe.protocols.tables.station_names import Note, clean_name, read_note
from fenhe.protocols.tables.stations import ALIASES, Directory, reissued, stations_from_list

DATA = Path(__file__).parents[1] / "data" / "feeds"
LISTED = date(2022, 2, 13)


@pytest.fixture(scope="module")
def facts():
    return stations_from_list(
        open_table(DATA / "shanxi_stations.csv"), LISTED, "list of 2022-02-13"
    )


@pytest.mark.parametrize(
    ("text", "name", "note"),
    [
        ("金胜(停运161122)", "金胜", "停运161122"),
        ("运城学院（已停运）", "运城学院", "已停运"),
        (" 上兰 (对照点) ", "上兰", "对照点"),
        ("云冈站(145", "云冈站", "145"),
        ("尖草坪\u3000", "尖草坪", ""),
        ("(145)", "(145)", ""),
    ],
)
def test_a_name_is_split_from_its_note(text, name, note):
    assert clean_name(text) == (name, note)


@pytest.mark.parametrize(
    ("note", "read"),
    [
        ("停运161122", Note(closed=True, closed_on=date(2016, 11, 22))),
        ("20190313停运", Note(closed=True, closed_on=date(2019, 3, 13))),
        ("启用181031", Note(opened_on=date(2018, 10, 31))),
        ("145搬迁启用200102", Note(opened_on=date(2020, 1, 2))),
        ("已停运", Note(closed=True)),
        ("对照点", Note(control=True)),
        ("145", Note()),
        ("停运161399", Note(closed=True)),
    ],
)
def test_notes_are_read_and_impossible_dates_are_not(note, read):
    assert read_note(note) == read


def ask(directory, *rows):
    wanted = pl.DataFrame(
        rows, schema={"station": pl.String, "city": pl.String, "day": pl.Date}, orient="row"
    )
    return directory.resolve(wanted).select("site", "reason").rows()


def test_codes_names_notes_and_days(facts):
    day, early = date(2020, 4, 3), date(2016, 1, 5)
    assert ask(
        facts.directory,
        ("1083A", "太原市", day),
        ("上兰(对照点)", "太原", day),
        ("金胜", "太原", day),
        ("3618A", None, day),
        ("市监测站(停运161122)", "临汾", day),
        ("市监测站", "临汾", day),
        ("市监测站", "临汾", early),
        ("唐尧大酒店(启用161122)", "临汾", day),
        ("唐尧大酒店", "临汾", early),
        ("不存在", "太原", day),
        ("上兰", "大同", day),
        (None, "太原", day),
    ) == [
        ("1083A", None),
        ("1083A", None),
        ("1089A", None),
        ("1089A", None),
        (None, "closed"),
        (None, "closed"),
        ("1732A", None),
        ("3018A", None),
        (None, "closed"),
        (None, "unknown"),
        (None, "unknown"),
        (None, "unknown"),
    ]


def test_a_name_of_two_sites_is_not_guessed():
    rows = [
        ("a", "name", "太原", "监测站", None, None),
        ("b", "name", "长治", "监测站", None, None),
    ]
    directory = Directory(pl.DataFrame(rows, schema=ALIASES, orient="row"))
    day = date(2020, 1, 1)
    assert ask(directory, ("监测站", None, day), ("监测站", "长治市", day)) == [
        (None, "ambiguous"),
        ("b", None),
    ]


def test_a_code_passed_on_belongs_to_each_site_in_its_time():
    rows = [
        ("old", "code", None, "1A", None, date(2019, 12, 31)),
        ("new", "code", None, "1A", date(2020, 1, 1), None),
    ]
    directory = Directory(pl.DataFrame(rows, schema=ALIASES, orient="row"))
    days = [date(2019, 12, 31), date(2020, 1, 1)]
    assert ask(directory, *(("1a", None, day) for day in days)) == [("old", None), ("new", None)]


def test_the_list_gives_sites_by_their_first_code(facts):
    assert facts.sites.height == 82 - len(reissued())
    assert set(reissued().values()) <= set(facts.sites["site"])
    codes = facts.aliases.filter((pl.col("site") == "2866A") & (pl.col("kind") == "code"))
    assert sorted(codes["text"]) == ["2866A", "3670A"]
    names = facts.aliases.filter((pl.col("site") == "2866A") & (pl.col("kind") == "name"))
    assert sorted(names["text"]) == ["外滩首府", "禹都公园"]
    assert facts.sites.filter(pl.col("control"))["name"].to_list()[:2] == ["上兰", "果树场"]


def test_a_moved_station_keeps_both_places_with_their_days_and_sources(facts):
    moved = facts.places.filter(pl.col("site") == "1081A")
    assert moved.select("lon", "valid_from", "valid_to").rows() == [
        (112.522, None, date(2022, 2, 12)),
        (112.5139, LISTED, None),
    ]
    assert moved["source"].to_list() == [
        "feed of 2019-07-23",
        "list of 2022-02-13; day of the move unknown",
    ]
    assert facts.places["datum"].unique().to_list() == ["unknown"]
    assert not set(facts.places["site"]) & {"2172A", "2184A"}


def test_all_stations_of_a_real_file_are_settled_or_told_why(facts):
    frame = pl.read_parquet(DATA / "shanxi_station_hour_2020-04.parquet")
    wanted = frame.select(station="station_name", city="city", day=pl.col("ts").dt.date())
    found = facts.directory.resolve(wanted)
    assert found.height == frame.height
    assert (found["site"].is_null() == found["reason"].is_not_null()).all()
    unsettled = found.filter(pl.col("reason").is_not_null()).select("station", "reason").unique()
    assert set(unsettled["reason"]) <= {"closed", "unknown"}
    reporting = frame.with_columns(found["site"]).filter(pl.col("pm25").is_not_null())
    assert reporting.filter(pl.col("site").is_null())["station_name"].unique().to_list() == [
        "南机场"
    ]


def test_a_list_without_its_columns_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("code,name\n1A,x\n")
    with pytest.raises(BadInput, match=r"a.csv has no column station_code, name_source, city"):
        stations_from_list(open_table(tmp_path / "a.csv"), LISTED, "list")
