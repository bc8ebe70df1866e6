"""Keeps the flag ``logger_disagrees`` true: hours of loggers against their own minutes.

What changed is read from the store's commits after a cursor that is kept with the flags.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import polars as pl
from django.db import close_old_connections

from fenhe.platform.registry.models import OUTLET_PREFIX
from fenhe.quality import agreement, standing
from fenhe.quality.checks import COVERAGE
from fenhe.standards import catalogue
from fenhe.store import Store

log = logging.getLogger("fenhe.checks")
ACTOR = "fenhe:agreement"
EDITION = "SOURCEQC-2026"
PAUSE = 5.0  # seconds between looks for new commits
GONE = "hour and minutes agree now"
HOUR = timedelta(hours=1)
TOGETHER = timedelta(days=2)  # spans up to this are read for all outlets at once
_KEY = ["site", "item", "statistic"]
_VALUES = ["site", "item", "statistic", "start", "end", "value", "decimals", "quality"]
_turn = threading.Lock()


def step(store: Store, *, after: int | None = None) -> tuple[int, int]:
    """Compare what the commits since the last round touched; return flags raised and lifted.

    ``after``: since this commit instead. Flags and cursor are one commit.
    """
    with _turn:
        until = store.last_commit
        begin = store.checked_until(ACTOR) if after is None else after
        if until == begin:
            return 0, 0
        touched = _of_outlets(store.touched(begin, until, ACTOR))
        raised, seen, lifted = [], [], []
        for part in _parts(touched):
            change, looked = _compare(store, part)
            raised.append(change.raised)
            seen.append(looked)
            lifted += change.lifted
        if not raised:
            return 0, 0
        flags = pl.concat(raised)
        written = store.write_checks(flags, pl.concat(seen), lifted, ACTOR, GONE, until=until)
        if written is not None:  # a value that is suspected counts as before
            store.cells.settle(written.commit)
        return flags.height, len(lifted)


def _of_outlets(touched: pl.DataFrame) -> pl.DataFrame:
    hourly = pl.col("statistic") == agreement.HOUR
    minute = pl.col("statistic").str.contains(agreement.MINUTES)
    return touched.filter(pl.col("site").str.starts_with(OUTLET_PREFIX), hourly | minute)


def _parts(touched: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield what is read together: all outlets where the times lie close, else one by one."""
    if touched.is_empty():
        return
    first, last = touched["first"].min(), touched["last"].max()
    assert isinstance(first, datetime)  # noqa: S101 (the column's type)
    assert isinstance(last, datetime)  # noqa: S101
    if last - first <= TOGETHER:
        yield touched
        return
    yield from touched.partition_by("site", maintain_order=True)


def _compare(store: Store, touched: pl.DataFrame) -> tuple[standing.Change, pl.DataFrame]:
    """Return what to raise and lift on the touched hours, and where was looked."""
    first, last = touched.select(
        pl.col("first").min().dt.truncate("1h"), pl.col("last").max().dt.truncate("1h")
    ).row(0)
    sites, end = touched["site"].unique().to_list(), last + HOUR
    spans = touched.group_by("site", "item").agg(
        pl.col("first").min().dt.truncate("1h"), pl.col("last").max().dt.truncate("1h")
    )
    hours = _read(store, sites, agreement.HOUR, first, end)
    inside = hours.join(spans, on=["site", "item"]).filter(
        pl.col("start").is_between("first", "last")
    )
    looked = {
        (site, item, agreement.HOUR): (begin, until + HOUR)
        for site, item, begin, until in spans.iter_rows()
    }
    edition = catalogue().edition(EDITION)
    rules = agreement.rules_of(edition)
    minutes = _minutes(store, inside, first, end)
    due = agreement.disagreeing(inside.select(_VALUES), minutes, rules)
    mine = store.flags(sites, first, end).filter(pl.col("who") == ACTOR)
    open_flags = mine.filter(pl.col("cleared_commit").is_null())
    by_person = mine.filter(pl.col("cleared_by") != ACTOR)
    change = standing.change(due, open_flags, _unchanged(by_person, inside), looked)
    seen = inside.with_columns(check=pl.lit(agreement.CHECK), version=pl.lit(rules.version)).select(
        list(COVERAGE)
    )
    return change, seen


def _read(
    store: Store, sites: list[str], statistic: str, start: datetime, end: datetime
) -> pl.DataFrame:
    rows = store.observations(sites, statistic=statistic, start=start, end=end)
    return rows.with_columns(statistic=pl.lit(statistic)).select(*_VALUES, "commit")


def _minutes(store: Store, hours: pl.DataFrame, start: datetime, end: datetime) -> pl.DataFrame:
    """Return the minute values of the outlets that have such hours."""
    sites = hours["site"].unique().to_list()
    known = store.series().filter(
        pl.col("site").is_in(sites), pl.col("statistic").str.contains(agreement.MINUTES)
    )
    parts = [
        _read(store, sites, statistic, start, end) for statistic in known["statistic"].unique()
    ]
    if not parts:
        return hours.clear().select(_VALUES)
    return pl.concat(parts).select(_VALUES)


def _unchanged(lifted: pl.DataFrame, hours: pl.DataFrame) -> pl.DataFrame:
    """Return the flags a person lifted whose hour is still that of then."""
    values = hours.select(*_KEY, pl.col("start"), pl.col("commit").alias("told"))
    newer = lifted.join(values, on=[*_KEY, "start"]).filter(
        pl.col("told") > pl.col("cleared_commit")
    )
    return lifted.join(newer, on="flag", how="anti")


class Agreement(threading.Thread):
    """Compares every few seconds; an error is logged and tried again later."""

    def __init__(self, store: Store) -> None:
        super().__init__(name="fenhe-agreement", daemon=True)
        self._store = store
        self._seen = -1
        self._stop_asked = threading.Event()

    def run(self) -> None:
        """Compare until stopped."""
        while not self._stop_asked.wait(PAUSE):
            try:
                until = self._store.last_commit
                if until != self._seen:
                    raised, lifted = step(
                        self._store, after=self._seen if self._seen >= 0 else None
                    )
                    self._seen = until
                    if raised or lifted:
                        log.info("hours of loggers: %d flags raised, %d lifted", raised, lifted)
            except Exception:
                log.exception("hours of loggers will be compared again")
                self._stop_asked.wait(PAUSE * 10)
            finally:
                close_old_connections()

    def stop(self) -> None:
        """Ask the thread to end and wait for the round under way."""
        self._stop_asked.set()
        if self.is_alive():
            self.join(60)
