"""Feed descriptions and what the loader refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenhe.base.errors import BadInput
from fenhe.protocols.tables import feeds
from fenhe.standards import catalogue

FOLDER = Path(feeds.__file__).parent
TEXT = (FOLDER / "tidy-long.toml").read_text(encoding="utf-8")


def test_every_feed_loads_and_says_whose_data_it_is():
    known = feeds.known()
    assert [feed.id for feed in known] == sorted(path.stem for path in FOLDER.glob("*.toml"))
    for feed in known:
        assert feed.licence
        assert feed.source
        assert any("\u4e00" <= char <= "\u9fff" for char in feed.title_zh)
        assert all(time.mark in "ABC" and time.reason for time in feed.times)
        assert all(threshold.reason for threshold in feed.checks.values())


def test_units_are_declared_and_co_is_kept_in_milligrams():
    co = {f.id: i for f in feeds.known() for i in f.items if i.item == "co"}
    assert co["uci-beijing"].shift == 3
    assert {
        feed: item.shift for feed, item in co.items() if feed != "uci-beijing"
    } == dict.fromkeys(set(co) - {"uci-beijing"}, 0)


def test_an_unknown_feed_lists_the_known_ones():
    with pytest.raises(BadInput, match="unknown feed 'x'; known are china-sites, "):
        feeds.load("x")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('columns = "^[0-9]{4}[A-Z]$"', 'columns = "("', "station: 'columns' is no pattern"),
        ('columns = "^[0-9]{4}[A-Z]$"', 'column = "x"', "station: 'columns' is missing"),
        ('item_column = "type"\n', "", "the layout by_station needs item_column"),
        ('item_column = "type"', 'item_column = "type"\nvalue_column = "v"', "no value_column"),
        ('columns = ["date", "hour"]', 'columns = ["date"]', "day and hour for day+hour"),
        ('form = "day+hour"', 'form = "hour"', "'form' must be one of label, date"),
    ],
)
def test_a_broken_description_of_one_column_a_station_is_refused(tmp_path, old, new, message):
    text = (FOLDER / "china-sites.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "china-sites.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        feeds.read(path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("public = false", "public = 0", "'public' must be bool, not 0"),
        ("simulated = false", "", "'simulated' is missing"),
        ('layout = "long"', 'layout = "deep"', "'layout' must be one of wide, long"),
        ('statistic = "1h"', 'statistic = "2h"', "'statistic' must be one of 1h, 8h, 24h"),
        ('label = "end"', 'label = "middle"', "'label' must be one of start, end"),
        ('zone = "Beijing"', 'zone = "Mars"', "'zone' must be one of Beijing, UTC"),
        ('kind = "code"', 'kind = "colour"', "'kind' must be one of code, name"),
        ('kind = "code"\ncity = "city"', 'kind = "name+city"', "names repeat between cities"),
        ('item = "so2"', 'item = "radon"', "item 1: unknown item 'radon'"),
        ('unit = "mg/m3"', 'unit = "ppm"', "item 3: unknown unit 'ppm'"),
        ("decimals = 1", "decimals = 1\ncolour = 1", "item 3: unknown key 'colour'"),
        ("hard = [0, 200]", "hard = [200, 0]", "'hard' must rise"),
        ("hard = [0, 200]", "hard = [0]", "'hard' must be [from, to]"),
        ('item = "no2"', 'item = "so2"', "an item is described twice"),
        (
            "[station]",
            '[[time]]\ncolumns = ["t"]\nform = "label"\nlabel = "start"\nzone = "UTC"\n'
            'mark = "A"\nreason = "x"\n\n[station]',
            "all spellings of the time must label the same end",
        ),
        ("value = 24", "limit = 24", "'value' is missing"),
        ("[checks.enough_values]", "[checks.luck]", "checks: unknown key 'luck'"),
        ('value_column = "value"\n', "", "item_column and value_column belong to the long layout"),
        ('id = "tidy-long"', 'id = "tidy"', "the id 'tidy' must be the file's name"),
        ('id = "tidy-long"', 'id = "tidy-long"\ncolor = 1', "feed: unknown key 'color'"),
        ('id = "tidy-long"', "id = ", "not a TOML file"),
    ],
)
def test_a_broken_description_is_refused_by_name(tmp_path, old, new, message):
    assert old in TEXT
    path = tmp_path / "tidy-long.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        feeds.read(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith("tidy-long.toml: ")


def test_the_editions_named_for_checks_are_there():
    named = {feed.check_edition for feed in feeds.known() if feed.check_edition}
    assert named == {"HJ633-2012"}
    assert catalogue().edition("HJ633-2012").standard == "HJ633"
