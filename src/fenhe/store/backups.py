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

_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Pinned:
    """The store at a commit: the immutable files it consists of, besides the catalogue.

    ``files``: path inside the data folder -> bytes; values and raw log. ``raws``: those of them
    that are raw files, whose name is their hash.
    """

    commit: int
    files: dict[str, int]
    raws: frozenset[str]


@contextmanager
def pinned(
    lake: Lake, commits: CommitLog, folder: Path, catalogue: Path, also: Callable[[], None]
) -> Iterator[Pinned]:
    """Copy the catalogue to ``catalogue`` and keep the files it names until left.

    ``also`` is called in the pinned moment, with no write to the store under way; it must be
    quick, for writers wait. Raises ``BadInput`` when another backup is under way.
    """
    if not _one_at_a_time.acquire(blocking=False):
        raise BadInput("another backup is under way; wait for it to end")
    try:
        with lake.held():
            seen: list[int] = []

            def moment() -> None:
                seen.append(commits.last)
                also()

            named = lake.copy_catalogue(catalogue, moment)
            files = {f"lake/data/{path}": size for path, size in named.items()}
            kept = lake.read(
                "SELECT sha256, max(size) AS size FROM raw_file WHERE commit <= ? GROUP BY sha256",
                [seen[0]],
            )
            raws = {f"raw/{sha[:2]}/{sha}": size for sha, size in kept.iter_rows()}
            # files kept and not yet imported: the records of the moment may name them
            waiting = (path for path in (folder / "raw").glob("??/*") if path.is_file())
            for path in waiting:
                raws.setdefault(str(path.relative_to(folder)), path.stat().st_size)
            yield Pinned(seen[0], files | raws, frozenset(raws))
    finally:
        _one_at_a_time.release()
