"""What a process finds at the end of a log that another one left, perhaps by dying."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fenhe.store.rawlog import heads, records, removed
from fenhe.store.rawlog.entries import SEAL, micros
from fenhe.store.rawlog.heads import Header
from fenhe.store.rawlog.records import Record
from fenhe.store.rawlog.removed import sync_folder
from fenhe.store.rawlog.scan import Gap, scan
from fenhe.store.rawlog.shelf import SUFFIX
from fenhe.store.rawlog.tail import Mark, Tail, write_all

Note = dict[str, Any]
_HEADER_MOST = 4096  # bytes of a header, at most


@dataclass
class Found:
    """Where to go on: in ``tail``, or in a new segment ``number`` after the head ``former``.

    ``last_us``: the moment of the last entry, which none after it may precede. ``notes``: what
    was found and done, to be kept as entries.
    """

    tail: Tail | None
    number: int
    former: str
    last_us: int = 0
    notes: list[Note] = field(default_factory=list)


def recover(folder: Path) -> Found:
    """Make the end of a log whole and say where to go on. Raises ``OSError``.

    A torn end is cut at the last whole record; the bytes are kept in a file beside it. Damage
    before the end is left as it is, and a new segment follows.
    """
    for unnamed in folder.glob("*.new"):
        unnamed.unlink()  # never had its name, so nothing in it was acknowledged
    notes: list[Note] = []
    left = 0  # the highest number of a file whose header is damaged
    for path in sorted(folder.glob(f"*{SUFFIX}"), reverse=True):
        if _header_is_lost(path):
            notes.append({"note": "damaged", "segment": path.name, "gaps": [{"byte": 0}]})
            left = max(left, int(path.stem))
            continue
        found = _at_the_end(path, notes)
        if found is not None:
            found.notes = notes
            return _after(found, left)
    gone = removed.read(folder)
    number, former = (gone[-1].number + 1, gone[-1].head) if gone else (1, heads.NOTHING)
    return _after(Found(None, number, former, notes=notes), left)


def _header_is_lost(path: Path) -> bool:
    """Say whether a file without a sound header holds more than a header that was cut short.

    A segment gets its name when its header is on disk, so this is damage; entries may follow.
    """
    with path.open("rb") as file:
        data = file.read(_HEADER_MOST + 1)
    if heads.header_in(data) is not None:
        return False
    claimed = records.wanted(data, 0, records.HEADER_MARK)
    return len(data) > (claimed if 0 < claimed <= _HEADER_MOST else records.SMALLEST)


def _after(found: Found, left: int) -> Found:
    """Go on after the number ``left``, which no other segment may get."""
    if left < found.number:
        return found
    if found.tail is not None:
        found.tail.close()
        found.former, found.tail = found.tail.durable.chain.hex(), None
    found.number = left + 1
    return found


def _at_the_end(path: Path, notes: list[Note]) -> Found | None:
    path.chmod(0o600)
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    keep = False
    try:
        header = heads.read_header(handle)
        if header is None:
            notes.append(_set_aside(path, handle))
            return None
        found = _examined(path, handle, header, notes)
        keep = found.tail is not None
        return found
    finally:
        if not keep:
            os.close(handle)
            if path.exists():
                path.chmod(0o444)


def _examined(path: Path, handle: int, header: Header, notes: list[Note]) -> Found:
    size = os.fstat(handle).st_size
    seal = heads.read_seal(handle, header.mark, size)
    if seal is not None:
        return Found(None, header.number + 1, seal.head, heads.former_us(seal) or 0)
    mark, gaps, ended = _read(handle, header, size)
    tail_gap = gaps.pop() if gaps and gaps[-1].offset == mark.size else None
    if gaps:
        notes.append(_damaged(path, gaps))
        return Found(None, header.number + 1, mark.chain.hex(), mark.last_us or 0)
    if tail_gap is not None:
        notes.append(_cut(path, handle, tail_gap))
    os.fsync(handle)
    if ended:
        return Found(None, header.number + 1, mark.chain.hex(), mark.last_us or 0)
    tail = Tail(
        path,
        header.gateway,
        header.number,
        header.id,
        header.former,
        micros(header.made_at),
        mark,
        handle,
    )
    return Found(tail, header.number, header.former, mark.last_us or micros(header.made_at))


def _read(handle: int, header: Header, size: int) -> tuple[Mark, list[Gap], bool]:
    """Return how far the records go, the gaps between and after them, and whether a seal ends."""
    mark = Mark(header.size, 0, bytes.fromhex(header.id))
    gaps: list[Gap] = []
    ended = False
    for found in scan(handle, header.mark, header.size, size):
        if isinstance(found, Gap):
            gaps.append(found)
            continue
        ended = found.kind == SEAL
        moments = (mark.first_us, mark.last_us) if ended else _moments(mark, found)
        mark = Mark(found.end, found.number, found.chain, *moments)
    return mark, gaps, ended


def _moments(mark: Mark, found: Record) -> tuple[int, int]:
    return found.at_us if mark.first_us is None else mark.first_us, found.at_us


def _cut(path: Path, handle: int, gap: Gap) -> Note:
    """Cut a torn end; its bytes, which nobody was told are kept, are put beside the segment."""
    sha = _beside(path, os.pread(handle, gap.size, gap.offset), gap.offset)
    os.ftruncate(handle, gap.offset)
    return {
        "note": "torn_tail",
        "segment": path.name,
        "after": gap.after,
        "cut": gap.size,
        "sha256": sha,
    }


def _set_aside(path: Path, handle: int) -> Note:
    """Take a file that has no sound header out of the chain; its bytes stay beside it."""
    size = os.fstat(handle).st_size
    sha = _beside(path, os.pread(handle, size, 0), 0)
    path.unlink()
    sync_folder(path.parent)
    return {"note": "no_header", "segment": path.name, "cut": size, "sha256": sha}


def _beside(path: Path, data: bytes, offset: int) -> str:
    sha = hashlib.sha256(data).hexdigest()
    target = path.with_name(f"{path.stem}-{offset}-{sha[:12]}.torn")
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        write_all(handle, data, 0)
        os.fsync(handle)
        os.fchmod(handle, 0o444)
    finally:
        os.close(handle)
    sync_folder(target.parent)
    return sha


def _damaged(path: Path, gaps: list[Gap]) -> Note:
    places = [{"byte": gap.offset, "size": gap.size, "after": gap.after} for gap in gaps]
    return {"note": "damaged", "segment": path.name, "gaps": places}
