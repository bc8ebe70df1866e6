"""The first and the last record of a segment: who it is, what came before it, how it ended."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fenhe.store.rawlog import records
from fenhe.store.rawlog.entries import HEADER, SEAL, Segment, micros, moment
from fenhe.store.rawlog.records import Packer, Record

FORMAT = "fenhe-rawlog/1"
NOTHING = "0" * 64  # the former head of a first segment
SEAL_SIZE = 512  # bytes of a seal record, always, so that it is found from the end of the file
_HEADER_MOST = 1 << 16


@dataclass(frozen=True)
class Header:
    """What the first record of a segment says; ``id`` is its hash, ``size`` its bytes."""

    id: str
    gateway: str
    number: int
    former: str
    made_at: datetime
    size: int

    @property
    def mark(self) -> bytes:
        """The mark of the records of this segment."""
        return bytes.fromhex(self.id)[:4]


@dataclass(frozen=True)
class Seal:
    """What the last record says: entries, their moments, and the head of the whole segment."""

    entries: int
    first_at: datetime | None
    last_at: datetime | None
    head: str


def make_header(gateway: str, number: int, former: str, at_us: int) -> tuple[bytes, str]:
    """Return the bytes of a new header, which no other has, and the id of its segment."""
    said = {
        "format": FORMAT,
        "uuid": str(uuid.uuid4()),
        "gateway": gateway,
        "number": number,
        "former": former,
        "made_at": moment(at_us).isoformat(),
    }
    packer = Packer(records.HEADER_MARK, -1, b"")
    return packer.pack(at_us, HEADER, 0, "", _json(said)), packer.chain.hex()


def make_seal(packer: Packer, at_us: int, first_us: int | None, last_us: int | None) -> bytes:
    """Return the bytes of the seal after the last entry of a segment."""
    said = {
        "entries": packer.number,
        "first_at": None if first_us is None else moment(first_us).isoformat(),
        "last_at": None if last_us is None else moment(last_us).isoformat(),
    }
    payload = _json(said).ljust(SEAL_SIZE - records.SMALLEST)
    return packer.pack(at_us, SEAL, 0, "", payload)


def read_header(handle: int) -> Header | None:
    """Return the header of an open file; None when it has no sound one."""
    return header_in(os.pread(handle, _HEADER_MOST, 0))


def header_in(data: bytes) -> Header | None:
    """Return the header ``data`` begins with; None when there is no sound one."""
    record = records.read(data, 0, records.HEADER_MARK)
    if record is None or record.kind != HEADER or record.number != 0:
        return None
    said = _said(record)
    if said is None or said.get("format") != FORMAT:
        return None
    return Header(
        record.chain.hex(),
        str(said["gateway"]),
        int(said["number"]),
        str(said["former"]),
        datetime.fromisoformat(said["made_at"]),
        record.size,
    )


def read_seal(handle: int, mark: bytes, size: int) -> Seal | None:
    """Return the seal at the end of an open file of ``size`` bytes; None when it has none."""
    data = os.pread(handle, SEAL_SIZE, max(size - SEAL_SIZE, 0))
    record = records.read(data, 0, mark)
    return None if record is None else seal_of(record)


def seal_of(record: Record) -> Seal | None:
    """Return what a record says if it is a seal."""
    said = _said(record) if record.kind == SEAL and record.size == SEAL_SIZE else None
    if said is None:
        return None
    first, last = (_moment(said.get(name)) for name in ("first_at", "last_at"))
    return Seal(int(said["entries"]), first, last, record.chain.hex())


def sealed_segment(path: Path, header: Header, seal: Seal, size: int) -> Segment:
    """Return the segment of a sealed file."""
    return Segment(
        header.id,
        header.gateway,
        header.number,
        path,
        header.former,
        header.made_at,
        sealed=True,
        entries=seal.entries,
        bytes=size,
        first_at=seal.first_at,
        last_at=seal.last_at,
        head=seal.head,
    )


def former_us(seal: Seal) -> int | None:
    """Return the moment of the last entry in microseconds, None when there was none."""
    return None if seal.last_at is None else micros(seal.last_at)


def _json(said: dict[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _said(record: Record) -> dict[str, Any] | None:
    try:
        said = json.loads(record.payload)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
