"""Alarms in words: spans, sizes, what is not ours, and a message that fits its service."""

from __future__ import annotations

import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenhe.platform.notices import kinds, sending, wording
from fenhe.platform.notices.wording import Item

OPENED = datetime(2026, 3, 2, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (5, "5 秒", "5 s"),
        (90, "2 分钟", "2 min"),
        (5400, "1.5 小时", "1.5 h"),
        (180000, "2.1 天", "2.1 days"),
        (-121, "-2 分钟", "-2 min"),
    ],
)
def test_spans(seconds: float, zh: str, en: str) -> None:
    assert (wording.span(seconds, "zh"), wording.span(seconds, "en")) == (zh, en)


def test_sizes() -> None:
    assert [wording.size(n) for n in (12, 1500, 2.5e6, 3e9)] == [
        "12 B",
        "1.5 kB",
        "2.5 MB",
        "3.0 GB",
    ]


@given(st.text(max_size=300))
def test_what_is_not_ours_is_one_line_without_anything_that_works(text: str) -> None:
    told = wording.plain(text)
    assert len(told) <= wording.LONGEST
    assert not set(told) & set("<>&`[]@*\r\n\x00\u202e\u200b\u2028")
    assert "://" not in told
    assert len(told.splitlines()) <= 1


def test_an_ordinary_name_stays_as_it_is() -> None:
    for name in (
        "88888880000001",
        "uci_beijing",
        "outlet:DA001",
        "太钢 3#烧结机头",
        "10.0.0.9:4001",
    ):
        assert wording.plain(name) == name


def test_every_sentence_has_all_its_facts() -> None:
    class Names(dict[str, object]):
        def __missing__(self, key: str) -> str:
            return key

    for kind in kinds.all_kinds().values():
        for said in (kind.said_zh, kind.said_en):
            names = {name for _, name, _, _ in string.Formatter().parse(said) if name}
            filled = said.format_map(Names())
            assert all(name in filled for name in names)
        zh = {name for _, name, _, _ in string.Formatter().parse(kind.said_zh) if name}
        en = {name for _, name, _, _ in string.Formatter().parse(kind.said_en) if name}
        assert zh == en, kind.id


def test_an_older_episode_without_a_fact_or_of_a_kind_no_longer_watched_is_still_told() -> None:
    assert "—" in wording.sentence("disk_low", "disk", {}, "zh")
    assert wording.sentence("gone_kind", "<x>", {}, "en") == "‹x›"
    assert wording.title("gone_kind", "zh") == "gone_kind"


def items(number: int) -> list[Item]:
    facts = {"silent_s": 5000.0, "interval_s": 600.0}
    return [
        Item(n, "opened", "device_silent", f"MN{n:05}", "warning", facts, OPENED)
        for n in range(number)
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("number", [1, 7, 300])
@pytest.mark.parametrize("room", sorted(set(sending.ROOM.values())))
def test_a_message_fits_and_says_what_it_leaves_out(language: str, number: int, room: int) -> None:
    link = "https://fenhe.example.org/"
    told = wording.message(items(number), language, link=link, room=room)
    whole = f"{told.title}\n{told.body}"
    assert len(whole.encode()) <= room + 100
    named = told.body.count("MN0")
    left = number - named
    if left:
        assert (f"and {left} more" if language == "en" else f"另有 {left} 条") in told.body
    assert told.body.endswith("https://fenhe.example.org/alarms/")


def test_the_gravest_come_first() -> None:
    grave = Item(9, "opened", "log_failed", "main", "critical", {"error": "x"}, OPENED)
    told = wording.message([*items(3), grave], "en")
    assert told.title == "[Fenhe] 4 system alarms: Raw log can not be written, Device is silent"
    assert told.body.startswith("[NEW · critical] #9")


def test_an_ended_alarm_says_from_when_to_when_and_nothing_to_do() -> None:
    one = Item(1, "closed", "disk_low", "disk", "warning", {}, OPENED, OPENED.replace(hour=6))
    told = wording.message([one], "zh")
    assert "2026-03-02 12:00 至 2026-03-02 14:00（北京时间）" in told.body
    assert "处理" not in told.body
