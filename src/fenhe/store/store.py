"""The door of the store: everything else in this package is reached through it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

import polars as pl

from fenhe.base.instants import utc_now
from fenhe.store import anchors, backups, changes, checkup, imports, maintenance, receipts, schema
from fenhe.store.cells import Cells
from fenhe.store.commits import Clock, CommitLog
from fenhe.store.coverage import Coverage, Written
from fenhe.store.extents import Extents
from fenhe.store.flags import Flags
from fenhe.store.imports import Load
from fenhe.store.ingest import Parts
from fenhe.store.lake import Lake
from fenhe.store.latest import Latest
from fenhe.store.lock import OwnerLock
from fenhe.store.maintenance import Upkeep
from fenhe.store.observations import Observations
from fenhe.store.raw import RawFile, RawLog
from fenhe.store.rawlog import Rotation, StreamLog
from fenhe.store.rawlog.examine import Told
from fenhe.store.rawlog.log import ROTATION
from fenhe.store.rawlog.shelf import Shelf
from fenhe.store.rawlog.streams import Streams
from fenhe.store.rawlog.verify import Verified, verify
from fenhe.store.series import SeriesRegister


class Store:
    """A data folder, opened by its one owner; safe to use from many threads.

    Writers take turns; readers see the last finished commit and wait for nobody.
    """

    def __init__(self, folder: Path, lock: OwnerLock, clock: Clock) -> None:
        """Use ``Store.open``."""
        self.folder = folder
        self._lock = lock
        self.streams = Streams(folder / "raw" / "stream", clock)
        self.raw = RawLog(folder / "raw", self.streams)
        self._lake = Lake(folder / "lake")
        try:
            schema.prepare(self._lake)
        except BaseException:
            self._lake.close()
            raise
        self._commits = CommitLog(self._lake, clock)
        self._series = SeriesRegister(self._lake)
        self._latest = Latest(self._lake, self._series)
        self._flags = Flags(self._lake, self._commits, self._series, self._latest)
        self._coverage = Coverage(self._lake, self._commits, self._series, self._flags)
        self._observations = Observations(self._lake, self._series, self._flags)
        self._extents = Extents(self._lake, self._commits, self._series, self._latest)
        self.cells = Cells(self._lake, self._commits)
        self._parts = Parts(
            self._lake,
            self._commits,
            self._series,
            self._flags,
            self._latest,
            WeakValueDictionary(),
        )

    @classmethod
    def open(cls, folder: Path | str, clock: Clock = utc_now) -> Self:
        """Open or create a data folder; ``StoreOwned`` names the pid of another owner.

        ``clock`` gives the present as naive UTC.
        """
        root = Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        lock = OwnerLock(root)
        try:
            return cls(root, lock, clock)
        except BaseException:
            lock.release()
            raise

    def close(self) -> None:
        """Finish the writes under way and give the folder up; safe to call twice."""
        self.streams.close()
        self._lake.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def last_commit(self) -> int:
        """Return the number of the last commit; 0 for an empty store."""
        return self._commits.last

    def stream(self, gateway: str, rotation: Rotation = ROTATION) -> StreamLog:
        """Return the raw log of a gateway, opened for writing; the same one every time.

        Raises ``BadInput`` for a name that is none, ``StreamOwned`` when another process
        writes it.
        """
        return self.streams.open(gateway, rotation, lambda: anchors.known(self._lake, gateway))

    def verify_stream(
        self, gateway: str, told: Told = lambda _: None, *, thorough: bool = True
    ) -> Verified:
        """Prove the raw log of a gateway, also against what the store noted of it; see ``verify``.

        A gateway whose log is gone, though the store knows it, has every segment missing.
        """
        known = anchors.anchors(self._lake, gateway)
        shelf = Shelf(self.streams.folder / gateway)
        if gateway in self.streams.names() or not known:
            shelf = self.streams.shelf(gateway)
        return verify(shelf, known, told, thorough=thorough)

    def gateways(self) -> list[str]:
        """Return the gateways that have a raw log, or had one the store knows."""
        return sorted({*self.streams.names(), *anchors.gateways(self._lake)})

    def note_streams(self) -> int:
        """Note the heads of segments sealed since the last time; return how many."""
        return anchors.note(self._lake, self._commits, self.streams)

    def noted_streams(self, gateway: str) -> pl.DataFrame:
        """Return the noted segments of a gateway: their columns, and known_at."""
        return anchors.noted(self._lake, gateway)

    def begin_import(
        self, feed_id: str, raw_file: RawFile, actor: str, *, anew: bool = False
    ) -> Load:
        """Open an import of a kept file, or take up the unfinished one of this feed and file.

        ``anew``: what the file says is told once more on purpose and stands, also over what
        other files told since; otherwise what it told before is no news.
        """
        return imports.begin(self._parts, feed_id, raw_file, actor, anew=anew)

    def observations(  # noqa: PLR0917 (one filter per part of the key, all optional)
        self,
        sites: Iterable[str] | None = None,
        items: Iterable[str] | None = None,
        statistic: str = "1h",
        start: datetime | None = None,
        end: datetime | None = None,
        as_of: int | None = None,
    ) -> pl.DataFrame:
        """Return the values with ``start <= t < end`` (naive UTC), by site, item and time.

        Columns: site, item, start, end, value, decimals, quality (``Quality``; void values
        are given too), commit, raw_sha256, raw_row. None means any; ``as_of`` gives what was
        known at that commit.
        """
        return self._observations.read(sites, items, statistic, start, end, as_of)

    def history(self, site: str, item: str, statistic: str, start: datetime) -> pl.DataFrame:
        """Return the former values of one hour with superseded_commit, superseded_at, actor."""
        return self._observations.history(site, item, statistic, start)

    def latest(self, statistic: str = "1h") -> pl.DataFrame:
        """Return the newest value per site and item from memory, with its quality code."""
        return self._latest.read(statistic)

    def extent(
        self, statistic: str = "1h", items: Collection[str] | None = None
    ) -> tuple[datetime, datetime] | None:
        """Return the first start and the last end (naive UTC) there is, None if empty.

        ``items``: only values of these; None means any.
        """
        if items is None:
            return self._observations.extent(statistic)
        return self._extents.read(statistic, items)

    def series(self) -> pl.DataFrame:
        """Return every series: series, site, item, statistic."""
        return self._series.frame

    def add_flags(self, frame: pl.DataFrame, actor: str) -> list[int]:
        """Write flags (site, item, statistic, start, end, check, reason …); see ``Flags.add``."""
        return self._flags.add(frame, actor)

    def clear_flag(self, flag_id: int, actor: str, reason: str) -> int:
        """Lift a flag; it stays readable. Returns the commit."""
        return self._flags.clear(flag_id, actor, reason)

    def flags(
        self,
        sites: Iterable[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        as_of: int | None = None,
        *,
        cleared: bool = True,
    ) -> pl.DataFrame:
        """Return the flags that touch a period, lifted ones too unless ``cleared=False``."""
        return self._flags.read(sites, start, end, as_of, cleared=cleared)

    def write_checks(
        self,
        flags: pl.DataFrame,
        coverage: pl.DataFrame,
        lifted: Sequence[int],
        actor: str,
        reason: str,
        *,
        until: int | None = None,
    ) -> Written | None:
        """Raise flags, lift others and note where was checked, in one commit; None: nothing.

        ``coverage``: site, item, statistic, start, end, check, version. ``until``: the commit up
        to which was looked, kept in the same commit.
        """
        return self._coverage.write(flags, coverage, lifted, actor, reason, until=until)

    def add_coverage(self, frame: pl.DataFrame, actor: str) -> Written | None:
        """Note where checks were made; see ``write_checks``."""
        return self._coverage.write(pl.DataFrame(), frame, [], actor, "")

    def checked_until(self, actor: str) -> int:
        """Return the commit up to which a checker has looked; 0 before its first round."""
        return self._coverage.until(actor)

    def beside(self, wanted: pl.DataFrame, statistic: str, *, after: bool) -> pl.DataFrame:
        """Return the value before or after a moment of each series; see ``Coverage.beside``."""
        return self._coverage.beside(wanted, statistic, after=after)

    def coverage(
        self,
        sites: Iterable[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        as_of: int | None = None,
    ) -> pl.DataFrame:
        """Return site, item, statistic, start, end, check, version, commit: what was checked.

        A value that is covered and carries no flag passed; one not covered was not checked.
        """
        return self._coverage.read(sites, start, end, as_of)

    def compact_coverage(self, before: datetime) -> int:
        """Join coverage rows of stretches over by ``before``; return how many rows went."""
        return self._coverage.compact(before)

    def touched(self, after: int, until: int, actor: str) -> pl.DataFrame:
        """Return the series that changed by the commits ``after < n <= until``, with the span.

        Columns: series, site, item, statistic, first, last. New and corrected values, and flags
        raised or lifted by anybody but ``actor``.
        """
        return self._coverage.touched(after, until, actor)

    def changed(self, after: int, until: int, without: Sequence[str] = ()) -> pl.DataFrame:
        """Return site, statistic, Beijing day touched by the commits ``after < n <= until``.

        ``without``: items whose changes do not count.
        """
        return changes.changed(self._lake, after, until, without)

    def changed_hours(self, after: int, until: int, prefix: str, statistic: str) -> pl.DataFrame:
        """Return site, hour (naive UTC) touched by the commits ``after < n <= until``.

        Of the sites whose key begins with ``prefix``, in the statistics that match a pattern.
        """
        return changes.hours(self._lake, after, until, prefix, statistic)

    def commits(self) -> pl.DataFrame:
        """Return all commits in order: commit, known_at (naive UTC), actor, what."""
        return self._commits.frame()

    def receipts(
        self, by: str = "batch", feed: str | None = None, import_id: int | None = None
    ) -> pl.DataFrame:
        """Return receipts by ``batch``, ``import`` or ``hour``; each one balances."""
        return receipts.read(self._lake, by, feed, import_id)

    def quarantine(
        self,
        feed: str | None = None,
        import_id: int | None = None,
        kinds: Sequence[str] | None = None,
        page: tuple[int, int] | None = None,
        *,
        standing: bool = False,
    ) -> pl.DataFrame:
        """Return the rejected cells with file, row, column, text and reason.

        ``kinds``: what their reasons begin with. ``page``: so many, after so many, the newest
        first. ``standing``: what is still open; see ``receipts.Cells``.
        """
        wanted = None if kinds is None else tuple(kinds)
        return receipts.quarantine(
            self._lake, receipts.Cells(feed, import_id, wanted, standing), page
        )

    def quarantine_kinds(
        self, feed: str | None = None, import_id: int | None = None, *, standing: bool = False
    ) -> dict[str, int]:
        """Return how many rejected cells there are by kind of reason, most first."""
        cells = receipts.Cells(feed, import_id, still_open=standing)
        return receipts.kinds(self._lake, cells)

    def frame_receipts(self, feed: str | None = None) -> pl.DataFrame:
        """Return frames of streams by feed and hour: received = accepted + duplicate + rejected."""
        return receipts.frames(self._lake, feed)

    def pinned(
        self, catalogue: Path, also: Callable[[], None]
    ) -> AbstractContextManager[backups.Pinned]:
        """Copy the catalogue of one commit and keep its files until left; see ``backups``."""
        return backups.pinned(self._lake, self._commits, self.streams, catalogue, also)

    def astray(self) -> checkup.Astray:
        """Compare the files the catalogue names with those on disk."""
        return checkup.astray(self._lake, self.folder / "lake" / "data")

    def unbalanced(self) -> pl.DataFrame:
        """Return the receipts whose counts do not add up; none, if all is well."""
        return checkup.unbalanced(self._lake)

    def kept(self) -> pl.DataFrame:
        """Return the raw files there are: sha256, size, name, commit."""
        return checkup.kept(self._lake)

    @property
    def layout(self) -> int:
        """Return the number of the layout of the tables."""
        return schema.LAYOUT

    @property
    def known_at(self) -> datetime:
        """Return the moment (naive UTC) of the last commit; the earliest there is without one."""
        return self._commits.known_at

    def live_files(self) -> int:
        """Return how many data files the tables are spread over now; cheap."""
        return self._lake.live_files()

    def maintain(self, keep: timedelta = maintenance.KEEP, *, thorough: bool = True) -> Upkeep:
        """Merge small files, rewrite deletes, drop snapshots older than ``keep``.

        Segments of raw logs that were sealed are noted.
        """
        self.note_streams()
        return maintenance.maintain(self._lake, self._commits, keep, thorough=thorough)
