"""The gateway of this process, as the live board, the metrics and the alarms see it."""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fenhe.platform.gateway.figures import Counts, moment
from fenhe.platform.gateway.incidents import REFUSALS
from fenhe.platform.operations import running

if TYPE_CHECKING:
    from fenhe.platform.gateway.hub import Hub
    from fenhe.platform.gateway.link import Link
    from fenhe.platform.gateway.loop import Loop
current: Loop | None = None
looker: Callable[[], None] | None = None  # of the clerk of this process's gateway
PATIENCE = 5.0  # seconds the loop is given to answer
HOUR = 3600.0
MOST_REFUSED = 200


def state(*, connections: bool = True) -> dict[str, Any]:
    """Return how the gateway stands, in one moment; moments are naive UTC.

    ``totals``: frames = accepted + rejected + incomplete + in_hand (waiting for the disk).
    ``devices``: mn, connection, peer, edition, last_at, interval, skew (its clock minus ours,
    seconds), counts. ``refused``: what strangers sent within the hour. ``behind``: entries of
    the raw log the store has not taken yet, and when the oldest came in. ``running`` False and
    nothing else of meaning where this process has no gateway.
    """
    gateway = current
    if gateway is None or not gateway.is_alive():
        return {**_NOTHING}
    answer: concurrent.futures.Future[dict[str, Any]] = concurrent.futures.Future()

    def look() -> None:
        try:
            answer.set_result(_state(gateway, connections))
        except Exception as error:
            answer.set_exception(error)

    gateway.call(look)
    try:
        return {**answer.result(PATIENCE), "behind": behind()}
    except TimeoutError:  # it is just ending
        return {**_NOTHING}


def look_now() -> None:
    """Have new commands sent without waiting; nothing where this process has no gateway."""
    if looker is not None:
        looker()


def behind() -> dict[str, Any]:
    """Return how far the store is behind the raw log: entries, and since when the oldest waits."""
    taker: Any = running.now.threads.get("frames")
    entries, since = taker.behind() if taker is not None else (0, None)
    return {"entries": entries, "since": since}


_NOTHING: dict[str, Any] = {
    "running": False, "name": "", "listens": [], "since": None, "open": 0, "totals":
    Counts().plain(), "refused_connections": 0, "log": {"failed": None, "backlog": 0},
    "acknowledged_ms": {"p50": None, "p99": None}, "commands": 0,
    "behind": {"entries": 0, "since": None}, "connections": [], "devices": [], "refused": [],
    "incidents": [],
}  # fmt: skip


def _state(gateway: Loop, connections: bool) -> dict[str, Any]:
    hub = gateway.hub
    failed = gateway.stream.failed
    hour_ago = time.time() - HOUR
    refused, incidents = _incidents(hub, hour_ago)
    return {
        "running": True,
        "name": gateway.config.name,
        "listens": list(gateway.listens),
        "since": moment(gateway.began),
        "open": len(hub.links),
        "totals": totals(hub).plain(),
        "refused_connections": hub.refused_connections,
        "log": {
            "failed": None if failed is None else str(failed),
            "backlog": gateway.stream.backlog,
        },
        "acknowledged_ms": hub.delays.plain(),
        "commands": hub.desk.waiting,
        "connections": _connections(hub) if connections else [],
        "devices": [one.plain() for one in hub.devices.values()],
        "refused": refused,
        "incidents": incidents,
    }


def totals(hub: Hub) -> Counts:
    """Return the counts of all connections, those that are gone too."""
    found = Counts()
    found.add(hub.past)
    for link in hub.links.values():
        found.add(link.counts)
    return found


def _connections(hub: Hub) -> list[dict[str, Any]]:
    shift = time.time() - hub.timer()  # from the loop's clock to the calendar
    return [_connection(link, shift) for link in hub.links.values()]


def _connection(link: Link, shift: float) -> dict[str, Any]:
    return {
        "number": link.number,
        "peer": link.peer,
        "secure": link.secure,
        "mns": sorted(link.mns),
        "opened_at": moment(link.opened_at + shift),
        "last_at": moment(link.last_at + shift),
        "slowed": bool(link.paused),
        **link.counts.plain(),
    }


def _incidents(hub: Hub, since: float) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    refused, others = [], []
    for one in hub.incidents.since(since):
        times: dict[str, datetime | None] = {
            "first_at": moment(one["first_at"]),
            "last_at": moment(one["last_at"]),
        }
        if one["kind"] in REFUSALS:
            told = {"mn": one["subject"], "reason": one["kind"], "peer": one["text"]}
            refused.append({**told, "count": one["count"], **times})
        else:
            others.append({**one, **times})
    return refused[:MOST_REFUSED], others
