"""Records: what is packed is read back, and nothing else passes for a record."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenhe.base.errors import BadInput
from fenhe.store.rawlog import records
from fenhe.store.rawlog.records import Packer, Record
from fenhe.store.rawlog.scan import Gap, scan
from fenhe.store.rawlog.shelf import opened

MARK = b"abcd"
START = sha256(b"header").digest()
CONTENT = st.tuples(
    st.integers(-(2**62), 2**62),
    st.integers(0, 255),
    st.integers(0, 2**64 - 1),
    st.text(alphabet="0123456789.:[]", max_size=40),
    st.binary(max_size=300),
)


def packed(contents: list[tuple[int, int, int, str, bytes]]) -> tuple[bytes, list[int]]:
    packer, data, ends = Packer(MARK, 0, START), b"", []
    for at, kind, connection, peer, payload in contents:
        data += packer.pack(at, kind, connection, peer, payload)
        ends.append(len(data))
    return data, ends


def scanned(path: Path, data: bytes) -> list[Record | Gap]:
    path.write_bytes(data)
    with opened(path) as handle:
        return list(scan(handle, MARK, 0, len(data)))


@given(st.lists(CONTENT, min_size=1, max_size=8))
def test_what_is_packed_is_read_back_and_chained(
    tmp_path_factory: pytest.TempPathFactory, contents: list[tuple[int, int, int, str, bytes]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "roundtrip"
    data, ends = packed(contents)
    found = scanned(path, data)
    chain = START
    assert len(found) == len(contents)
    for number, (record, content, end) in enumerate(zip(found, contents, ends, strict=True), 1):
        assert isinstance(record, Record)
        at, kind, connection, peer, payload = content
        assert (record.number, record.at_us, record.kind) == (number, at, kind)
        assert (record.connection, record.peer, record.payload) == (
            connection,
            peer.encode(),
            payload,
        )
        assert record.end == end
        assert records.chain_after(chain, record) == record.chain
        chain = record.chain


@given(st.lists(CONTENT, min_size=2, max_size=6), st.data())
def test_a_changed_byte_is_a_gap_and_the_rest_is_still_read(
    tmp_path_factory: pytest.TempPathFactory,
    contents: list[tuple[int, int, int, str, bytes]],
    data: st.DataObject,
) -> None:
    path = tmp_path_factory.getbasetemp() / "changed"
    whole, ends = packed(contents)
    place = data.draw(st.integers(0, len(whole) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = bytearray(whole)
    changed[place] ^= 1 << bit
    hit = next(number for number, end in enumerate(ends, 1) if place < end)
    found = scanned(path, bytes(changed))
    gaps = [part for part in found if isinstance(part, Gap)]
    assert len(gaps) == 1
    assert gaps[0].after == hit - 1
    assert gaps[0].offset == (ends[hit - 2] if hit > 1 else 0)
    assert gaps[0].offset + gaps[0].size == ends[hit - 1]
    read = [part.number for part in found if isinstance(part, Record)]
    assert read == [number for number in range(1, len(contents) + 1) if number != hit]


@given(st.binary(max_size=2000))
def test_any_bytes_at_all_are_read_without_an_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    found = scanned(path, data)
    assert sum(part.size for part in found) == len(data)


def test_records_are_read_across_the_pieces_a_file_is_read_in(tmp_path: Path) -> None:
    contents = [(0, 1, 1, "", os.urandom(700_000)) for _ in range(7)]
    data, _ = packed(contents)
    found = scanned(tmp_path / "long", data)
    assert [part.payload for part in found if isinstance(part, Record)] == [c[4] for c in contents]


def test_marks_without_records_cost_no_more_than_their_bytes(tmp_path: Path) -> None:
    one = MARK + (records.LARGEST).to_bytes(4, "little")
    found = scanned(tmp_path / "marks", one * 200_000)
    assert found == [Gap(0, len(one) * 200_000, 0)]


def test_an_entry_too_large_is_refused() -> None:
    with pytest.raises(BadInput, match="more than the"):
        Packer(MARK, 0, START).pack(0, 1, 1, "", bytes(records.LARGEST))
