"""From a file to the store: examine, keep the bytes, stream batches, resolve stations, write.

A refused file leaves nothing behind but a line saying so. A load that is cut short, however,
goes on where it stopped when the same file is imported again: the store sees to that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from fenhe.base import beijing
from fenhe.base.ahead import ahead
from fenhe.base.errors import BadInput
from fenhe.methods import registry as methods
from fenhe.methods.frames import apply
from fenhe.platform.registry import directory as registered
from fenhe.platform.registry.newcomers import Stranger
from fenhe.platform.verdicts.judge import day_number
from fenhe.protocols.tables import feeds
from fenhe.protocols.tables.feeds import Feed
from fenhe.protocols.tables.parse import parse
from fenhe.protocols.tables.plausibility import Examination, examine
from fenhe.protocols.tables.reader import NO_LIMITS, Limits, TextBatch, open_table
from fenhe.protocols.tables.stations import CITIES, STATIONS, Directory
from fenhe.store import RawFile, Receipt, Store
from fenhe.store.raw import sha256_of

Progress = Callable[[dict[str, Any]], None]
WRITTEN = ["site", "item", "statistic", "start", "end", "value", "decimals", "raw_row"]
KEYS = ["station", "city", "day"]
UNKNOWN_STATION = "unknown_station:"


class ImportRefused(BadInput):
    """The file does not hold what its headers say; ``reasons`` are told in both languages."""

    def __init__(self, examination: Examination) -> None:
        self.examination = examination
        self.reasons = examination.reasons
        lines = "\n".join(f"  - {reason}" for reason in self.reasons)
        super().__init__(
            f"{examination.file} is refused under the feed {examination.feed.id}; "
            f"nothing was stored:\n{lines}"
        )


@dataclass(frozen=True)
class Loaded:
    """What became of a file: its kept bytes, the receipt, stations nobody knows."""

    raw: RawFile
    receipt: Receipt
    unresolved: dict[str, int] = field(default_factory=dict)  # reason -> cells


def silent(_: dict[str, Any]) -> None:
    """Report progress to nobody."""


def look(path: Path, feed_id: str, limits: Limits = NO_LIMITS, name: str = "") -> Examination:
    """Examine a file under a feed, the published AQI against the recomputed one too.

    Raises ``BadInput`` for an unknown feed or a file that can not be read at all.
    """
    feed = feeds.load(feed_id)
    recompute = partial(recomputed_aqi, edition=feed.check_edition)
    return examine(feed, path, limits, name=name or path.name, recompute=recompute)


def recomputed_aqi(hours: pl.DataFrame, edition: str | None = None) -> pl.Series:
    """Return the AQI of station hours (start, so2 … pm25) by the edition of their day.

    ``edition`` is asked about the days on which none was in force.
    """
    method = methods.method("air.aqi_hourly")
    found = apply(method, hours.with_columns(day=day_number(pl.col("start"))))
    aqi, undated = found["aqi"], found["edition"].is_null()
    if edition is None or not undated.any():
        return aqi
    return aqi.zip_with(~undated, apply(method, hours, edition=edition)["aqi"])


def load(
    store: Store,
    path: Path,
    examination: Examination,
    actor: str,
    progress: Progress = silent,
) -> Loaded:
    """Keep the bytes and load every batch of an examined file; the same file twice is no news.

    Raises ``ImportRefused`` when the examination speaks against it, ``BadInput`` when the
    file has changed since it was examined. Nothing is stored then.
    """
    if not examination.ok:
        raise ImportRefused(examination)
    seen = sha256_of(path)
    raw = store.raw.keep(path, examination.file)
    if raw.sha256 != seen:
        raise BadInput(f"{path} is being written to; wait and import it again")
    return run(store, raw, examination.feed, actor, progress=progress, rows=examination.rows)


def run(
    store: Store,
    raw: RawFile,
    feed: Feed,
    actor: str,
    *,
    progress: Progress = silent,
    rows: int = 0,
    anew: bool = False,
) -> Loaded:
    """Load a kept file; ``feed`` must be settled. ``rows`` is what progress is measured by.

    ``anew``: the same bytes as some earlier ones are told again on purpose and stand.

    While the store writes one batch, the next one is read and parsed.
    """
    table = open_table(raw.path, name=raw.name, repeated=feed.by_station)
    directory = registered.load()
    unresolved: Counter[str] = Counter()
    done = 0
    with store.begin_import(feed.id, raw, actor, anew=anew) as job:
        for batch in ahead(_prepared(table.batches(), feed, directory, job.resume_row)):
            done += batch.rows
            unresolved.update(batch.unresolved)
            if batch.received:
                job.write(batch.known, batch.rejected, batch.received)
            progress({"rows": done, "of": max(rows, done), **_counts(job.total)})
        receipt = job.finish()
    return Loaded(raw, receipt, dict(unresolved))


@dataclass(frozen=True)
class _Prepared:
    """A batch as the store takes it; nothing received: it was empty, or stored before."""

    rows: int
    known: pl.DataFrame = field(default_factory=pl.DataFrame)
    rejected: pl.DataFrame = field(default_factory=pl.DataFrame)
    received: int = 0
    unresolved: dict[str, int] = field(default_factory=dict)


def _prepared(
    batches: Iterable[TextBatch], feed: Feed, directory: Directory, stored_until: int
) -> Iterator[_Prepared]:
    """Parse the batches that an earlier, cut short run of this import has not committed."""
    for batch in batches:
        last = batch.rows.max()
        stored = isinstance(last, int) and last <= stored_until
        yield _Prepared(batch.frame.height) if stored else _prepare(batch, feed, directory)


def _prepare(batch: TextBatch, feed: Feed, directory: Directory) -> _Prepared:
    parsed = parse(feed, batch)
    known, unknown = resolved(parsed.observations, directory, feed)
    lost = _texts(unknown, batch)
    rejected = pl.concat([parsed.rejected, lost]) if lost.height else parsed.rejected
    unresolved = dict(unknown["reason"].value_counts().iter_rows())
    return _Prepared(
        batch.frame.height, known.select(WRITTEN), rejected, parsed.received, unresolved
    )


def resolved(
    observations: pl.DataFrame, directory: Directory, feed: Feed
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split observations into those of known sites (``site``) and the rest (``reason``)."""
    dated = observations.with_columns(day=(pl.col("start") + beijing.OFFSET).dt.date())
    asked = dated.select(KEYS).unique()
    answers = directory.resolve(asked, CITIES if feed.of_cities else STATIONS)
    joined = dated.join(answers, on=KEYS, how="left", nulls_equal=True, maintain_order="left")
    known = joined["site"].is_not_null()
    return joined.filter(known), joined.filter(~known)


def strangers(examination: Examination) -> list[Stranger]:
    """Return the stations of an examined file that the registry does not know at all.

    Those it knows on other days, or twice, are not strangers: they stay in quarantine. A code
    is one station in whatever city the file puts it; a name is one in each city.
    """
    feed = examination.feed
    kind = feed.station.kind
    asked = examination.stations.with_columns(day=pl.lit(None, pl.Date))
    answers = registered.load().resolve(asked, CITIES if feed.of_cities else STATIONS)
    new = answers.filter(pl.col("reason").str.starts_with(UNKNOWN_STATION))
    found: dict[str | tuple[str, str], Stranger] = {}
    for text, city in new.select("station", "city").iter_rows():
        stranger = Stranger(text, city or "", kind == "code", is_city=feed.of_cities)
        found.setdefault(text if kind == "code" else (text, stranger.city), stranger)
    return list(found.values())


def _texts(unknown: pl.DataFrame, batch: TextBatch) -> pl.DataFrame:
    """Return cells of unknown stations as rejected rows, with the text the file holds."""
    columns = unknown["raw_column"].unique().to_list()
    cells = batch.frame.with_columns(batch.rows.cast(pl.Int64).alias("raw_row"))
    cells = cells.select("raw_row", *columns)
    rows = unknown["raw_row"].unique().implode()
    texts = cells.filter(pl.col("raw_row").is_in(rows)).unpivot(
        columns, index="raw_row", variable_name="raw_column", value_name="text"
    )
    found = unknown.join(texts, on=["raw_row", "raw_column"], how="left", maintain_order="left")
    return found.select("raw_row", "raw_column", "text", "reason")


@dataclass(frozen=True)
class Origin:
    """A kept file as it was once imported: feed, hash and the name it came by."""

    feed: str
    sha256: str
    name: str


def replay(store: Store, origin: Origin, actor: str, progress: Progress = silent) -> Loaded:
    """Parse a kept file anew and load what could not be stored before.

    Values that stand already are counted as duplicates; a mended station list or parser
    brings in the rest. Raises ``RawDamaged`` when the kept bytes are not what they were.
    """
    path = store.raw.verify(origin.sha256)
    raw = RawFile(origin.sha256, path.stat().st_size, path, origin.name)
    examination = look(path, origin.feed, name=origin.name)
    if not examination.ok:
        raise ImportRefused(examination)
    return run(store, raw, examination.feed, actor, progress=progress, rows=examination.rows)


def summary(found: Examination) -> dict[str, Any]:
    """Return an examination as plain data for a preview.

    Keys: ``file, feed, rows, received, accepted, ok, first, last`` (Beijing labels or None),
    ``ranges`` (``item, statistic, column, n, missing_share, minimum, median, maximum, mean``),
    ``reasons`` and ``remarks`` (``code, zh, en``), ``rejected`` (reason -> cells),
    ``examples`` (``raw_row, raw_column, text, reason``), ``encoding``, ``unused``, ``decision``.
    """
    plain = ("file", "rows", "received", "accepted", "ok", "rejected", "encoding", "decision")
    return {
        **{name: getattr(found, name) for name in plain},
        "feed": found.feed.id,
        "first": label(found.first),
        "last": label(found.last),
        "ranges": [vars(item) for item in found.ranges],
        "reasons": [{"code": r.code, "zh": r.zh, "en": str(r)} for r in found.reasons],
        "remarks": [{"code": r.code, "zh": r.zh, "en": str(r)} for r in found.remarks],
        "examples": found.examples.to_dicts(),
        "unused": list(found.unused),
    }


def label(moment: Any) -> str | None:
    """Return a naive UTC time as a Beijing label, None for None."""
    return None if moment is None else f"{beijing.to_beijing(moment):%Y-%m-%d %H:%M}"


def _counts(receipt: Receipt) -> dict[str, int]:
    names = ("received", "stored", "corrected", "duplicate", "rejected")
    return {name: getattr(receipt, name) for name in names}
