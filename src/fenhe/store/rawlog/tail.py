"""The end of a log: the one open segment, the bytes that are durable, and what is added to them."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from fenhe.store.rawlog import heads
from fenhe.store.rawlog.entries import Segment, moment
from fenhe.store.rawlog.records import Packer
from fenhe.store.rawlog.removed import sync_folder
from fenhe.store.rawlog.rotation import Rotation


@dataclass
class Mark:
    """How far the segment is durable: bytes, last entry, chain value, moments of its entries."""

    size: int
    number: int
    chain: bytes
    first_us: int | None = None
    last_us: int | None = None


@dataclass
class Tail:
    """An open segment. ``durable`` is what survives a crash; all else may be cut off again."""

    path: Path
    gateway: str
    number: int
    id: str
    former: str
    made_us: int
    durable: Mark
    handle: int
    packer: Packer = field(init=False)
    _first_us: int | None = field(init=False)
    _last_us: int | None = field(init=False)

    def __post_init__(self) -> None:
        self.back()

    def back(self) -> None:
        """Forget what was packed and not written."""
        mark = bytes.fromhex(self.id)[:4]
        self.packer = Packer(mark, self.durable.number, self.durable.chain)
        self._first_us, self._last_us = self.durable.first_us, self.durable.last_us

    def stamp(self, at_us: int) -> None:
        """Say the moment of the entries packed next."""
        self._last_us = at_us
        if self._first_us is None:
            self._first_us = at_us

    def write(self, data: bytes) -> None:
        """Add what was packed, and return when it is on disk. Raises ``OSError``."""
        write_all(self.handle, data, self.durable.size)
        os.fdatasync(self.handle)
        size, packer = self.durable.size + len(data), self.packer
        self.durable = Mark(size, packer.number, packer.chain, self._first_us, self._last_us)

    def mend(self) -> None:
        """After an error: open the file anew and cut it where it is durable. Raises ``OSError``."""
        self.close()
        self.handle = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        os.ftruncate(self.handle, self.durable.size)
        os.fsync(self.handle)
        self.back()

    def seal(self, at_us: int) -> str:
        """End the segment and return its head; the file is read-only then. Raises ``OSError``."""
        mark = self.durable
        self.write(heads.make_seal(self.packer, at_us, mark.first_us, mark.last_us))
        with contextlib.suppress(OSError):  # it is sealed, whatever its rights are
            os.fchmod(self.handle, 0o444)
        self.close()
        return self.packer.chain.hex()

    def is_due(self, rotation: Rotation, now_us: int) -> bool:
        """Say whether the segment has had enough; one without entries has not."""
        first = self.durable.first_us
        if first is None:
            return False
        aged = timedelta(microseconds=now_us - first) >= rotation.age
        return aged or self.durable.size >= rotation.size

    def segment(self) -> Segment:
        """Return the segment as far as it is durable."""
        mark = self.durable
        return Segment(
            self.id,
            self.gateway,
            self.number,
            self.path,
            self.former,
            moment(self.made_us),
            sealed=False,
            entries=mark.number,
            bytes=mark.size,
            first_at=None if mark.first_us is None else moment(mark.first_us),
            last_at=None if mark.last_us is None else moment(mark.last_us),
            head=mark.chain.hex(),
        )

    def close(self) -> None:
        """Close the file; safe to call twice."""
        if self.handle >= 0:
            handle, self.handle = self.handle, -1
            os.close(handle)


def create(path: Path, gateway: str, number: int, former: str, at_us: int) -> Tail:
    """Make a segment; it appears under its name when its header is on disk. Raises ``OSError``."""
    data, segment_id = heads.make_header(gateway, number, former, at_us)
    temporary = path.with_suffix(".new")
    handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        write_all(handle, data, 0)
        os.fsync(handle)
        temporary.rename(path)
        sync_folder(path.parent)
    except BaseException:
        os.close(handle)
        raise
    durable = Mark(len(data), 0, bytes.fromhex(segment_id))
    return Tail(path, gateway, number, segment_id, former, at_us, durable, handle)


def write_all(handle: int, data: bytes, offset: int) -> None:
    """Write every byte at a place of an open file. Raises ``OSError``."""
    left = memoryview(data)
    while left:
        written = os.pwrite(handle, left, offset)
        left, offset = left[written:], offset + written
