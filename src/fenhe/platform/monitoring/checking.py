"""Checks that follow the data: what a commit brought is checked within seconds.

What changed is read from the store's commits after a cursor that is kept with the flags
themselves: a crash repeats work and loses none. Flags whose condition is gone are lifted; one
that a person lifted is not raised again for the same values. A check never makes a value count
less: it suspects, a person decides.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl
from django.db import close_old_connections

from fenhe.platform.monitoring import windows
from fenhe.platform.registry.models import Site
from fenhe.quality import checks, config, standing
from fenhe.quality.config import Config
from fenhe.quality.flags import Quality
from fenhe.quality.standing import Change, Interval, Key
from fenhe.standards import catalogue
from fenhe.store import Store

log = logging.getLogger("fenhe.checks")
ACTOR = "fenhe:checks"
PAUSE = 1.0  # seconds between looks for new commits
GONE = "the values no longer fail"
#: Which numbers are for which kind of place; the others are not checked.
EDITIONS = {Site.Kind.AIR: "AIRQC-2026", "outlet": "SOURCEQC-2026"}
#: Coverage of the last days stays as it was written; what is older is joined.
KEPT_APART = timedelta(days=2)
_turn = threading.Lock()


@dataclass(frozen=True)
class Step:
    """What one round did: series looked at, values checked, flags raised and lifted."""

    series: int = 0
    values: int = 0
    raised: int = 0
    lifted: int = 0


class Cursor:
    """The commit up to which the store was checked; what the store kept, or later."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: int | None = None

    @property
    def at(self) -> int:
        """The commit."""
        if self._known is None:
            self._known = self._store.checked_until(ACTOR)
        return self._known

    def move(self, until: int) -> None:
        """Go on from here."""
        self._known = until


def step(store: Store, cursor: Cursor, stop: threading.Event | None = None) -> Step:
    """Check what the commits since the cursor touched; write flags and coverage in one commit.

    Told to stop, it leaves off between two lots of series and writes nothing.
    """
    with _turn:
        until = store.last_commit
        if until == cursor.at:
            return Step()
        touched = store.touched(cursor.at, until, ACTOR)
        done, flags, seen, lifted = Step(len(touched)), [], [], []
        for rules, changed in _by_rules(touched):
            for window in windows.windows(store, changed, rules):
                if stop is not None and stop.is_set():
                    return Step()
                due = checks.run(window.rows, rules)
                change = _change(store, window, due.flags)
                flags.append(change.raised)
                seen.append(_clipped(due.coverage, window.looked))
                lifted += change.lifted
                done = _sum(done, window, change)
        if seen:
            _write(store, flags, seen, lifted, until)
        cursor.move(until)
        return done


def catch_up(store: Store, cursor: Cursor | None = None) -> Step:
    """Check all there is since the last round; see ``step``."""
    return step(store, cursor or Cursor(store))


def rules_of(kind: str) -> Config | None:
    """Return the checks for a kind of place; None where there are none."""
    edition = EDITIONS.get(kind)
    return None if edition is None else config.of(catalogue().edition(edition))


def _by_rules(touched: pl.DataFrame) -> Iterator[tuple[Config, pl.DataFrame]]:
    """Yield the checks with the touched series they are for."""
    kinds = dict(Site.objects.values_list("key", "kind"))
    kind = pl.col("site").replace_strict(kinds, default=None, return_dtype=pl.String)
    for each, mine in touched.with_columns(kind=kind).group_by("kind"):
        rules = rules_of(str(each[0]))
        if rules is not None:
            yield rules, mine.drop("kind")


def _change(store: Store, window: windows.Window, due: pl.DataFrame) -> Change:
    """Return what to raise and to lift on the spans of the window."""
    sites = window.rows["site"].unique().to_list()
    mine = store.flags(sites, *window.span).filter(pl.col("who") == ACTOR)
    open_flags = mine.filter(pl.col("cleared_commit").is_null())
    by_person = mine.filter(pl.col("cleared_by") != ACTOR)
    return standing.change(due, open_flags, _unchanged(by_person, window.rows), window.looked)


def _unchanged(lifted: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the flags a person lifted whose values are still those of then."""
    keys = ["site", "item", "statistic"]
    values = rows.select(*keys, pl.col("start").alias("at"), pl.col("commit").alias("told"))
    newer = (
        lifted.join(values, on=keys)
        .filter(pl.col("at") >= pl.col("start"), pl.col("at") < pl.col("end"))
        .filter(pl.col("told") > pl.col("cleared_commit"))
    )
    return lifted.join(newer, on="flag", how="anti")


def _clipped(seen: pl.DataFrame, looked: Mapping[Key, Interval]) -> pl.DataFrame:
    """Return coverage within the spans that were looked at."""
    spans = pl.DataFrame(
        [(*key, *span) for key, span in looked.items()],
        schema={
            **dict.fromkeys(("site", "item", "statistic"), pl.String()),
            **dict.fromkeys(("from", "to"), pl.Datetime("us")),
        },
        orient="row",
    )
    return (
        seen.join(spans, on=["site", "item", "statistic"])
        .with_columns(start=pl.max_horizontal("start", "from"), end=pl.min_horizontal("end", "to"))
        .filter(pl.col("start") < pl.col("end"))
        .select(list(checks.COVERAGE))
    )


def _write(
    store: Store, flags: list[pl.DataFrame], seen: list[pl.DataFrame], lifted: list[int], until: int
) -> None:
    raised = pl.concat(flags)
    # a gap lies on no value; one that comes late into it must count at once
    none = pl.lit(int(Quality.NOT_CHECKED), dtype=pl.UInt8)
    code = pl.when(pl.col("check") == "gap").then(none)
    written = store.write_checks(
        raised.with_columns(quality=code), pl.concat(seen), lifted, ACTOR, GONE, until=until
    )
    if written is not None:  # every value counts as before: no cell has to be judged again
        store.cells.settle(written.commit)


def _sum(done: Step, window: windows.Window, change: Change) -> Step:
    return Step(
        done.series,
        done.values + window.rows.height,
        done.raised + change.raised.height,
        done.lifted + len(change.lifted),
    )


class Checker(threading.Thread):
    """Checks new data once a second; an error is logged and tried again later."""

    def __init__(self, store: Store) -> None:
        super().__init__(name="fenhe-checks", daemon=True)
        self._store = store
        self.cursor = Cursor(store)
        self._stop_asked = threading.Event()

    @property
    def behind(self) -> int:
        """How many commits were not looked at yet."""
        return self._store.last_commit - self.cursor.at

    def run(self) -> None:
        """Check until stopped."""
        settled = datetime.min  # noqa: DTZ901
        while not self._stop_asked.wait(PAUSE):
            try:
                done = step(self._store, self.cursor, self._stop_asked)
                if done.raised or done.lifted:
                    log.info("%d flags raised, %d lifted", done.raised, done.lifted)
                settled = self._settle(settled)
            except Exception:
                log.exception("the checks will be tried again")
                self._stop_asked.wait(PAUSE * 10)
            finally:
                close_old_connections()

    def _settle(self, last: datetime) -> datetime:
        """Join old coverage once a day, by the store's own clock."""
        now = self._store.known_at
        if now - last < timedelta(days=1):
            return last
        self._store.compact_coverage(now - KEPT_APART)
        return now

    def stop(self) -> None:
        """Ask the thread to end and wait for the round under way."""
        self._stop_asked.set()
        self.join()
