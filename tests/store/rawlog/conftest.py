"""A log in a temporary folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fenhe.store.rawlog import Rotation, StreamLog
from tests.store.rawlog.support import Clock

Open = Callable[..., StreamLog]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "raw" / "stream" / "main"


@pytest.fixture
def open_log(folder: Path, clock: Clock) -> Iterator[Open]:
    """Open the log, closing the one that was open before."""
    opened: list[StreamLog] = []

    def run(rotation: Rotation | None = None) -> StreamLog:
        while opened:
            opened.pop().close()
        opened.append(StreamLog(folder, clock, rotation or Rotation()))
        return opened[-1]

    yield run
    while opened:
        opened.pop().close()
