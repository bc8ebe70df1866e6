"""What is asked about alarms: the list, one with its history and notices, routes, limits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from fenhe.platform.notices import acts, kinds, telling
from fenhe.platform.notices.models import Episode, Notice, Route, Threshold, Topic
from fenhe.platform.notices.wording import EN, ZH, remedy, sentence, title
from fenhe.platform.registry import door

STATES = ("open", "acknowledged", "closed")
_STATE = {
    "open": Q(closed_at__isnull=True, acknowledged_at__isnull=True),
    "acknowledged": Q(closed_at__isnull=True, acknowledged_at__isnull=False),
    "closed": Q(closed_at__isnull=False),
}
NOTICES_SHOWN = 100


def visible(user: Any) -> QuerySet[Episode]:
    """Return the episodes a person may see: of their places; without a place, for who sees all."""
    return Episode.objects.filter(telling.visible(user)).select_related("region")


def open_system(user: Any) -> int:
    """Return how many alarms about the system stand open, of those a person may see."""
    if not door.may_anywhere(user, "notices.view"):
        return 0
    found = visible(user).filter(topic=Topic.SYSTEM, closed_at__isnull=True)
    return found.count()


def standing_severities() -> set[str]:
    """Return how grave the alarms about the system are that stand open."""
    found = Episode.objects.filter(topic=Topic.SYSTEM, closed_at__isnull=True)
    return set(found.order_by().values_list("severity", flat=True).distinct())


def standing_counts() -> list[tuple[str, str, str, int]]:
    """Return topic, kind, severity and number of the alarms that stand open."""
    found = Episode.objects.filter(closed_at__isnull=True).order_by()
    rows = found.values_list("topic", "kind", "severity").annotate(number=Count("pk"))
    return [(topic, kind, severity, number) for topic, kind, severity, number in rows]


def wanted(user: Any, chosen: Mapping[str, str]) -> QuerySet[Episode]:
    """Return the visible episodes of a ``topic``, ``kind`` and ``state``; empty words: all.

    The state ``standing`` is open and acknowledged together. Standing ones come first, the
    critical before the others; then those that ended last.
    """
    found = visible(user)
    if chosen.get("topic"):
        found = found.filter(topic=chosen["topic"])
    if chosen.get("kind"):
        found = found.filter(kind=chosen["kind"])
    state = chosen.get("state", "")
    if state == "standing":
        found = found.filter(closed_at__isnull=True)
    elif state in _STATE:
        found = found.filter(_STATE[state])
    ended = F("closed_at").desc(nulls_first=True)
    return found.order_by(ended, "severity", "-opened_at", "-pk")


def plain(episode: Episode) -> dict[str, Any]:
    """Return an episode as plain data, its words in both languages, times in ISO and UTC."""
    facts = episode.facts
    words = {
        f"{name}_{language}": told
        for language in (ZH, EN)
        for name, told in (
            ("title", title(episode.kind, language)),
            ("said", sentence(episode.kind, episode.object, facts, language)),
            ("do", remedy(episode.kind, language)),
        )
    }
    return {
        "alarm": episode.pk,
        "topic": episode.topic,
        "kind": episode.kind,
        "object": episode.object,
        "region": episode.region_id or "",
        "severity": episode.severity,
        "state": episode.state,
        "times": episode.times,
        "opened": iso(episode.opened_at),
        "seen": iso(episode.seen_at),
        "acknowledged": iso(episode.acknowledged_at),
        "acknowledged_by": episode.acknowledged_by,
        "note": episode.note,
        "closed": iso(episode.closed_at),
        **words,
    }


def history(episode: Episode) -> list[dict[str, Any]]:
    """Return what happened to an episode, oldest first."""
    names = ("what", "times", "who", "text", "facts")
    return [
        {"at": iso(one.at), "last": iso(one.last_at), **{n: getattr(one, n) for n in names}}
        for one in episode.happenings.all()
    ]


def notices_of(episode: Episode) -> list[dict[str, Any]]:
    """Return the notices that told of an episode, newest first, with their last answer."""
    found = Notice.objects.filter(lines__told__episode=episode).distinct()
    return [plain_notice(one) for one in found.select_related("route")[:NOTICES_SHOWN]]


def notices_by(route: Route) -> list[dict[str, Any]]:
    """Return the notices of a route, newest first."""
    return [plain_notice(one) for one in route.notices.all()[:NOTICES_SHOWN]]


def plain_notice(notice: Notice) -> dict[str, Any]:
    """Return a notice as plain data: who, what state, its tries and the last answer."""
    last = notice.tries.last()
    return {
        "notice": notice.pk,
        "route": notice.route_id,
        "recipient": notice.recipient,
        "state": notice.state,
        "test": notice.test,
        "alarms": list(notice.lines.values_list("told__episode", "phase")),
        "made": iso(notice.made_at),
        "due": iso(notice.due_at),
        "sent": iso(notice.sent_at),
        "attempts": notice.attempts,
        "answer": last.answer if last is not None else "",
    }


def route(key: str) -> dict[str, Any]:
    """Return how a route stands; see ``routes``."""
    return _route(Route.objects.get(pk=key))


def routes() -> list[dict[str, Any]]:
    """Return the routes, addresses masked, each with how it is."""
    return [_route(one) for one in Route.objects.select_related("region")]


def _route(one: Route) -> dict[str, Any]:
    waiting = one.notices.filter(state=Notice.State.WAITING).count()
    return {
        **acts.kept(one),
        "ended": not one.url,
        "failures": one.failures,
        "last_ok": iso(one.last_ok),
        "last_tried": iso(one.last_tried),
        "last_answer": one.last_answer,
        "waiting": waiting,
    }


def limits() -> list[dict[str, Any]]:
    """Return every limit with its default, the value in force, and the reason of either."""
    own = {row.key: row for row in Threshold.objects.all()}
    return [_limit(limit, own.get(limit.key)) for limit in kinds.all_limits().values()]


def _limit(limit: kinds.Limit, row: Threshold | None) -> dict[str, Any]:
    return {
        "limit": limit.key,
        "kind": limit.kind,
        "value": row.value if row is not None else limit.value,
        "default": limit.value,
        "unit": limit.unit,
        "lowest": limit.lowest,
        "highest": limit.highest,
        "own": row is not None,
        "reason_zh": row.reason if row is not None else limit.reason_zh,
        "reason_en": row.reason if row is not None else limit.reason_en,
        "set_by": row.actor if row is not None else "",
    }


def iso(moment: datetime | None) -> str | None:
    """Return an aware time as ISO text in UTC."""
    return None if moment is None else moment.isoformat(timespec="seconds")
