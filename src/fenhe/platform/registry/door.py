"""The one permission door: may this person do this act here, and why.

The table below is the whole policy. A role gives a *reach* for an act; the reach is held
against the region tree or the organisation of each membership. Visitors who are not logged
in have the role ``public``. The local operator of the command line owns the data folder's
files and so may do everything there; the audit log names the account.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from fenhe.base.errors import FenheError
from fenhe.platform.registry.models import Membership, Organisation, Region, Role, Site

PUBLIC = "public"
ADMIN, ANALYST, COUNTY, FIRM = "admin", "analyst", "county", "firm"
ROLES = (PUBLIC, FIRM, COUNTY, ANALYST, ADMIN)


class Reach(Enum):
    """How far a role's right to an act goes."""

    NOWHERE = "nowhere"
    PUBLISHED = "published"  # what any visitor sees
    OWN = "own"  # own region with all below it, or own organisation; and what is published
    EVERYWHERE = "everywhere"


N, P, O, E = Reach.NOWHERE, Reach.PUBLISHED, Reach.OWN, Reach.EVERYWHERE  # noqa: E741

# act -> reach of public, firm, county, analyst, admin
_TABLE: dict[str, tuple[Reach, Reach, Reach, Reach, Reach]] = {
    # pages
    "web.open": (E, E, E, E, E),
    "web.login": (E, E, E, E, E),
    "web.logout": (E, E, E, E, E),
    "web.language": (E, E, E, E, E),
    "standards.view": (E, E, E, E, E),
    # looking
    "monitoring.view": (P, O, O, O, O),
    "verdicts.view": (P, O, O, O, O),
    "verdicts.evidence": (P, O, O, O, O),
    "verdicts.bulletin": (P, O, O, O, O),
    "registry.view": (P, O, O, O, O),
    "monitoring.feeds": (N, N, O, O, O),
    "monitoring.quarantine": (N, N, N, O, O),
    "workflow.audit": (N, N, N, O, O),
    # changing
    "verdicts.freeze": (N, N, N, O, O),
    "verdicts.publish_run": (N, N, N, N, O),
    "monitoring.import": (N, N, N, O, O),
    "monitoring.receive": (N, N, N, O, O),
    "monitoring.replay": (N, N, N, O, O),
    "monitoring.add_source": (N, N, N, N, O),
    "monitoring.change_source": (N, N, N, N, O),
    "monitoring.pause_source": (N, N, N, N, O),
    "monitoring.run_source": (N, N, N, O, O),
    "monitoring.void": (N, N, N, O, O),
    "monitoring.clear_flag": (N, N, N, O, O),
    "monitoring.annotate": (N, O, O, O, O),
    "monitoring.review": (N, N, N, O, O),
    "monitoring.review_open": (N, N, N, O, O),
    "monitoring.review_undo": (N, N, N, O, O),
    "monitoring.review_close": (N, N, N, O, O),
    "monitoring.export": (N, O, O, O, O),
    "registry.import_stations": (N, N, N, N, O),
    "registry.import_boundaries": (N, N, N, N, O),
    "registry.create_user": (N, N, N, N, O),
    "registry.create_membership": (N, N, N, N, O),
    "registry.create_token": (N, N, N, N, O),
    "registry.revoke_token": (N, N, N, N, O),
    "registry.publish_site": (N, N, N, N, O),
    "registry.move_site": (N, N, N, N, O),
    # outlets, their loggers, what operators declare
    "registry.import_outlets": (N, N, N, N, O),
    "registry.add_device": (N, N, N, N, O),
    "registry.change_device": (N, N, N, N, O),
    "registry.add_key": (N, N, N, N, O),
    "registry.end_key": (N, N, N, N, O),
    "registry.map_channel": (N, N, N, O, O),
    "registry.end_channel": (N, N, N, O, O),
    "monitoring.submit_mark": (N, O, N, O, O),
    "monitoring.withdraw_mark": (N, O, N, O, O),
    "monitoring.replay_frames": (N, N, N, O, O),
    # the gateway and the devices behind it
    "gateway.view": (N, N, O, O, O),
    "gateway.command": (N, N, N, O, O),
    "gateway.command_change": (N, N, N, N, O),
    "gateway.rotate_key": (N, N, N, N, O),
    "gateway.approve_command": (N, N, N, N, O),
    "gateway.withdraw_command": (N, N, N, O, O),
    # alarms about the system itself
    "notices.view": (N, N, O, O, O),
    "notices.acknowledge": (N, N, N, O, O),
    "notices.configure": (N, N, N, N, O),
    # running; metrics ask for a loopback address or a token besides
    "operations.health": (E, E, E, E, E),
    "operations.metrics": (E, E, E, E, E),
    "operations.backup": (N, N, N, N, O),
    "operations.rawlog_export": (N, N, N, N, O),
    "operations.rawlog_retain": (N, N, N, N, O),
}
POLICY: dict[tuple[str, str], Reach] = {
    (role, act): reach
    for act, reaches in _TABLE.items()
    for role, reach in zip(ROLES, reaches, strict=True)
}
ACTS = tuple(_TABLE)

Target = Region | Site | Organisation | None


@dataclass(frozen=True)
class Decision:
    """The door's answer; ``why`` is one sentence for a person."""

    allowed: bool
    why: str

    def __bool__(self) -> bool:
        """True when allowed."""
        return self.allowed


class Denied(FenheError):
    """The door said no."""


@dataclass(frozen=True)
class LocalOperator:
    """The person at the command line, who owns the files of the data folder."""

    name: str

    is_authenticated = True


@dataclass(frozen=True)
class Scope:
    """Where a person may do one act: everywhere, or in places, or on what is published."""

    everywhere: bool = False
    published: bool = False
    regions: tuple[Region, ...] = ()
    organisations: tuple[int, ...] = field(default=())

    @property
    def anywhere(self) -> bool:
        """True when there is any place at all."""
        return bool(self.everywhere or self.published or self.regions or self.organisations)

    def covers(self, target: Target) -> bool:
        """Say whether the scope covers a target; None is the system as a whole."""
        if self.everywhere:
            return True
        if isinstance(target, Site):
            return self._covers_site(target)
        if isinstance(target, Region):
            return any(region.covers(target) for region in self.regions)
        if isinstance(target, Organisation):
            return target.pk in self.organisations or (
                target.region is not None and self.covers(target.region)
            )
        return False

    def _covers_site(self, site: Site) -> bool:
        if self.published and site.published:
            return True
        if site.organisation_id is not None and site.organisation_id in self.organisations:
            return True
        return any(region.covers(site.region) for region in self.regions)

    def sites(self) -> Q:
        """Return the condition on ``Site`` rows that the scope covers."""
        if self.everywhere:
            return Q()
        condition = Q(pk__in=[])
        if self.published:
            condition |= Q(published=True)
        for region in self.regions:
            condition |= Q(region__path__startswith=region.path)
        if self.organisations:
            condition |= Q(organisation__in=self.organisations)
        return condition


def memberships(user: Any) -> tuple[Membership, ...]:
    """Return a person's memberships, read once per request (kept on the user object)."""
    if user is None or not user.is_authenticated or isinstance(user, LocalOperator):
        return ()
    kept = getattr(user, "_fenhe_memberships", None)
    if kept is None:
        kept = tuple(Membership.objects.filter(user=user).select_related("region"))
        user._fenhe_memberships = kept
    return cast("tuple[Membership, ...]", kept)


def scope(user: Any, act: str) -> Scope:
    """Return where a person may do an act. Raises ``KeyError`` for an act not in the table."""
    if isinstance(user, LocalOperator):
        return Scope(everywhere=POLICY[ADMIN, act] is not Reach.NOWHERE)
    reaches = [(POLICY[PUBLIC, act], None)]
    reaches += [(POLICY[m.role, act], m) for m in memberships(user)]  # type: ignore[misc]
    everywhere = published = False
    regions: list[Region] = []
    organisations: list[int] = []
    for reach, membership in reaches:
        everywhere |= reach is Reach.EVERYWHERE
        published |= reach is Reach.PUBLISHED
        if reach is not Reach.OWN or membership is None:
            continue
        if membership.organisation_id is not None:
            organisations.append(membership.organisation_id)
        elif membership.region is not None:
            regions.append(membership.region)
        else:
            everywhere = True
    return Scope(everywhere, published, tuple(regions), tuple(organisations))


def may(user: Any, act: str, target: Target = None) -> Decision:
    """Answer whether ``user`` may do ``act`` on ``target`` (None: the system as a whole)."""
    where = scope(user, act)
    if where.covers(target):
        return Decision(True, _("Allowed."))
    if not where.anywhere:
        return Decision(False, _refusal(user, act))
    return Decision(False, _refusal(user, act, _place(target)))


def may_anywhere(user: Any, act: str) -> Decision:
    """Answer whether there is any place where ``user`` may do ``act``."""
    if scope(user, act).anywhere:
        return Decision(True, _("Allowed."))
    return Decision(False, _refusal(user, act))


def visible_sites(
    user: Any, act: str = "monitoring.view", kind: str | None = Site.Kind.AIR
) -> QuerySet[Site]:
    """Return the sites on which ``user`` may do ``act``: stations, another kind, or all (None)."""
    found = Site.objects.filter(scope(user, act).sites())
    return found if kind is None else found.filter(kind=kind)


def ask(user: Any, act: str, target: Target = None) -> None:
    """Raise ``Denied`` with the reason when the door says no."""
    decision = may(user, act, target)
    if not decision:
        raise Denied(decision.why)


def _refusal(user: Any, act: str, place: str = "") -> str:
    if place:
        said = _("%(who)s may not do this %(place)s (%(act)s).")
        return said % {"who": _who(user), "place": place, "act": act}
    return _("%(who)s may not do this (%(act)s).") % {"who": _who(user), "act": act}


def _who(user: Any) -> str:
    if user is None or not user.is_authenticated:
        return _("Visitors")
    roles = sorted({str(Role(m.role).label) for m in memberships(user)})
    return " / ".join(roles) if roles else _("People without a role")


def _place(target: Target) -> str:
    if target is None:
        return _("for the system as a whole")
    if isinstance(target, Site):
        return _("at site %(site)s in %(region)s") % {
            "site": target.key,
            "region": target.region.name,
        }
    return _("in %(place)s") % {"place": target.name}


View = TypeVar("View", bound=Callable[..., Any])
FindTarget = Callable[..., Target]


def guard(act: str, target: FindTarget | None = None) -> Callable[[View], View]:
    """Put a view behind the door.

    With ``target`` (called with the request and the view's keyword arguments) the act must be
    allowed there; without, the person must be allowed it somewhere, and the view narrows its
    rows by ``visible_sites``. A visitor is sent to log in, anyone else gets 403 with the reason.
    """
    if act not in _TABLE:
        raise KeyError(f"the door has no act '{act}'")

    def wrap(view: View) -> View:
        def stop(request: HttpRequest, kwargs: dict[str, Any]) -> HttpResponseBase | None:
            found = target(request, **kwargs) if target else None
            decision = may(request.user, act, found) if target else may_anywhere(request.user, act)
            if decision:
                return None
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            raise PermissionDenied(decision.why)

        if iscoroutinefunction(view):

            @functools.wraps(view)
            async def guarded_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                stopped = await sync_to_async(stop)(request, kwargs)
                return stopped or await view(request, *args, **kwargs)

            guarded_async.door_act = act  # type: ignore[attr-defined]
            return cast("View", guarded_async)

        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return stop(request, kwargs) or view(request, *args, **kwargs)

        guarded.door_act = act  # type: ignore[attr-defined]
        return cast("View", guarded)

    return wrap


def unguarded(callbacks: Iterable[Any]) -> list[Any]:
    """Return the views that do not go through the door."""
    return [view for view in callbacks if getattr(view, "door_act", None) not in _TABLE]
