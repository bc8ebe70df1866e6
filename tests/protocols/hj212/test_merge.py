"""Sub-packets: by MN, ST, CN and DataTime; repeated, out of order, missing, late."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fenhe.protocols.hj212 import Frame, Merger, Message, decode, encode, missing
from fenhe.protocols.hj212.reading import PATIENCE, Reader, overall, read_all
from tests.protocols.hj212.packets import packet

WHOLE = Message(cn="2061", st="31", mn="A1", pw="123456", qn="20260301110000001", answer=True,
                top=(("DataTime", "20260301100000"),))  # fmt: skip


def part(number: int, total: int = 3, **change: object) -> Frame:
    factors = ((f"a2100{number}", "Avg", f"{number}.5"), (f"a2100{number}", "Flag", "N"))
    message = replace(WHOLE, factors=factors, **change).numbered(total, number, number)  # type: ignore[arg-type]
    return decode(encode(message), strict=True)


def test_out_of_order_the_record_is_in_order() -> None:
    merger = Merger(30)
    assert [merger.add(part(n), 0) for n in (3, 1)] == [None, None]
    assert merger.waiting == 1
    record = merger.add(part(2), 0)
    assert record is not None
    assert (record.verdict, record.ok, record.problems) == ("accept_merge", True, ())
    assert [code for code, suffix, _ in record.cp.factors if suffix == "Avg"] == [
        "a21001", "a21002", "a21003",
    ]  # fmt: skip
    assert record.cp.top == (("DataTime", "20260301100000"),)
    assert [one.numbers for one in record.parts] == [(3, 1), (3, 2), (3, 3)]
    assert record.raw == part(1).raw + part(2).raw + part(3).raw


def test_a_frame_that_is_no_part_goes_through() -> None:
    merger = Merger(30)
    single = decode(packet("P003").data)
    assert merger.add(single, 0) is single
    one_of_one = decode(packet("P065").data)
    assert merger.add(one_of_one, 0) is one_of_one
    damaged = decode(packet("P109").data)
    assert merger.add(damaged, 0) is damaged
    assert merger.waiting == 0


def test_a_part_that_comes_again_counts_once() -> None:
    merger = Merger(30)
    assert [merger.add(part(n), 0) for n in (1, 1, 2)] == [None] * 3
    record = merger.add(part(3), 0)
    assert record is not None
    assert len(record.cp.factors) == 6
    # sent once more because its answer was lost
    assert merger.add(part(3), 5) is None
    assert merger.waiting == 0


def test_a_part_with_other_content_takes_the_place_and_is_told() -> None:
    merger = Merger(30)
    merger.add(part(1, 2), 0)
    late = replace(WHOLE, factors=(("a21001", "Avg", "9.9"),)).numbered(2, 1, 1)
    merger.add(decode(encode(late)), 1)
    record = merger.add(part(2, 2), 2)
    assert record is not None
    assert record.cp.factors[0] == ("a21001", "Avg", "9.9")
    assert [one.code for one in record.problems] == ["part_differs"]


def test_a_record_sent_anew_with_other_content_makes_a_record_again() -> None:
    merger = Merger(30)
    for number in (1, 2):
        merger.add(part(number, 2), 0)
    anew = [replace(WHOLE, factors=((f"a2100{n}", "Avg", "7"),)).numbered(2, n, n) for n in (1, 2)]
    assert merger.add(decode(encode(anew[0])), 3) is None
    record = merger.add(decode(encode(anew[1])), 3)
    assert record is not None
    assert [value for _, _, value in record.cp.factors] == ["7", "7"]


@pytest.mark.parametrize(
    "change",
    [{"mn": "B2"}, {"st": "32"}, {"cn": "2051"}, {"top": (("DataTime", "20260301110000"),)}],
)
def test_what_differs_in_the_key_does_not_mix(change: dict[str, object]) -> None:
    merger = Merger(30)
    merger.add(part(1, 2), 0)
    assert merger.add(part(2, 2, **change), 0) is None
    assert merger.waiting == 2


def test_qn_is_no_part_of_the_key() -> None:
    merger = Merger(30)
    merger.add(part(1, 2), 0)
    assert merger.add(part(2, 2, qn="20260305000000000"), 0) is not None


def test_after_the_time_out_what_there_is_comes_out_marked() -> None:
    merger = Merger(30)
    merger.add(part(1), 0)
    merger.add(part(3), 10)
    assert merger.due(29.9) == ()
    (record,) = merger.due(30)
    assert (record.verdict, record.ok) == ("incomplete_set", False)
    assert missing(record) == (2,)
    assert [one.code for one in record.problems] == ["part_missing"]
    assert "2 of 3" in record.problems[0].text
    assert merger.due(1000) == ()
    # the late one opens a set of its own
    assert merger.add(part(2), 40) is None
    assert missing(merger.close()[0]) == (1, 3)


def test_another_total_begins_anew() -> None:
    merger = Merger(30)
    merger.add(part(1, 3), 0)
    merger.add(part(1, 2), 1)
    record = merger.add(part(2, 2), 1)
    assert record is not None
    assert len(record.parts) == 2
    assert [missing(one) for one in merger.due(1)] == [(2, 3)]


def test_the_number_of_sets_is_bounded() -> None:
    merger = Merger(30, limit=2)
    for number in range(4):
        merger.add(part(1, 2, mn=f"M{number}"), number)
    assert merger.waiting == 2
    assert [one.mn for one in merger.due(4)] == ["M0", "M1"]
    done = Merger(30, limit=2)
    for number in range(4):
        for n in (1, 2):
            done.add(part(n, 2, mn=f"M{number}"), number)
    assert done.waiting == 0


def test_sub_packets_of_2005_share_one_qn() -> None:
    frames = [part(n, 2, edition=2005) for n in (1, 2)]
    merger = Merger(30)
    assert merger.add(frames[0], 0) is None
    record = merger.add(frames[1], 0)
    assert record is not None
    assert record.edition == 2005


def test_a_reader_merges_what_it_is_given() -> None:
    data = part(2, 2).raw + packet("P003").data + part(1, 2).raw + part(3).raw
    merged = read_all(data, merge=True)
    assert [one.verdict for one in merged] == ["accept", "accept_merge", "incomplete_set"]
    one_by_one = read_all(data)
    assert [one.verdict for one in one_by_one] == [
        "accept_merge", "accept", "accept_merge", "accept",
    ]  # fmt: skip
    assert [one.raw for one in one_by_one] == [
        part(2, 2).raw, packet("P003").data, part(1, 2).raw, part(3).raw,
    ]  # fmt: skip


def test_a_reader_does_not_hold_back_for_ever() -> None:
    reader = Reader()
    single = packet("P003").data
    assert reader.feed(part(1).raw) == []
    came = sum(len(reader.feed(single)) for _ in range(PATIENCE + 1))
    assert came == PATIENCE + 2
    assert reader.finish() == []


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        ([], "incomplete"),
        (["accept", "accept"], "accept"),
        (["accept", "accept_lenient"], "accept_lenient"),
        (["accept_lenient", "reject_crc", "reject_semantic"], "reject_crc"),
        (["incomplete", "accept_resync"], "accept_resync"),
        (["accept_merge", "accept"], "accept_merge"),
        (["accept_merge", "incomplete_set"], "incomplete_set"),
    ],
)
def test_a_buffer_as_a_whole(verdicts: list[str], whole: str) -> None:
    assert overall(verdicts) == whole
