"""The base of every write and every export: check the right, do, log, announce."""

from __future__ import annotations

import contextlib
import getpass
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest

from fenhe.platform.registry import door
from fenhe.platform.registry.throttle import address_of
from fenhe.platform.workflow.models import AuditLog
from fenhe.platform.workflow.signals import act_done

Result = TypeVar("Result")
EVENTS: dict[str, type[Act[Any]]] = {}  # event name -> act class: one list for log and pages


@dataclass(frozen=True)
class Actor:
    """Who acts, and by what way they came in."""

    user: Any
    name: str
    via: str
    address: str = ""

    @property
    def number(self) -> int | None:
        """The account's number; None for the command line."""
        return getattr(self.user, "pk", None)


def web_actor(request: HttpRequest) -> Actor:
    """Return the person behind a request."""
    user = request.user
    name = user.get_username() if user.is_authenticated else "visitor"
    return Actor(user, name, "web", address_of(request))


def local_actor() -> Actor:
    """Return the operating-system account at the command line."""
    name = "unknown"
    with contextlib.suppress(KeyError, OSError):
        name = getpass.getuser()
    return Actor(door.LocalOperator(name), f"cli:{name}", "cli")


def system_actor() -> Actor:
    """Return Fenhe itself, for what no person started."""
    return Actor(door.LocalOperator("system"), "system", "system")


def nobody(name: str, address: str) -> Actor:
    """Return someone who is not logged in, such as at a failed log-in."""
    return Actor(AnonymousUser(), name, "web", address)


class Act(ABC, Generic[Result]):
    """One thing a person does. Subclasses set ``event`` and write ``do``.

    ``event`` is both the act's name at the door and the name in the audit log. ``before`` and
    ``after`` return what the log keeps. ``atomic`` acts undo their records when logging fails;
    acts on the store log after the store's commit, which carries the actor's name itself.
    """

    event: ClassVar[str]
    atomic: ClassVar[bool] = True
    reason: str = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Enter the act in the list of events."""
        super().__init_subclass__(**kwargs)
        if "event" in cls.__dict__:
            EVENTS[cls.event] = cls

    def target(self) -> door.Target:
        """Return what the door is asked about; None is the system as a whole."""
        return None

    def check(self, actor: Actor) -> None:
        """Ask the door; raise ``Denied`` with the reason."""
        door.ask(actor.user, self.event, self.target())

    def before(self) -> Any:
        """Return how it stood before, as plain data."""
        return None

    @abstractmethod
    def do(self, actor: Actor) -> Result:
        """Do it."""

    def after(self, result: Result) -> Any:
        """Return how it stands now, as plain data."""
        return None

    def run(self, actor: Actor) -> Result:
        """Check the right, do, log, announce; return what ``do`` returned."""
        self.check(actor)
        with transaction.atomic() if self.atomic else contextlib.nullcontext():
            before = self.before()
            result = self.do(actor)
            entry = record(self, actor, before, self.after(result))
        act_done.send(sender=type(self), act=self, entry=entry, result=result)
        return result


def record(act: Act[Any], actor: Actor, before: Any, after: Any) -> AuditLog:
    """Append one audit row for an act."""
    target = act.target()
    return append(act.event, actor, target=target, before=before, after=after, reason=act.reason)


def append(
    event: str,
    actor: Actor,
    *,
    target: door.Target = None,
    before: Any = None,
    after: Any = None,
    reason: str = "",
) -> AuditLog:
    """Append one audit row for something that is not an act of its own, such as a log-in."""
    region = getattr(target, "region", target)
    return AuditLog.objects.create(
        event=event,
        actor=actor.name[:150],
        actor_id=actor.number,
        via=actor.via,
        address=actor.address,
        target_kind=type(target).__name__.lower() if target is not None else "",
        target=str(target.pk) if target is not None else "",
        region_path=getattr(region, "path", ""),
        before=before,
        after=after,
        reason=reason,
    )
