"""How the system is now, read from its parts for the conditions; one look each.

A part that does not run here (no gateway, no raw log) is not watched. Every look is one or two
small questions; how often they are asked is ``every`` of the kind.
"""

from __future__ import annotations

import importlib
import shutil
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Min

from fenhe.base.errors import FenheError
from fenhe.base.instants import naive_utc, utc_now
from fenhe.platform import clock as page_clock
from fenhe.platform.notices import conditions
from fenhe.platform.notices.conditions import Device, Registered, Trouble
from fenhe.platform.notices.findings import OTHERS, Finding
from fenhe.platform.notices.models import Episode, Notice, Route
from fenhe.platform.notices.tuning import Tuning
from fenhe.platform.operations import backlog, lateness, running
from fenhe.platform.registry.models import Channel
from fenhe.platform.registry.models import Device as DeviceRow
from fenhe.platform.workflow.models import AuditLog
from fenhe.store import Store

SAMPLES = 5_000


@dataclass
class Context:
    """What looks are made with, and what they remember from one to the next."""

    store: Store
    tuning: Tuning = field(default_factory=Tuning)
    samples: dict[str, deque[tuple[float, int]]] = field(default_factory=dict)

    def sampled(self, name: str, size: int) -> list[Finding]:
        """Remember how long a queue is and tell whether it keeps growing."""
        kept = self.samples.setdefault(name, deque(maxlen=SAMPLES))
        kept.append((time.monotonic(), size))
        window = self.tuning("queue_growing", "window_s")
        while len(kept) > 1 and kept[1][0] <= kept[-1][0] - window:
            kept.popleft()
        return conditions.queue_growing(name, list(kept), self.tuning)


Look = Callable[[Context], list[Finding]]


def feeds(context: Context) -> list[Finding]:
    """Look at the standing feeds."""
    late = conditions.feeds_late(lateness.lags(), context.tuning)
    return late + conditions.feeds_failing(lateness.failing(), context.tuning)


def receipts(context: Context) -> list[Finding]:
    """Look whether received = stored + duplicate + rejected on every receipt."""
    found = context.store.unbalanced()
    if found.is_empty():
        return []
    first = found.row(0, named=True)
    return conditions.receipts_unbalanced(found.height, first["import"], first["batch"])


def raw_log(context: Context) -> list[Finding]:
    """Look at the raw log of this process's gateway: can it reach the disk, does it keep up."""
    gateway = getattr(part("fenhe.platform.gateway.live"), "current", None)
    if gateway is None:
        return []
    log = gateway.stream
    failed = conditions.log_failed(gateway.config.name, log.failed)
    return failed + context.sampled("log-writing", log.backlog)


def raw_log_queue(context: Context) -> list[Finding]:
    """Look how much of the raw log is not stored yet."""
    frames = part("fenhe.platform.monitoring.frames")
    behind = getattr(frames, "behind", None)
    if behind is None:
        return []
    entries, oldest = behind()
    late = conditions.log_behind("raw log", entries, oldest, utc_now(), context.tuning)
    return late + context.sampled("log-storing", entries)


def gateway(context: Context) -> list[Finding]:
    """Look at the gateway: devices that are silent or whose clock is off, and its connections."""
    live = part("fenhe.platform.gateway.live")
    if live is None or live.current is None:
        return []
    told = live.state(connections=False)
    if not told["running"]:
        raise FenheError("the gateway does not answer")  # an alarm; those of devices stay
    now, regions = utc_now(), device_regions()
    names = ("mn", "last_at", "interval", "skew")
    heard = [Device(*(one[name] for name in names)) for one in told["devices"]]
    devices = [
        replace(one, region=regions.get(conditions.folded(one.mn), ""))
        for one in conditions.expected(registered(), heard, told["since"], silent())
    ]
    troubles = [
        replace(one, region=regions.get(conditions.folded(one.subject), ""))
        for one in _troubles(told)
    ]
    return [
        *conditions.devices_silent(devices, now, context.tuning),
        *conditions.devices_skewed(devices, context.tuning),
        *conditions.troubles(troubles, now, context.tuning),
    ]


def _troubles(told: dict[str, Any]) -> list[Trouble]:
    refused = [
        Trouble(one["reason"], one["mn"], one["count"], one["last_at"], one["peer"])
        for one in told["refused"]
    ]
    others = [
        Trouble(one["kind"], one["subject"], one["count"], one["last_at"], one["text"])
        for one in told["incidents"]
        if one["kind"] != "log_failed"  # the raw log is looked at by itself
    ]
    return refused + others


def registered() -> list[Registered]:
    """Return the devices that should come."""
    names = ("mn", "created_at", "minutes", "simulated")
    rows = DeviceRow.objects.filter(enabled=True).values_list(*names)
    return [
        Registered(mn, naive_utc(since), 60.0 * minutes if minutes else None, simulated)
        for mn, since, minutes, simulated in rows
    ]


def silent() -> dict[str, datetime]:
    """Return when the devices were last heard whose silence is an alarm, by MN in capitals."""
    found = Episode.objects.filter(kind="device_silent", closed_at__isnull=True)
    return {
        conditions.folded(one.object): naive_utc(one.seen_at)
        - timedelta(seconds=one.facts["silent_s"])
        for one in found.exclude(object=OTHERS)
    }


def device_regions() -> dict[str, str]:
    """Return the region of each device's site, by MN in capitals; of those that have one."""
    rows = Channel.objects.order_by("-site__region_id")
    pairs = rows.values_list("device__mn", "site__region_id").distinct()
    return {conditions.folded(mn): region for mn, region in pairs}


def verdicts(context: Context) -> list[Finding]:
    """Look how far the verdicts are behind the data."""
    left = backlog.of(context.store)
    worker = running.now.worker
    behind = time.monotonic() - worker.level_at if worker is not None else 0.0
    late = conditions.verdicts_behind(behind, left.days, context.tuning)
    return late + context.sampled("verdicts", left.days)


def unsent(context: Context) -> list[Finding]:
    """Look at the notices that are due and not sent."""
    waiting = Notice.objects.filter(
        state__in=[Notice.State.WAITING, Notice.State.SENDING],
        due_at__lte=datetime.now(UTC),
        route__active=True,
        # of a route that fails its own alarm tells
        route__failures__lt=context.tuning("route_failing", "failures"),
    )
    oldest = waiting.aggregate(oldest=Min("due_at"))["oldest"]
    number = waiting.count()
    late = conditions.notices_unsent(number, _naive(oldest), utc_now(), context.tuning)
    return late + context.sampled("notices", number)


def disk(context: Context) -> list[Finding]:
    """Look how much room the data folder's disk has."""
    usage = shutil.disk_usage(settings.FENHE_DATA)
    return conditions.disk_low(usage.free, usage.total, context.tuning)


def threads(_context: Context) -> list[Finding]:
    """Look whether the threads of the owner live."""
    return conditions.threads_dead(running.alive())


def our_clock(context: Context) -> list[Finding]:
    """Hold our own clock against the last commit."""
    if context.store.last_commit == 0:
        return []
    behind = (context.store.known_at - utc_now()).total_seconds()
    return conditions.clock_back(behind, context.tuning)


def backups(context: Context) -> list[Finding]:
    """Look when the last backup was made; where pages go by the data's clock none is asked for."""
    if page_clock.kind() == page_clock.DATA:
        return []
    last = AuditLog.objects.filter(event="operations.backup").order_by("-id").first()
    first = None
    if last is None and context.store.last_commit:
        first = context.store.commits()["known_at"].min()
    made = _naive(last.at) if last is not None else None
    return conditions.backups(made, first, utc_now(), context.tuning)  # type: ignore[arg-type]


def routes(context: Context) -> list[Finding]:
    """Look at the routes of notices."""
    rows = Route.objects.filter(active=True, failures__gt=0)
    failing = [conditions.Route(one.key, one.failures, one.last_answer) for one in rows]
    return conditions.routes_failing(failing, context.tuning)


GATEWAY = (
    "device_silent", "device_clock", "device_password", "device_unknown", "gateway_trouble",
)  # fmt: skip
LOOKS: Sequence[tuple[str, tuple[str, ...], Look]] = (
    ("feeds", ("feed_late", "feed_failing"), feeds),
    ("receipts", ("receipts_unbalanced",), receipts),
    ("raw log", ("log_failed",), raw_log),
    ("raw log queue", ("log_behind",), raw_log_queue),
    ("gateway", GATEWAY, gateway),
    ("verdicts", ("verdicts_behind",), verdicts),
    ("notices", ("notices_unsent",), unsent),
    ("disk", ("disk_low",), disk),
    ("threads", ("thread_dead",), threads),
    ("clock", ("clock_back",), our_clock),
    ("backups", ("backup_old", "backup_none"), backups),
    ("routes", ("route_failing",), routes),
)


def part(name: str) -> Any:
    """Return a part of the platform, None where this installation has it not."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and name.startswith(error.name):
            return None
        raise


def _naive(moment: datetime | None) -> datetime | None:
    return None if moment is None else naive_utc(moment)
