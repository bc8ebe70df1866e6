"""Tables for benchmarks: what simulated loggers tell, what was planted, what honestly happened.

Times are naive UTC; a record starts at its period's start. ``1h`` is a mean, other fields carry
a suffix (``1h.min .max .sum .zs .zs_min .zs_max``), as everywhere in Fenhe.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from fenhe.base.errors import BadInput
from fenhe.simulator import happenings
from fenhe.simulator.analysers import ABSENT
from fenhe.simulator.fleet import Site
from fenhe.simulator.happenings import BEIJING, DAY, HOUR
from fenhe.simulator.items import LOAD
from fenhe.simulator.noise import Floats, Ints, between
from fenhe.simulator.planted.plan import patterns
from fenhe.simulator.records import STEP, Batch, day_of_hours, periods, realtime, rounded
from fenhe.simulator.simulation import Simulation

SUFFIX = {
    "avg": "",
    "min": ".min",
    "max": ".max",
    "sum": ".sum",
    "zs": ".zs",
    "zs_min": ".zs_min",
    "zs_max": ".zs_max",
}
SCHEMA = pl.Schema(
    {
        "site": pl.String(),
        "item": pl.String(),
        "statistic": pl.String(),
        "start": pl.Datetime("us"),
        "end": pl.Datetime("us"),
        "value": pl.Float64(),
        "decimals": pl.UInt8(),
        "flag": pl.String(),
        "sent_at": pl.Datetime("us"),
        "late": pl.Boolean(),
    }
)
LABELS = pl.Schema(
    {
        "site": pl.String(),
        "item": pl.String(),
        "pattern": pl.String(),
        "name": pl.String(),
        "start": pl.Datetime("us"),
        "end": pl.Datetime("us"),
        "strength": pl.Float64(),
    }
)
MARKS = pl.Schema(
    {
        "site": pl.String(),
        "kind": pl.String(),
        "code": pl.String(),
        "start": pl.Datetime("us"),
        "end": pl.Datetime("us"),
        "reason": pl.String(),
        "planned": pl.Boolean(),
        "submitted_at": pl.Datetime("us"),
    }
)
# code and words of a mark by what happened; what is planned and what befalls
FACILITY = {
    "shut_down": ("shutdown", "停机"),
    "stopped": ("stopped", "停运"),
    "start_up": ("startup", "启机"),
}
INSTRUMENT = {"maintenance": ("maintenance", "日常维护"), "fault": ("fault", "故障")}
PLANNED = frozenset({"shut_down", "stopped", "start_up", "maintenance"})
EVENTS = pl.Schema(
    {
        "site": pl.String(),
        "kind": pl.String(),
        "start": pl.Datetime("us"),
        "end": pl.Datetime("us"),
    }
)


def seconds_of(moment: datetime) -> int:
    """Return the seconds since 1970 of a naive UTC moment."""
    return int(moment.replace(tzinfo=UTC).timestamp())


def moment_of(seconds: int) -> datetime:
    """Return the naive UTC moment of seconds since 1970."""
    return datetime(1970, 1, 1) + timedelta(seconds=seconds)


def series(
    sim: Simulation,
    start: datetime,
    end: datetime,
    statistics: Sequence[str] = ("10min", "1h", "1d"),
    *,
    sites: Iterable[Site] | None = None,
    step: int = STEP,
) -> pl.DataFrame:
    """Return what the loggers tell of whole Beijing days, ``start`` to ``end`` (naive UTC).

    One row a value, in the columns of ``SCHEMA``: ``flag`` is the logger's letter, ``sent_at``
    when the record is sent, ``late`` whether as a retransmission. Values that are nothing (no
    converted value at the O2 of air, periods without power) have no row. ``statistics`` are of
    rtd, 1min to 30min, 1h, 1d; ``step`` is the seconds between two samples. Raises ``BadInput``
    for a span that is not of whole days.
    """
    made = list(of_sites(sim, start, end, statistics, sites=sites, step=step))
    return pl.concat(made) if made else pl.DataFrame(schema=SCHEMA)


def of_sites(
    sim: Simulation,
    start: datetime,
    end: datetime,
    statistics: Sequence[str],
    *,
    sites: Iterable[Site] | None = None,
    step: int = STEP,
) -> Iterator[pl.DataFrame]:
    """Yield the series of one site after the other, for what does not fit in memory at once."""
    first, last = seconds_of(start), seconds_of(end)
    if (first + BEIJING) % DAY or (last + BEIJING) % DAY or last <= first:
        raise BadInput(f"{start} to {end} is not a span of whole Beijing days (16:00 UTC)")
    for site in sim.fleet.sites if sites is None else sites:
        days = [_day(sim, site, day, statistics, step) for day in range(first, last, DAY)]
        yield pl.concat([frame for frames in days for frame in frames])


def labels(sim: Simulation, start: datetime, end: datetime) -> pl.DataFrame:
    """Return what is planted: one row an outlet, item and pattern, cut to the span."""
    first, last = seconds_of(start), seconds_of(end)
    rows = [
        (
            one.site,
            item,
            one.pattern,
            patterns()[one.pattern].name,
            moment_of(max(one.start, first)),
            moment_of(min(one.end, last)),
            round(one.strength, 3),
        )
        for one in sim.planted(first, last)
        for item in one.items
    ]
    return pl.DataFrame(rows, schema=LABELS, orient="row")


def events(sim: Simulation, start: datetime, end: datetime) -> pl.DataFrame:
    """Return what honestly happens, cut to the span: what a detector should not take for fraud."""
    first, last = seconds_of(start), seconds_of(end)
    rows = [
        (site.key, one.kind, moment_of(max(one.start, first)), moment_of(min(one.end, last)))
        for site in sim.fleet.sites
        for one in sim.happenings(site, first, last)
        if one.end > first and one.start < last
    ]
    return pl.DataFrame(rows, schema=EVENTS, orient="row").sort("site", "start")


def marks(sim: Simulation, start: datetime, end: datetime) -> pl.DataFrame:
    """Return the marks the made-up operators file: what the outlet or its instruments did.

    They are filed some hours after the end of what they tell, all honestly. Nothing is filed
    for what is planted.
    """
    rows = []
    for site in sim.fleet.sites:
        for one in sim.happenings(site, seconds_of(start), seconds_of(end)):
            kind = "facility" if one.kind in FACILITY else "instrument"
            told = FACILITY.get(one.kind) or INSTRUMENT.get(one.kind)
            if told is None:
                continue
            code, words = told
            delay = between(site.noise_key("filed", one.start), 0, 0.5 * HOUR, 6.0 * HOUR)
            times = (moment_of(one.start), moment_of(one.end))
            filed = moment_of(one.end + int(delay))
            planned = one.kind in PLANNED
            rows.append((site.key, kind, code, *times, f"模拟：{words}", planned, filed))
    return pl.DataFrame(rows, schema=MARKS, orient="row").sort("site", "start")


def sent(sim: Simulation, site: Site, ends: Ints) -> tuple[Ints, np.ndarray, np.ndarray]:
    """Return when records that end at ``ends`` are sent; which late; which as retransmissions.

    While the link is down they wait. A backdated batch (F15) waits too, but is sent as if new.
    """
    sent_at, late = ends.copy(), np.zeros(ends.shape, bool)
    again = np.zeros(ends.shape, bool)
    if not ends.size:
        return sent_at, late, again
    first, last = int(ends.min()) - 1, int(ends.max()) + 1
    for one in sim.planted_at(site, first, last):
        if one.pattern == "F15":
            where = (ends > one.start) & (ends < one.end)
            sent_at[where] = one.end
            late |= where
    for down in happenings.of_site(site, first, last):
        if down.kind == "drop_out":
            where = (sent_at >= down.start) & (sent_at < down.end)
            sent_at[where] = down.end
            late |= where
            again |= where
    return sent_at, late, again


def _day(
    sim: Simulation, site: Site, day: int, statistics: Sequence[str], step: int
) -> Iterator[pl.DataFrame]:
    for statistic in statistics:
        if statistic == "rtd":
            yield _frame(sim, realtime(sim, site, day, day + DAY, every=site.realtime), statistic)
            continue
        if statistic == "1d":
            hours = periods(sim, site, day, day + DAY, seconds=HOUR, step=step)
            yield _frame(sim, day_of_hours(sim, hours), statistic)
            continue
        length = _length(statistic)
        made = periods(sim, site, day, day + DAY, seconds=length, step=step)
        yield _frame(sim, made, statistic)


def _length(statistic: str) -> int:
    if statistic == "1h":
        return HOUR
    number = statistic.removesuffix("min")
    minutes = int(number) if number != statistic and number.isdigit() else 0
    if not 0 < minutes <= 30 or 60 % minutes:
        raise BadInput(f"'{statistic}' is none of rtd, 1min ... 30min, 1h, 1d")
    return minutes * 60


def _frame(sim: Simulation, batch: Batch, statistic: str) -> pl.DataFrame:
    site = batch.site
    starts = batch.starts
    ends = starts + batch.seconds
    sent_at, late, again = sent(sim, site, ends)
    live = ~again if statistic == "rtd" else np.ones(starts.shape, bool)
    parts = []
    for code, one in batch.columns.items():
        for name, values in one.fields.items():
            there = live & np.isfinite(values) & (one.letters != ABSENT)
            decimals = rounded(name, one.item)
            parts.append(
                _part(
                    (site.key, code, statistic + SUFFIX[name]),
                    (starts[there], ends[there], sent_at[there], late[there]),
                    np.round(values[there], decimals),
                    decimals,
                    one.letters[there],
                )
            )
    if batch.seconds != DAY:
        parts.append(_load(batch, statistic, (starts, ends, sent_at, late)).filter(live))
    return pl.concat(parts)


def _load(batch: Batch, statistic: str, times: tuple[Ints, Ints, Ints, np.ndarray]) -> pl.DataFrame:
    load: Floats = batch.readings.load
    means = load.reshape((len(times[0]), -1)).mean(axis=1)
    letters = np.full(means.shape, ord("N"), np.uint8)
    return _part((batch.site.key, LOAD, statistic), times, np.round(means, 1), 1, letters)


def _part(
    names: tuple[str, str, str],
    times: tuple[Ints, Ints, Ints, np.ndarray],
    values: Floats,
    decimals: int,
    letters: np.ndarray,
) -> pl.DataFrame:
    starts, ends, sent_at, late = times
    count = len(values)
    flags = pl.Series([chr(one) for one in letters], dtype=pl.String)
    made = pl.DataFrame(
        {
            "start": _times(starts),
            "end": _times(ends),
            "value": values,
            "flag": flags,
            "sent_at": _times(sent_at),
            "late": late,
        }
    )
    site, item, statistic = names
    return (
        made.select(
            pl.lit(site).alias("site"),
            pl.lit(item).alias("item"),
            pl.lit(statistic).alias("statistic"),
            "start",
            "end",
            "value",
            pl.lit(decimals, dtype=pl.UInt8).alias("decimals"),
            "flag",
            "sent_at",
            "late",
        )
        if count
        else pl.DataFrame(schema=SCHEMA)
    )


def _times(seconds: Ints) -> pl.Series:
    return pl.Series(seconds.astype(np.int64) * 1_000_000, dtype=pl.Int64).cast(pl.Datetime("us"))
