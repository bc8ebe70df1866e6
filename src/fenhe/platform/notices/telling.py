"""Who must be told what: holds the open episodes against what each addressee was told.

It only compares and writes what is missing, so that a crash between two steps loses nothing
and says nothing twice: one line at the opening, one when it becomes critical, reminders by the
route's schedule, one at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from fenhe.base import beijing
from fenhe.platform.notices import kinds
from fenhe.platform.notices.models import Episode, Line, Notice, Route, Told
from fenhe.platform.registry import door

DAILY = timedelta(days=1)  # between reminders after the last one a route names
Phase = Line.Phase


@dataclass(frozen=True)
class _Said:
    told: Told
    phase: str
    number: int = 0


def tell(now: datetime) -> int:
    """Write the lines that are missing; return how many. ``now`` is aware UTC."""
    with transaction.atomic():
        return sum(_tell_route(route, now) for route in Route.objects.filter(active=True))


def _tell_route(route: Route, now: datetime) -> int:
    said = 0
    for recipient, places in recipients(route):
        missing = [*_opened(route, recipient, places, now), *_later(route, recipient, now)]
        for one in missing:
            _write(route, recipient, one, now)
        said += len(missing)
    return said


def recipients(route: Route) -> list[tuple[str, door.Scope | None]]:
    """Return the addressees of a route, each with the places whose alarms they may see.

    None: the route itself is the addressee, or an address an administrator wrote down.
    """
    if route.kind != Route.Kind.MAIL:
        return [("", None)]
    found: dict[str, door.Scope | None] = dict.fromkeys(route.to)
    if route.role:
        people = User.objects.filter(is_active=True, memberships__role=route.role)
        for person in people.exclude(email="").distinct():
            found.setdefault(person.email, door.scope(person, "notices.view"))
    return list(found.items())


def of_route(route: Route) -> Q:
    """Return the condition on episodes a route carries: topic, severity, region, not itself."""
    grave = kinds.SEVERITIES[kinds.SEVERITIES.index(route.least) :]
    wanted = Q(topic=route.topic, severity__in=grave)
    if route.region is not None:
        wanted &= Q(region__path__startswith=route.region.path)
    return wanted & ~Q(kind="route_failing", object=route.key)


def within(places: door.Scope) -> Q:
    """Return the condition on episodes within the places a person may see."""
    if places.everywhere:
        return Q()
    condition = Q(pk__in=[])
    for region in places.regions:
        condition |= Q(region__path__startswith=region.path)
    return condition


def _opened(
    route: Route, recipient: str, places: door.Scope | None, now: datetime
) -> Iterable[_Said]:
    """Yield the openings of which this addressee was not told."""
    told = Told.objects.filter(route=route, recipient=recipient)
    found = Episode.objects.filter(of_route(route), closed_at__isnull=True)
    if places is not None:
        found = found.filter(within(places))
    for episode in found.exclude(pk__in=told.values("episode")):
        first = _gap(route, 0)
        yield _Said(
            Told.objects.create(
                route=route,
                recipient=recipient,
                episode=episode,
                next_reminder=episode.opened_at + first if first else None,
            ),
            Phase.OPENED,
        )


def _later(route: Route, recipient: str, now: datetime) -> Iterable[_Said]:
    """Yield what came later of the episodes this addressee was told of."""
    told = Told.objects.filter(route=route, recipient=recipient, closed=False)
    for one in told.select_related("episode"):
        episode = one.episode
        if episode.closed_at is not None:
            one.closed, one.next_reminder = True, None
            one.save(update_fields=["closed", "next_reminder"])
            yield _Said(one, Phase.CLOSED)
            continue
        if _became_graver(one):
            yield _Said(one, Phase.GRAVER)
        due = one.next_reminder is not None and one.next_reminder <= now
        if due and episode.acknowledged_at is None:
            yield _remind(route, one, now)


def _became_graver(told: Told) -> bool:
    if told.episode.severity != kinds.CRITICAL or told.lines.filter(phase=Phase.GRAVER).exists():
        return False
    since = told.episode.happenings.filter(what="graver").first()
    opened = told.lines.filter(phase=Phase.OPENED).select_related("notice").first()
    return since is not None and opened is not None and opened.notice.made_at < since.at


def _remind(route: Route, told: Told, now: datetime) -> _Said:
    """Count a reminder; those missed while nothing ran are one."""
    told.reminders += 1
    gap = _gap(route, told.reminders)
    told.next_reminder = now + gap if gap else None
    told.save(update_fields=["reminders", "next_reminder"])
    return _Said(told, Phase.REMINDER, told.reminders)


def _gap(route: Route, number: int) -> timedelta | None:
    """Return the time from reminder ``number`` to the next one; None without reminders."""
    hours: list[float] = [0.0, *sorted(route.reminders)]
    if len(hours) == 1:
        return None
    if number + 1 < len(hours):
        return timedelta(hours=hours[number + 1] - hours[number])
    return DAILY


def _write(route: Route, recipient: str, said: _Said, now: datetime) -> None:
    """Put a line into the notice that is being gathered for an addressee, or into a new one."""
    due = due_at(route, said.told.episode.severity, now)
    waiting = (
        Notice.objects.select_for_update()
        .filter(  # not one that is just being taken
            route=route, recipient=recipient, state=Notice.State.WAITING, attempts=0, test=False
        )
        .first()
    )
    if waiting is None:
        waiting = Notice.objects.create(route=route, recipient=recipient, made_at=now, due_at=due)
    elif due < waiting.due_at:
        waiting.due_at = due  # a critical alarm does not wait for the morning
        waiting.save(update_fields=["due_at"])
    Line.objects.create(notice=waiting, told=said.told, phase=said.phase, number=said.number)


def due_at(route: Route, severity: str, now: datetime) -> datetime:
    """Return when a line is sent: after the time of gathering, and not in quiet hours."""
    due = now + timedelta(seconds=route.group_s)
    if route.wakes and severity == kinds.CRITICAL:
        return due
    return after_quiet(route, due)


def after_quiet(route: Route, moment: datetime) -> datetime:
    """Return the moment itself, or the end of the quiet hours it falls into (Beijing time)."""
    if not route.quiet_from or not route.quiet_to or route.quiet_from == route.quiet_to:
        return moment
    local = moment + beijing.OFFSET
    clock = f"{local:%H:%M}"
    begin, end = route.quiet_from, route.quiet_to
    overnight = begin > end
    quiet = clock >= begin or clock < end if overnight else begin <= clock < end
    if not quiet:
        return moment
    hour, minute = (int(part) for part in end.split(":"))
    until = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if overnight and clock >= begin:
        until += timedelta(days=1)
    return until - beijing.OFFSET


def visible(user: Any) -> Q:
    """Return the condition on episodes a person may see."""
    return within(door.scope(user, "notices.view"))
