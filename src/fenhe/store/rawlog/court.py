"""An export of a raw log for those who must be able to check it themselves: bytes and proof."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fenhe.base.errors import BadInput
from fenhe.store.rawlog.entries import Segment
from fenhe.store.rawlog.examine import Problem, examine
from fenhe.store.rawlog.removed import Removed
from fenhe.store.rawlog.shelf import Shelf, opened

FORMAT = "fenhe-rawlog-export/1"
_HERE = Path(__file__).parent
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Wanted:
    """Which segments: those that have entries in ``since <= t < until`` (naive UTC, None: open).

    ``numbers``: these segments instead.
    """

    since: datetime | None = None
    until: datetime | None = None
    numbers: frozenset[int] = frozenset()

    def has(self, segment: Segment) -> bool:
        """Say whether a segment is wanted; one without entries is wanted only by number."""
        if self.numbers:
            return segment.number in self.numbers
        if segment.first_at is None or segment.last_at is None:
            return False
        late = self.until is not None and segment.first_at >= self.until
        return not late and (self.since is None or segment.last_at >= self.since)


@dataclass(frozen=True)
class Origin:
    """Who exports and with what: names for the proof, and what the store noted apart (rows)."""

    made_by: str
    made_at: datetime
    fenhe: str
    reason: str = ""
    noted: Sequence[dict[str, Any]] = ()


@dataclass(frozen=True)
class Exported:
    """What was written, and what is not as it was written to the log; that is in the proof too."""

    target: Path
    segments: tuple[Segment, ...]
    problems: tuple[Problem, ...]

    @property
    def entries(self) -> int:
        """Return how many entries were exported."""
        return sum(segment.entries for segment in self.segments)

    @property
    def bytes(self) -> int:
        """Return the bytes of the segments."""
        return sum(segment.bytes for segment in self.segments)


def export(shelf: Shelf, target: Path, wanted: Wanted, origin: Origin) -> Exported:
    """Write a folder, or a file when ``target`` ends with ``.zip``; it appears when it is whole.

    Raises ``BadInput`` when the target exists, no segment is wanted, or a wanted one is not there.
    """
    if target.exists():
        raise BadInput(f"{target} exists already; give each export a name of its own")
    every = shelf.segments()
    chosen = _chosen(shelf, every, wanted)
    work = target.with_name(f".{target.name}.unfinished")
    shutil.rmtree(work, ignore_errors=True)
    try:
        (work / "segments").mkdir(parents=True, mode=0o700)
        made = Exported(target, chosen, _copied(chosen, work))
        _write(work / "proof.json", _proof(every, shelf.removed(), made, wanted, origin))
        for name in ("check.py", "PROCEDURE.txt"):
            _write(work / name, (_HERE / name).read_bytes())
        _write(work / "SHA256SUMS", _sums(work))
        _settle(work, target)
    except OSError as error:
        raise BadInput(f"{target} can not be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return made


def _chosen(shelf: Shelf, every: Iterable[Segment], wanted: Wanted) -> tuple[Segment, ...]:
    chosen = tuple(segment for segment in every if wanted.has(segment))
    absent = sorted(wanted.numbers - {segment.number for segment in chosen})
    if absent:
        gone = {left.number: left for left in shelf.removed()}
        left = gone.get(absent[0])
        why = f"was removed on {left.removed_at[:10]}, {left.rule}" if left else "is not there"
        raise BadInput(f"segment {absent[0]} of {shelf.gateway} {why}")
    if not chosen:
        raise BadInput(f"the raw log of {shelf.gateway} has no entries in that time")
    return chosen


def _copied(chosen: Sequence[Segment], work: Path) -> tuple[Problem, ...]:
    problems: list[Problem] = []
    for segment in chosen:
        target = work / _file(segment)
        with opened(segment.path) as handle, target.open("xb") as out:
            done = 0
            while done < segment.bytes:
                piece = os.pread(handle, min(_CHUNK, segment.bytes - done), done)
                if not piece:
                    break
                done += out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        problems += examine(target, segment.name).problems
    return tuple(problems)


def _file(segment: Segment) -> str:
    return f"segments/{segment.path.name}"


def _proof(
    every: Sequence[Segment],
    gone: Sequence[Removed],
    made: Exported,
    wanted: Wanted,
    origin: Origin,
) -> bytes:
    chosen = {segment.number for segment in made.segments}
    links = [_link(segment, exported=segment.number in chosen) for segment in every]
    there = {segment.number for segment in every}
    links += [_gone(left) for left in gone if left.number not in there]
    said = {
        "format": FORMAT,
        "gateway": every[0].gateway,
        "made_by": origin.made_by,
        "made_at": origin.made_at.isoformat(),
        "fenhe": origin.fenhe,
        "reason": origin.reason,
        "since": _iso(wanted.since),
        "until": _iso(wanted.until),
        "problems": [str(problem) for problem in made.problems],
        "chain": sorted(links, key=lambda link: int(link["number"])),
        "noted_by_the_store": list(origin.noted),
    }
    return (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()


def _link(segment: Segment, *, exported: bool) -> dict[str, Any]:
    names = ("number", "id", "former", "head", "sealed", "entries", "bytes")
    moments = {"first_at": _iso(segment.first_at), "last_at": _iso(segment.last_at)}
    place = {"exported": exported, "file": _file(segment) if exported else None}
    return {name: getattr(segment, name) for name in names} | moments | place


def _gone(left: Removed) -> dict[str, Any]:
    names = ("number", "id", "former", "head", "entries", "bytes", "first_at", "last_at")
    why = {"sealed": True, "removed_at": left.removed_at, "rule": left.rule, "sha256": left.sha256}
    return {name: getattr(left, name) for name in names} | why | {"exported": False, "file": None}


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _files(work: Path) -> Iterator[Path]:
    yield from sorted(path for path in work.rglob("*") if path.is_file())


def _sums(work: Path) -> bytes:
    lines = []
    for path in _files(work):
        with path.open("rb") as file:
            sha = hashlib.file_digest(file, "sha256").hexdigest()
        lines.append(f"{sha}  {path.relative_to(work).as_posix()}\n")
    return "".join(lines).encode()


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _settle(work: Path, target: Path) -> None:
    if target.suffix.lower() != ".zip":
        work.rename(target)
        return
    packed = work.with_name(f"{work.name}.zip")
    try:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
            for path in _files(work):
                file.write(path, f"{target.stem}/{path.relative_to(work).as_posix()}")
        packed.rename(target)
    finally:
        packed.unlink(missing_ok=True)
