"""Conditions of the system itself: from its state as plain data to findings. No I/O, no clock.

Each function says what holds now. Times are naive UTC, spans are seconds; a limit comes from
``tuning``. What is not known is no finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from fenhe.platform.notices.findings import Fact, Finding
from fenhe.platform.notices.kinds import CRITICAL
from fenhe.platform.notices.tuning import Tuning
from fenhe.platform.operations.lateness import Lag

Facts = dict[str, Fact]


@dataclass(frozen=True)
class Device:
    """A device as the gateway saw it last: ``skew`` is its time minus ours."""

    mn: str
    last_at: datetime | None = None
    interval: float | None = None
    skew: float | None = None
    region: str = ""
    simulated: bool = False


@dataclass(frozen=True)
class Registered:
    """A device that should come: since when it is known, and seconds of its minute records."""

    mn: str
    since: datetime
    interval: float | None = None
    simulated: bool = False


def expected(
    registered: Iterable[Registered],
    heard: Iterable[Device],
    began: datetime,
    silent: Mapping[str, datetime],
) -> list[Device]:
    """Return how every registered device was heard; one not heard at all, since it could be.

    ``began``: since when the gateway listens. ``silent``: when those were last heard that are
    known to be silent, by MN in capitals; a gateway begun anew has not heard them. A device
    whose rhythm is not known yet has that of its records. Others are left out.
    """
    known = {folded(one.mn): one for one in heard}
    return [_expected(one, known.get(folded(one.mn)), began, silent) for one in registered]


def _expected(
    one: Registered, heard: Device | None, began: datetime, silent: Mapping[str, datetime]
) -> Device:
    last = heard.last_at if heard is not None else None
    interval = heard.interval if heard is not None else None
    return Device(
        one.mn,
        last or silent.get(folded(one.mn)) or max(began, one.since),
        interval or one.interval,
        heard.skew if heard is not None else None,
        simulated=one.simulated,
    )


def folded(mn: str) -> str:
    """Return an MN as it is compared."""
    return mn.strip().upper()


@dataclass(frozen=True)
class Trouble:
    """What went wrong with connections of one subject, counted while it lasts."""

    what: str
    subject: str
    times: int
    last_at: datetime
    text: str = ""
    region: str = ""


@dataclass(frozen=True)
class Route:
    """A route of notices: failures in a row and the last answer."""

    key: str
    failures: int
    answer: str


def feeds_late(lags: Iterable[Lag], tuning: Tuning) -> list[Finding]:
    """Tell feeds whose newest value is too old; one without any data yet is just new."""
    times = tuning("feed_late", "times")
    return [
        Finding(
            "feed_late",
            lag.feed,
            {"lag_s": lag.seconds, "allowed_s": times * lag.late_after},
        )
        for lag in lags
        if isfinite(lag.seconds) and lag.seconds > times * lag.late_after
    ]


def feeds_failing(failures: Mapping[str, int], tuning: Tuning) -> list[Finding]:
    """Tell feeds that failed too often in a row."""
    most = tuning("feed_failing", "failures")
    return [
        Finding("feed_failing", key, {"failures": count})
        for key, count in failures.items()
        if count >= most
    ]


def receipts_unbalanced(rows: int, import_number: int, batch: int) -> list[Finding]:
    """Tell that receipts do not balance: how many, and the first of them."""
    if not rows:
        return []
    facts = {"rows": rows, "import_number": import_number, "batch": batch}
    return [Finding("receipts_unbalanced", "receipts", facts)]


def log_failed(name: str, error: BaseException | None) -> list[Finding]:
    """Tell that a raw log can not be made durable."""
    if error is None:
        return []
    return [Finding("log_failed", name, {"error": str(error) or type(error).__name__})]


def log_behind(
    name: str, entries: int, oldest: datetime | None, now: datetime, tuning: Tuning
) -> list[Finding]:
    """Tell that durable entries have waited too long to be stored."""
    if not entries or oldest is None:
        return []
    waited = (now - oldest).total_seconds()
    if waited <= tuning("log_behind", "waited_s"):
        return []
    return [Finding("log_behind", name, {"entries": entries, "waited_s": waited})]


def devices_silent(devices: Iterable[Device], now: datetime, tuning: Tuning) -> list[Finding]:
    """Tell devices that sent nothing for several of their own intervals.

    A device of unknown rhythm is held against the slowest there is.
    """
    times, least = tuning("device_silent", "times"), tuning("device_silent", "least_s")
    found = []
    for one in devices:
        if one.last_at is None:
            continue
        interval = one.interval or tuning("device_silent", "slowest_s")
        silent = (now - one.last_at).total_seconds()
        if silent > max(times * interval, least):
            facts: Facts = {"silent_s": silent, "interval_s": interval, **_simulated(one)}
            found.append(Finding("device_silent", one.mn, facts, region=one.region))
    return found


def devices_skewed(devices: Iterable[Device], tuning: Tuning) -> list[Finding]:
    """Tell devices whose clock is too far from ours, before or behind."""
    most = tuning("device_clock", "skew_s")
    return [
        Finding("device_clock", one.mn, {"skew_s": one.skew, **_simulated(one)}, region=one.region)
        for one in devices
        if one.skew is not None and abs(one.skew) > most
    ]


def _simulated(one: Device) -> Facts:
    return {"simulated": 1} if one.simulated else {}


_OWN_KIND = {"password": "device_password", "unknown_device": "device_unknown"}


def troubles(found: Iterable[Trouble], now: datetime, tuning: Tuning) -> list[Finding]:
    """Tell what goes wrong with connections: wrong passwords, unknown devices, and others."""
    told = []
    for one in found:
        kind = _OWN_KIND.get(one.what, "gateway_trouble")
        recent = (now - one.last_at).total_seconds() <= tuning(kind, "recent_s")
        enough = kind in _OWN_KIND.values() or one.times >= tuning(kind, "times")
        if recent and enough:
            told.append(_trouble(kind, one))
    return told


def _trouble(kind: str, one: Trouble) -> Finding:
    facts: Facts = {"times": one.times, "text": one.text}
    if kind in _OWN_KIND.values():
        return Finding(kind, one.subject, facts, region=one.region)
    facts |= {"what": one.what, "subject": one.subject}
    return Finding(kind, f"{one.what}:{one.subject}", facts, region=one.region)


def verdicts_behind(behind: float, days: int, tuning: Tuning) -> list[Finding]:
    """Tell that the verdicts have not been level with the data for too long."""
    if behind <= tuning("verdicts_behind", "behind_s"):
        return []
    return [Finding("verdicts_behind", "verdicts", {"behind_s": behind, "days": days})]


def queue_growing(name: str, samples: Sequence[tuple[float, int]], tuning: Tuning) -> list[Finding]:
    """Tell that the low point of a queue rises: ``samples`` are (second, size), oldest first.

    Nothing is said before the samples span the window.
    """
    window = tuning("queue_growing", "window_s")
    if not samples or samples[-1][0] - samples[0][0] < window:
        return []
    inside = [(at, size) for at, size in samples if at >= samples[-1][0] - window]
    middle = samples[-1][0] - window / 2
    early = [size for at, size in inside if at < middle]
    late = [size for at, size in inside if at >= middle]
    if not early or min(late) - min(early) < tuning("queue_growing", "least"):
        return []
    size = samples[-1][1]
    facts = {"window_s": window, "before": min(early), "after": min(late), "size": size}
    return [Finding("queue_growing", name, facts)]


def notices_unsent(
    number: int, oldest: datetime | None, now: datetime, tuning: Tuning
) -> list[Finding]:
    """Tell that notices are due and were not sent."""
    if not number or oldest is None:
        return []
    waited = (now - oldest).total_seconds()
    if waited <= tuning("notices_unsent", "waited_s"):
        return []
    return [Finding("notices_unsent", "notices", {"number": number, "waited_s": waited})]


def disk_low(free: int, total: int, tuning: Tuning) -> list[Finding]:
    """Tell that the data folder's disk has little room; critical when there is hardly any."""
    if free >= tuning("disk_low", "low_bytes"):
        return []
    grave = CRITICAL if free < tuning("disk_low", "none_bytes") else ""
    return [Finding("disk_low", "disk", {"free_bytes": free, "total_bytes": total}, grave)]


def threads_dead(alive: Mapping[str, bool]) -> list[Finding]:
    """Tell threads that should run and do not."""
    return [Finding("thread_dead", name) for name, lives in alive.items() if not lives]


def clock_back(behind: float, tuning: Tuning) -> list[Finding]:
    """Tell that our own clock is behind the store's last commit."""
    if behind <= tuning("clock_back", "back_s"):
        return []
    return [Finding("clock_back", "clock", {"back_s": behind})]


def backups(
    last: datetime | None, first_data: datetime | None, now: datetime, tuning: Tuning
) -> list[Finding]:
    """Tell that the last backup is too old, or that data has long been here without one."""
    if last is not None:
        age = (now - last).total_seconds()
        late = age > tuning("backup_old", "age_s")
        return [Finding("backup_old", "backup", {"age_s": age})] if late else []
    if first_data is None:
        return []
    age = (now - first_data).total_seconds()
    late = age > tuning("backup_none", "age_s")
    return [Finding("backup_none", "backup", {"age_s": age})] if late else []


def routes_failing(routes: Iterable[Route], tuning: Tuning) -> list[Finding]:
    """Tell routes of notices that failed too often in a row."""
    most = tuning("route_failing", "failures")
    return [
        Finding("route_failing", one.key, {"failures": one.failures, "error": _line(one.answer)})
        for one in routes
        if one.failures >= most
    ]


def _line(text: str) -> str:
    return " / ".join(text.splitlines())


def look_failed(name: str, error: BaseException) -> Finding:
    """Tell that one of these looks could not be made."""
    return Finding("look_failed", name, {"error": str(error) or type(error).__name__})
