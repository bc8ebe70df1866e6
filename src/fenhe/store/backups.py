"""What a backup copies: the store at one commit, while writers go on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fenhe.base.errors import BadInput
from fenhe.store.commits import CommitLog
from fenhe.store.lake import Lake
from fenhe.store.rawlog.streams import Streams

_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Pinned:
    """The store at a commit: the immutable files it consists of, besides the catalogue.

    ``files``: path inside the data folder -> bytes; values and raw log. ``raws``: those of them
    that are raw files, whose name is their hash. ``segments``: those that are segments of
    streams -> SHA-256 as noted when sealed, "" before; of an open one the bytes given in
    ``files`` are durable and hold every entry the commit knows, and more may follow them.
    """

    commit: int
    files: dict[str, int]
    raws: frozenset[str]
    segments: dict[str, str]


@contextmanager
def pinned(
    lake: Lake, commits: CommitLog, streams: Streams, catalogue: Path, also: Callable[[], None]
) -> Iterator[Pinned]:
    """Copy the catalogue to ``catalogue`` and keep the files it names until left.

    ``also`` is called in the pinned moment, with no write to the store under way; it must be
    quick, for writers wait. Raises ``BadInput`` when another backup is under way.
    """
    if not _one_at_a_time.acquire(blocking=False):
        raise BadInput("another backup is under way; wait for it to end")
    try:
        with lake.held(), streams.kept():
            seen: list[int] = []
            durable: list[Ends] = []

            def moment() -> None:
                seen.append(commits.last)
                durable.append(_ends(streams))  # after the commit: it knows no entry beyond
                also()

            named = lake.copy_catalogue(catalogue, moment)
            files = {f"lake/data/{path}": size for path, size in named.items()}
            raws = _raws(lake, streams.folder.parent, seen[0])
            segments, others = _streams(lake, streams, durable[0])
            sizes = {path: size for path, (size, _) in segments.items()}
            hashes = {path: sha for path, (_, sha) in segments.items()}
            yield Pinned(seen[0], files | raws | sizes | others, frozenset(raws), hashes)
    finally:
        _one_at_a_time.release()


def _raws(lake: Lake, folder: Path, commit: int) -> dict[str, int]:
    kept = lake.read(
        "SELECT sha256, max(size) AS size FROM raw_file "
        "WHERE commit <= ? AND NOT starts_with(name, 'stream/') GROUP BY sha256",
        [commit],
    )
    raws = {f"raw/{sha[:2]}/{sha}": size for sha, size in kept.iter_rows()}
    # files kept and not yet imported: the records of the moment may name them
    waiting = (path for path in folder.glob("??/*") if path.is_file())
    for path in waiting:
        raws.setdefault(f"raw/{path.relative_to(folder)}", path.stat().st_size)
    return raws


Ends = dict[str, tuple[int, int]]  # gateway -> number and durable bytes of its open segment


def _ends(streams: Streams) -> Ends:
    """Return how far the logs written here are durable now; they end there for a backup."""
    found: Ends = {}
    for gateway in streams.names():
        log = streams.writing(gateway)
        live = None if log is None else log.live
        if live is not None:
            found[gateway] = (live.number, live.bytes)
        elif log is not None:
            found[gateway] = (max(log.shelf.numbers(), default=0), -1)
    return found


def _streams(
    lake: Lake, streams: Streams, ends: Ends
) -> tuple[dict[str, tuple[int, str]], dict[str, int]]:
    """Return the segments with bytes and noted hash, and what else lies beside them."""
    segments: dict[str, tuple[int, str]] = {}
    others: dict[str, int] = {}
    for gateway in streams.names():
        shelf = streams.shelf(gateway)
        noted = (
            dict(
                lake.read(
                    "SELECT number, sha256 FROM stream_segment WHERE gateway = ?", [gateway]
                ).iter_rows()
            )
            if "stream_segment" in lake.tables()
            else {}
        )
        last, size = ends.get(gateway, (None, -1))
        for segment in shelf.segments():
            if last is None or segment.number < last or (segment.number == last and size < 0):
                segments[f"raw/{segment.name}"] = (segment.bytes, noted.get(segment.number, ""))
            elif segment.number == last:
                segments[f"raw/{segment.name}"] = (size, "")
        for path in sorted(shelf.folder.glob("*.head")) + sorted(shelf.folder.glob("*.torn")):
            others[f"raw/stream/{gateway}/{path.name}"] = path.stat().st_size
    return segments, others
