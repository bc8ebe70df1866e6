"""All logs of a data folder: the ones written here, and those that only lie there."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fenhe.base.errors import BadInput
from fenhe.base.instants import utc_now
from fenhe.store.rawlog.committer import Known
from fenhe.store.rawlog.entries import Segment
from fenhe.store.rawlog.log import NOTHING, ROTATION, Clock, StreamLog
from fenhe.store.rawlog.rotation import Rotation
from fenhe.store.rawlog.shelf import Shelf

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class Streams:
    """The folder ``raw/stream``: one folder for each gateway."""

    def __init__(self, folder: Path, clock: Clock = utc_now) -> None:
        self.folder = folder
        self._clock = clock
        self._open: dict[str, StreamLog] = {}
        self._shelves: dict[str, Shelf] = {}
        self._numbers: dict[str, tuple[str, int]] = {}  # id -> gateway and number
        self._guard = threading.RLock()
        self._kept = threading.Lock()

    def open(
        self,
        gateway: str,
        rotation: Rotation = ROTATION,
        known: Callable[[], Known] = lambda: NOTHING,
    ) -> StreamLog:
        """Return the log of a gateway for writing; the same one every time.

        Raises ``BadInput`` for a name that is none, ``StreamOwned`` when another process
        writes it.
        """
        with self._guard:
            if gateway not in self._open:
                folder = self.folder / checked(gateway)
                self._open[gateway] = StreamLog(folder, self._clock, rotation, known())
            return self._open[gateway]

    def names(self) -> list[str]:
        """Return the names of the gateways that have a log."""
        if not self.folder.is_dir():
            return []
        return sorted(path.name for path in self.folder.iterdir() if path.is_dir())

    def shelf(self, gateway: str) -> Shelf:
        """Return the log of a gateway for reading. Raises ``BadInput`` when it has none."""
        with self._guard:
            if gateway in self._open:
                return self._open[gateway].shelf
            if gateway not in self._shelves:
                folder = self.folder / checked(gateway)
                if not folder.is_dir():
                    raise BadInput(f"there is no raw log of a gateway '{gateway}'")
                self._shelves[gateway] = Shelf(folder)
            return self._shelves[gateway]

    def writing(self, gateway: str) -> StreamLog | None:
        """Return the log of a gateway if it is open for writing here."""
        with self._guard:
            return self._open.get(gateway)

    def opened(self) -> list[StreamLog]:
        """Return the logs that are open for writing here."""
        with self._guard:
            return [self._open[gateway] for gateway in sorted(self._open)]

    def find(self, segment_id: str) -> Segment | None:
        """Return the segment of an id, of whichever gateway; None when there is none."""
        place = self._numbers.get(segment_id)
        if place is not None:
            found = self.shelf(place[0]).segment(place[1])
            if found is not None and found.id == segment_id:
                return found
        for gateway in self.names():
            for segment in self.shelf(gateway).segments():
                self._numbers[segment.id] = (gateway, segment.number)
                if segment.id == segment_id:
                    return segment
        return None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep every segment until left: nothing is removed meanwhile, such as by the rule.

        Raises ``BadInput`` when somebody else has them kept, or removes some.
        """
        if not self._kept.acquire(blocking=False):
            raise BadInput("the raw logs are being backed up or cleared; wait for that to end")
        try:
            yield
        finally:
            self._kept.release()

    def close(self) -> None:
        """Write what waits and close every log; safe to call twice."""
        with self._guard:
            while self._open:
                self._open.popitem()[1].close()


def checked(gateway: str) -> str:
    """Return a gateway's name, or raise ``BadInput`` when it can not be one."""
    if not _NAME.fullmatch(gateway):
        raise BadInput(
            f"'{gateway}' can not be the name of a gateway: lower-case letters, digits, - and _"
        )
    return gateway
