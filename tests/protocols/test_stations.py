"""From a file's station to a site, by dated codes and names."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from fenhe.protocols.tables.reader import open_table
from fenhe.protocols.tables.station_names import Note, clean_name, read_note
from fenhe.protocols.tables.stations import ALIASES, Directory

DATA = Path(__file__).parents[1] / "data" / "feeds"
# codes given anew to a station that is known under another
REISSUED = {"3618A": "1089A", "3620A": "2164A", "3670A": "2866A"}


@pytest.fixture(scope="module")
def listed():
    """Return the directory of a real station list, by each station's first code."""
    rows = []
    for row in open_table(DATA / "shanxi_stations.csv").read().frame.iter_rows(named=True):
        code, names = row["station_code"], [clean_name(row["name_source"])]
        names += [clean_name(row["name_feed"])] if row["name_feed"] else []
        notes = [read_note(clean.note) for clean in names]
        since = next((note.opened_on for note in notes if note.opened_on), None)
        until = date.fromisoformat(row["closed_on"]) if row["closed_on"] else None
        texts = [("code", code), *(("name", clean.name) for clean in names)]
        site = REISSUED.get(code, code)
        rows += [(site, kind, row["city"], text, since, until) for kind, text in texts]
    return Directory(pl.DataFrame(rows, schema=ALIASES, orient="row"))


@pytest.mark.parametrize(
    ("text", "name", "note"),
    [
        ("金胜(停运161122)", "金胜", "停运161122"),
        ("运城学院（已停运）", "运城学院", "已停运"),
        (" 上兰 (对照点) ", "上兰", "对照点"),
        ("云冈站(145", "云冈站", "145"),
        ("尖草坪\u3000", "尖草坪", ""),
        ("环保局（停运161122）(145)", "环保局", "停运161122; 145"),
        ("市政府(20190313启用)", "市政府", "20190313启用"),
        ("坞城", "坞城", ""),
        ("(145)", "(145)", ""),
        ("上(东)兰", "上(东)兰", ""),
        ("上兰()", "上兰", ""),
        ("a" + "(b)" * 3, "a", "b; b; b"),
    ],
)
def test_a_name_is_split_from_its_note(text, name, note):
    assert clean_name(text) == (name, note)


@pytest.mark.parametrize(
    ("note", "read"),
    [
        ("停运161122", Note(closed_on=date(2016, 11, 22))),
        ("20190313停运", Note(closed_on=date(2019, 3, 13))),
        ("启用181031", Note(opened_on=date(2018, 10, 31))),
        ("145搬迁启用200102", Note(opened_on=date(2020, 1, 2))),
        ("已停运", Note()),
        ("对照点", Note()),
        ("145", Note()),
        ("停运161399", Note()),
    ],
)
def test_notes_are_read_and_impossible_dates_are_not(note, read):
    assert read_note(note) == read


def ask(directory, *rows):
    wanted = pl.DataFrame(
        rows, schema={"station": pl.String, "city": pl.String, "day": pl.Date}, orient="row"
    )
    found = directory.resolve(wanted)
    kinds = []
    for station, site, reason in found.select("station", "site", "reason").rows():
        assert reason is None or reason.endswith(f":{station or ''}")
        kinds.append((site, reason and reason.partition(":")[0]))
    return kinds


def test_codes_names_notes_and_days(listed):
    day, early = date(2020, 4, 3), date(2016, 1, 5)
    assert ask(
        listed,
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
        (None, "station_outside_dates"),
        (None, "station_outside_dates"),
        ("1732A", None),
        ("3018A", None),
        (None, "station_outside_dates"),
        (None, "unknown_station"),
        (None, "unknown_station"),
        (None, "unknown_station"),
    ]


def test_a_name_of_two_sites_is_not_guessed():
    rows = [
        ("a", "name", "太原", "监测站", None, None),
        ("b", "name", "长治", "监测站", None, None),
    ]
    directory = Directory(pl.DataFrame(rows, schema=ALIASES, orient="row"))
    day = date(2020, 1, 1)
    assert ask(directory, ("监测站", None, day), ("监测站", "长治市", day)) == [
        (None, "ambiguous_station"),
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


def test_all_stations_of_a_real_file_are_settled_or_told_why(listed):
    frame = pl.read_parquet(DATA / "shanxi_station_hour_2020-04.parquet")
    wanted = frame.select(station="station_name", city="city", day=pl.col("ts").dt.date())
    found = listed.resolve(wanted)
    assert found.height == frame.height
    assert (found["site"].is_null() == found["reason"].is_not_null()).all()
    unsettled = found.filter(pl.col("reason").is_not_null()).select("station", "reason").unique()
    kinds = {reason.partition(":")[0] for reason in unsettled["reason"]}
    assert kinds <= {"station_outside_dates", "unknown_station"}
    reporting = frame.with_columns(found["site"]).filter(pl.col("pm25").is_not_null())
    assert reporting.filter(pl.col("site").is_null())["station_name"].unique().to_list() == [
        "南机场"
    ]


def test_a_code_comes_before_a_name_and_a_name_before_a_key():
    rows = [
        ("a", "code", None, "X", None, date(2020, 1, 31)),
        ("b", "name", None, "x", None, date(2020, 2, 29)),
        ("x", "key", None, "x", None, None),
    ]
    directory = Directory(pl.DataFrame(rows, schema=ALIASES, orient="row"))
    days = [date(2020, month, 1) for month in (1, 2, 3)]
    assert ask(directory, *(("x", "太原", day) for day in days)) == [
        ("a", None),
        ("b", None),
        ("x", None),
    ]


def test_a_code_that_looks_like_a_note_is_a_code():
    rows = [
        ("a", "code", "临汾", "城南(启用191230)", None, None),
        ("b", "name", "临汾", "城南", None, None),
    ]
    directory = Directory(pl.DataFrame(rows, schema=ALIASES, orient="row"))
    days = [date(2019, 12, 29), date(2019, 12, 30)]
    texts = ["城南（启用191230）", "城南(启用 191230)"]
    assert ask(directory, *((text, "", day) for text in texts for day in days)) == [
        ("a", None),
        ("a", None),
        (None, "station_outside_dates"),
        ("b", None),
    ]


def test_questions_asked_twice_are_answered_twice(listed):
    day = date(2020, 4, 3)
    rows = [("晋源", "太原", day), ("?", None, day), ("晋源", "太原", day)]
    assert ask(listed, *rows) == [("1084A", None), (None, "unknown_station"), ("1084A", None)]
