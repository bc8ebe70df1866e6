"""What checks need to see of the series that changed: the change, and enough around it.

A check looks at neighbours. A short window around the change is read first; only series that
stand still in it are read as far as a flat line may reach.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import polars as pl

from fenhe.base.beijing import OFFSET
from fenhe.quality.config import Config
from fenhe.quality.cross import CHECK as CROSS
from fenhe.quality.standing import Interval, Key
from fenhe.store import Store

SHORT = 10  # steps on either side that checks see at least
STILL = 5  # equal values running that make a series a candidate for a flat line
VALUES = 4_000_000  # about as many values are held at a time
_KEY = ["site", "item", "statistic"]
_ROW = ["site", "item", "start", "end", "value", "quality", "commit"]
SECOND = timedelta(seconds=1)  # what an instant is taken to last
_UNITS = {"min": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True)
class Window:
    """Values of some series, and the span of each in which the checks see all they need."""

    rows: pl.DataFrame
    looked: dict[Key, Interval]

    @property
    def span(self) -> Interval:
        """From where the first span begins to where the last ends."""
        begins, ends = zip(*self.looked.values(), strict=True)
        return min(begins), max(ends)


def windows(store: Store, changed: pl.DataFrame, rules: Config) -> Iterator[Window]:
    """Yield the windows of the series that changed (series, site, item, statistic, first, last).

    Series no rule is for are left out; the other item of a relation is looked at as well.
    Changes of other days, as of late data, are read apart.
    """
    every = _with_partners(store, changed, rules)
    ruled = [_ruled(rules, *row) for row in every.select(_KEY).iter_rows()]
    day = (pl.col("first", "last") + OFFSET).dt.date().name.suffix("_day")
    mine = every.filter(pl.Series(ruled, dtype=pl.Boolean))
    due = _to_the_next(store, mine).with_columns(day)
    for _, mine in due.group_by("statistic", "first_day", "last_day", maintain_order=True):
        for part in _parts(mine):
            yield from _read(store, part, rules)


def _with_partners(store: Store, changed: pl.DataFrame, rules: Config) -> pl.DataFrame:
    """Return the changed series with those they are related to, each once."""
    pairs = {(r.left, r.right) for r in rules.relations} | {
        (r.right, r.left) for r in rules.relations
    }
    if not pairs:
        return changed
    other = pl.DataFrame(sorted(pairs), schema=["item", "partner"], orient="row")
    partners = (
        changed.join(other, on="item")
        .select("site", "statistic", "first", "last", item="partner")
        .join(store.series(), on=_KEY)
        .select(changed.columns)
    )
    return (
        pl.concat([changed, partners])
        .group_by("series", *_KEY, maintain_order=True)
        .agg(pl.col("first").min(), pl.col("last").max())
    )


def _to_the_next(store: Store, changed: pl.DataFrame) -> pl.DataFrame:
    """Return the changes up to the value after them, where there is one: it is judged by them."""
    found = []
    for part in changed.partition_by("statistic"):
        statistic = part["statistic"][0]
        newest = store.latest(statistic).select(*_KEY[:2], newest="start")
        late = part.join(newest, on=_KEY[:2]).filter(pl.col("newest") > pl.col("last"))
        if late.is_empty():
            found.append(part)
            continue
        wanted = late.select("series", moment="last")
        after = store.beside(wanted, statistic, after=True).select("series", next="start")
        ends = pl.max_horizontal("last", "next").alias("last")
        found.append(part.join(after, on="series", how="left").with_columns(ends).drop("next"))
    return pl.concat(found) if found else changed


def _ruled(rules: Config, site: str, item: str, statistic: str) -> bool:
    series = {"site": site, "item": item, "statistic": statistic}
    single = (rules.rule(check, series) for check in rules.checks if check != CROSS)
    return any(single) or any(item in (r.left, r.right) for r in rules.relations)


def _parts(series: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Cut many series into lots that hold about ``VALUES`` values."""
    longest = cast("timedelta", (series["last"] - series["first"]).max())
    each = int(longest / step_of(series["statistic"][0])) + 4 * SHORT
    lot = max(VALUES // each, 1)
    for begin in range(0, series.height, lot):
        yield series[begin : begin + lot]


def step_of(statistic: str) -> timedelta:
    """Return about how far apart the values of a statistic lie: one minute when it does not say."""
    word = statistic.split(".", maxsplit=1)[0]
    unit = _UNITS.get(word.lstrip("0123456789"))
    number = word.removesuffix(word.lstrip("0123456789"))
    return timedelta(seconds=int(number) * unit if unit and number else 60)


def _read(store: Store, series: pl.DataFrame, rules: Config) -> Iterator[Window]:
    statistic = series["statistic"][0]
    short = max(SHORT * step_of(statistic), _reach(rules, statistic, "low_variance"))
    far = _reach(rules, statistic, "flat")
    near = _window(store, series, max(short, far) if far <= 2 * short else short)
    if far <= 2 * short:
        yield near
        return
    still = series.join(_standing_still(near.rows), on=_KEY[:2], how="semi")
    moving = series.join(still, on="series", how="anti")
    if moving.height:
        yield _only(near, moving)
    if still.height:
        yield _window(store, still, far)


def _reach(rules: Config, statistic: str, check: str) -> timedelta:
    """Return the longest stretch a check of a statistic looks at."""
    minutes = [
        rule.numbers["minutes"]
        for rule in rules.rules
        if rule.check == check and rule.statistic in ("*", statistic)
    ]
    return timedelta(minutes=max(minutes, default=0.0))


def _standing_still(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the series (site, item) with some equal values running."""
    keys = _KEY[:2]
    changed = (pl.col("value") != pl.col("value").shift().over(keys)).fill_null(value=True)
    runs = rows.with_columns(run=changed.cum_sum()).group_by(*keys, "run").len()
    return runs.filter(pl.col("len") >= STILL).select(keys).unique()


def _only(window: Window, series: pl.DataFrame) -> Window:
    kept = set(series.select(_KEY).iter_rows())
    rows = window.rows.join(series.select(_KEY[:2]), on=_KEY[:2], how="semi")
    return Window(rows, {key: span for key, span in window.looked.items() if key in kept})


def _window(store: Store, series: pl.DataFrame, margin: timedelta) -> Window:
    """Read the series around their change; the checks are complete within ``margin`` of it.

    Twice the margin is read, and the value before however far it lies, so that a gap is seen
    whole.
    """
    statistic = series["statistic"][0]
    first = cast("datetime", series["first"].min()) - 2 * margin
    last = cast("datetime", series["last"].max()) + 2 * margin
    sites, items = (series[name].unique().to_list() for name in _KEY[:2])
    rows = store.observations(sites, items, statistic, first, last).select(_ROW)
    rows = rows.join(series.select(_KEY[:2]), on=_KEY[:2], how="semi")
    ended, before = _before(store, series, rows)
    whole = pl.concat([rows, before])
    spans = series.join(ended, on="series", how="left")
    # beyond the outermost values that were read nothing is known of gaps
    known = whole.group_by(_KEY[:2]).agg(
        pl.col("start").min().alias("earliest"),
        pl.max_horizontal("end", pl.col("start") + SECOND).max().alias("latest"),
    )
    begin = pl.max_horizontal(pl.min_horizontal(pl.col("first") - margin, "ended"), "earliest")
    end = pl.min_horizontal(pl.col("last") + margin, "latest")
    looked = spans.join(known, on=_KEY[:2]).select(*_KEY, begin.alias("begin"), end.alias("end"))
    return Window(
        whole.with_columns(statistic=pl.lit(statistic)).sort("site", "item", "start"),
        {(a, b, c): (start, stop) for a, b, c, start, stop in looked.iter_rows()},
    )


def _before(
    store: Store, series: pl.DataFrame, rows: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return where the values before the changes end (series, ended), and those ``rows`` lacks."""
    known = (
        rows.join(series.select("series", *_KEY[:2], "first"), on=_KEY[:2])
        .filter(pl.col("start") < pl.col("first"))
        .group_by("series")
        .agg(pl.col("end").max().alias("ended"))
    )
    alone = series.join(known, on="series", how="anti")
    if alone.is_empty():
        return known, rows.clear()
    wanted = alone.select("series", moment="first")
    found = store.beside(wanted, series["statistic"][0], after=False)
    named = found.join(series.select("series", *_KEY[:2]), on="series")
    ended = pl.concat([known, found.select("series", ended="end")])
    return ended, named.select(_ROW).cast(rows.schema)
