"""Changes a log as somebody would who knows the format: records rewritten, checksums mended."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from zlib import crc32

from fenhe.store.rawlog import heads
from fenhe.store.rawlog.records import CHAIN, CRC, Record
from fenhe.store.rawlog.scan import scan
from fenhe.store.rawlog.shelf import opened

Change = Callable[[list[bytes]], list[bytes]]


def records(path: Path) -> list[bytes]:
    """Return the records of a segment, the header first."""
    data = path.read_bytes()
    with opened(path) as handle:
        header = heads.read_header(handle)
        assert header is not None
        found = list(scan(handle, header.mark, header.size, len(data)))
    assert all(isinstance(part, Record) for part in found)
    return [data[: header.size], *(data[part.offset : part.offset + part.size] for part in found)]


def write(path: Path, parts: Sequence[bytes]) -> None:
    path.chmod(0o644)
    path.write_bytes(b"".join(parts))


def with_checksum(body: bytes, chain: bytes) -> bytes:
    """Return a record whose checksum is right."""
    return body + chain + crc32(body + chain).to_bytes(CRC, "little")


def edited(record: bytes, old: bytes, new: bytes) -> bytes:
    """Return a record with other bytes of the same length, the checksum mended, not the chain."""
    assert len(old) == len(new)
    assert old in record
    body = record[: -CHAIN - CRC].replace(old, new)
    return with_checksum(body, record[-CHAIN - CRC : -CRC])


def numbered(record: bytes, number: int) -> bytes:
    """Return a record with another number, the checksum mended, not the chain."""
    body = record[:8] + number.to_bytes(8, "little") + record[16 : -CHAIN - CRC]
    return with_checksum(body, record[-CHAIN - CRC : -CRC])


def chained(parts: Sequence[bytes]) -> list[bytes]:
    """Return the records of a segment with the whole chain made anew."""
    header = parts[0]
    chain = sha256(header[: -CHAIN - CRC]).digest()
    made = [with_checksum(header[: -CHAIN - CRC], chain)]
    mark = chain[:4]
    for part in parts[1:]:
        body = mark + part[4 : -CHAIN - CRC]
        chain = sha256(chain + body).digest()
        made.append(with_checksum(body, chain))
    return made


def swap(first: Path, second: Path) -> None:
    """Exchange the names of two files."""
    aside = first.with_suffix(".aside")
    os.rename(first, aside)
    os.rename(second, first)
    os.rename(aside, second)
