"""Acts on alarms: acknowledge one, set a limit, make and change routes, send a test."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError

from fenhe.base.errors import BadInput
from fenhe.platform.notices import courier, episodes, kinds, routes
from fenhe.platform.notices.models import Attempt, Episode, Happening, Notice, Route, Threshold
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Region, Role
from fenhe.platform.registry.secrets import Secret
from fenhe.platform.workflow.acts import Act, Actor

CHANGEABLE = (
    "title", "url", "to", "role", "region", "language", "least", "link", "group_s",
    "quiet_from", "quiet_to", "wakes", "reminders",
)  # fmt: skip
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")
MOST_REMINDERS = 20
LONGEST_NOTE = 2000


@dataclass
class Acknowledge(Act[Episode]):
    """Say that somebody has seen an alarm and sees to it; reminders of it end."""

    event = "notices.acknowledge"
    episode: Episode
    reason: str = ""

    def target(self) -> door.Target:
        """The place it concerns."""
        return self.episode.region

    def before(self) -> Any:
        """How it stood."""
        return {"alarm": self.episode.pk, "state": self.episode.state}

    def do(self, actor: Actor) -> Episode:
        """Note who and when. Raises ``BadInput`` when it has ended or somebody did before."""
        one = Episode.objects.select_for_update().get(pk=self.episode.pk)
        if one.state != "open":
            raise BadInput(f"alarm {one.pk} is {one.state} already")
        now = datetime.now(UTC)
        note = self.reason.strip()[:LONGEST_NOTE]
        one.acknowledged_at, one.acknowledged_by, one.note = now, actor.name, note
        one.save(update_fields=["acknowledged_at", "acknowledged_by", "note"])
        what = Happening.What.ACKNOWLEDGED
        episodes.happened(one, what, now, who=actor.name, text=note)
        return one

    def after(self, result: Episode) -> Any:
        """Which alarm it is."""
        kept = ("kind", "object", "severity")
        return {"alarm": result.pk, **{name: getattr(result, name) for name in kept}}


@dataclass
class SetLimit(Act[float]):
    """Set a limit of the watcher, with the reason; without a value, back to the default."""

    event = "notices.configure"
    key: str
    value: float | None
    reason: str = ""

    def before(self) -> Any:
        """The value in force."""
        row = Threshold.objects.filter(pk=self.key).first()
        return {"limit": self.key, "value": row.value if row else kinds.limit(self.key).value}

    def do(self, actor: Actor) -> float:
        """Keep it. Raises ``BadInput`` without a reason or outside the span of the limit."""
        limit = kinds.limit(self.key)
        if self.value is None:
            Threshold.objects.filter(pk=self.key).delete()
            return limit.value
        if not self.reason.strip():
            raise BadInput("say why: a limit keeps its reason")
        if not limit.lowest <= self.value <= limit.highest:
            span = f"{limit.lowest:g} to {limit.highest:g} {limit.unit}"
            raise BadInput(f"{self.key} may be {span}")
        told = {"value": self.value, "reason": self.reason.strip(), "actor": actor.name}
        Threshold.objects.update_or_create(pk=self.key, defaults=told)
        return self.value

    def after(self, result: float) -> Any:
        """The value now."""
        return {"limit": self.key, "value": result}


@dataclass
class AddRoute(Act[Route]):
    """Add a route; ``told`` are its fields as people give them, ``address`` with its secrets."""

    event = "notices.configure"
    key: str
    address: str
    told: dict[str, Any]

    def do(self, actor: Actor) -> Route:
        """Check and keep it. Raises ``BadInput`` saying what is wrong, never the address."""
        if Route.objects.filter(pk=self.key).exists():
            raise BadInput(f"there is a route '{self.key}' already")
        route = Route(key=self.key, topic=self.told.get("topic") or kinds.SYSTEM)
        _set(route, {"url": self.address, **{k: v for k, v in self.told.items() if k != "topic"}})
        route.save(force_insert=True)
        return route

    def after(self, result: Route) -> Any:
        """The route, its address masked."""
        return kept(result)


@dataclass
class ChangeRoute(Act[Route]):
    """Change a route, pause it (``active`` False) or let it go on."""

    event = "notices.configure"
    route: Route
    told: dict[str, Any]

    def before(self) -> Any:
        """How it stood."""
        return kept(self.route)

    def do(self, actor: Actor) -> Route:
        """Check and keep it; it is tried at once."""
        told = dict(self.told)
        active = told.pop("active", None)
        if active is not None:
            self.route.active = bool(active)
        _set(self.route, told)
        self.route.next_try = None
        self.route.save()
        return self.route

    def after(self, result: Route) -> Any:
        """How it stands now."""
        return kept(result)


@dataclass
class RemoveRoute(Act[str]):
    """Take a route away; what it sent stays on record if it sent anything, the address does not."""

    event = "notices.configure"
    route: Route

    def before(self) -> Any:
        """How it stood."""
        return kept(self.route)

    def do(self, actor: Actor) -> str:
        """Delete it when it never sent anything, else forget its address and end it."""
        if not Attempt.objects.filter(notice__route=self.route).exists():
            self.route.delete()
            return "removed"
        self.route.active, self.route.url, self.route.failures = False, None, 0
        self.route.save(update_fields=["active", "url", "failures"])
        waiting = Notice.objects.filter(route=self.route, state=Notice.State.WAITING)
        waiting.update(state=Notice.State.GIVEN_UP)
        return "ended"

    def after(self, result: str) -> Any:
        """What became of it."""
        return {"route": self.route.key, "result": result}


@dataclass
class TryRoute(Act[list[Notice]]):
    """Send a test by a route, now; every addressee gets it and every answer is kept."""

    event = "notices.configure"
    atomic = False  # the service is asked meanwhile
    route: Route

    def do(self, actor: Actor) -> list[Notice]:
        """Send and return the notices. Raises ``BadInput`` without anybody to send to."""
        from fenhe.platform.notices import telling

        now = datetime.now(UTC)
        found = telling.recipients(self.route)
        if not found or not self.route.url:
            raise BadInput(f"route '{self.route.key}' leads to nobody")
        sent = []
        for recipient, _places in found:
            notice = Notice.objects.create(
                route=self.route, recipient=recipient, test=True, made_at=now, due_at=now,
                state=Notice.State.SENDING,
            )  # fmt: skip
            if not courier.deliver(notice):
                notice.state = Notice.State.GIVEN_UP  # a test is not tried again
                notice.save(update_fields=["state"])
            sent.append(notice)
        return sent

    def after(self, result: list[Notice]) -> Any:
        """Who was sent to and what was answered."""
        return {"route": self.route.key, "answers": [answer_of(one) for one in result]}


def answer_of(notice: Notice) -> dict[str, Any]:
    """Return the last answer to a notice."""
    last = notice.tries.last()
    answer = {"ok": last.ok, "answer": last.answer} if last is not None else {"ok": False}
    return {"recipient": notice.recipient, **answer}


def kept(route: Route) -> dict[str, Any]:
    """Return a route as plain data, its address masked: for the log, the page, the list."""
    plain = [name for name in CHANGEABLE if name not in {"url", "region"}]
    return {
        "key": route.key,
        "topic": route.topic,
        "kind": route.kind,
        "address": routes.shown(route),
        "region": route.region_id or "",
        "active": route.active,
        **{name: getattr(route, name) for name in plain},
    }


def _set(route: Route, told: dict[str, Any]) -> None:
    unknown = sorted(told.keys() - set(CHANGEABLE))
    if unknown:
        raise BadInput(f"{', '.join(unknown)} can not be set; what can: {', '.join(CHANGEABLE)}")
    told = dict(told)
    if told.get("region") is not None:
        route.region = _region(told.pop("region"))
    told.pop("region", None)
    address = told.pop("url", None)
    for name, value in told.items():
        setattr(route, name, value)
    if address:
        _address(route, address)
    _check(route)


def _address(route: Route, text: str) -> None:
    read = routes.read(text)
    if route.kind and route.kind != read.kind:
        raise BadInput(f"route '{route.key}' is {route.kind}; make a new one for {read.kind}")
    route.kind, route.url = read.kind, Secret(read.url)
    route.to = list(dict.fromkeys([*route.to, *read.to]))


def _region(code: str) -> Region | None:
    if not code:
        return None
    region = Region.objects.filter(pk=code).first()
    if region is None:
        raise BadInput(f"there is no region {code}")
    return region


def _check(route: Route) -> None:
    mail = route.kind == Route.Kind.MAIL
    if (route.to or route.role) and not mail:
        raise BadInput("addressees are for mail; a service is told by its address alone")
    if mail and not (route.to or route.role):
        raise BadInput("mail needs addressees: --to NAME@HOST, or --role")
    if route.role and route.role not in Role.values:
        raise BadInput(f"there is no role '{route.role}'; known: {', '.join(Role.values)}")
    routes.check_recipients(route.to)
    for clock in (route.quiet_from, route.quiet_to):
        if clock and not _CLOCK.fullmatch(clock):
            raise BadInput(f"'{clock}' is no time of day; write 22:00")
    if bool(route.quiet_from) != bool(route.quiet_to):
        raise BadInput("quiet hours have a beginning and an end")
    hours = route.reminders
    if len(hours) > MOST_REMINDERS or any(not 0 < one <= 24 * 90 for one in hours):
        raise BadInput("reminders are hours after the opening, above 0 and at most 2160")
    _usable(route)


def _usable(route: Route) -> None:
    """Have the records and the library say what they do not take."""
    from fenhe.platform.notices import services

    try:
        names = {field.name for field in route._meta.fields} - {"key", "topic", "kind", *CHANGEABLE}
        route.clean_fields(names | {"url", "to", "reminders", "region"})
        if route.url:
            services.sender(route.kind, route.url.reveal(), "nobody@example.org")
    except ValidationError as error:
        said = (f"{name}: {' '.join(why)}" for name, why in error.message_dict.items())
        raise BadInput("; ".join(said)) from None
    except ValueError:
        raise BadInput("the address can not be used: see how its service writes it") from None
