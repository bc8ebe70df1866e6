"""What the command line asks about alarms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fenhe.base.errors import BadInput
from fenhe.platform.notices import queries
from fenhe.platform.notices.acts import (
    Acknowledge,
    AddRoute,
    ChangeRoute,
    RemoveRoute,
    SetLimit,
    TryRoute,
    answer_of,
)
from fenhe.platform.notices.models import Episode, Route
from fenhe.platform.workflow.acts import Actor

MOST = 1000
Args = dict[str, Any]


def alarms(args: Args, actor: Actor, _progress: Any) -> Any:
    """Return alarms by ``topic``, ``kind``, ``state`` (without one: those that stand)."""
    state = args.get("state") or "standing"
    chosen = {**{name: args.get(name) or "" for name in ("topic", "kind")}, "state": state}
    if state == "all":
        chosen["state"] = ""
    found = queries.wanted(actor.user, chosen)[: min(int(args.get("limit") or 100), MOST)]
    return [queries.plain(one) for one in found]


def alarm(args: Args, _actor: Actor, _progress: Any) -> Any:
    """Return one ``alarm`` with its history and notices."""
    one = _episode(args)
    return {
        **queries.plain(one),
        "history": queries.history(one),
        "notices": queries.notices_of(one),
    }


def acknowledge(args: Args, actor: Actor, _progress: Any) -> Any:
    """Acknowledge the ``alarm``, with a ``note``."""
    return queries.plain(Acknowledge(_episode(args), args.get("note") or "").run(actor))


def _episode(args: Args) -> Episode:
    found = Episode.objects.filter(pk=int(args["alarm"])).first()
    if found is None:
        raise BadInput(f"there is no alarm {args['alarm']}; 'fenhe alarms list' shows them")
    return found


def routes(_args: Args, _actor: Actor, _progress: Any) -> Any:
    """Return the routes, addresses masked."""
    return queries.routes()


def add_route(args: Args, actor: Actor, _progress: Any) -> Any:
    """Add the route ``key`` to ``address``, with its other fields."""
    told = {name: value for name, value in args.items() if name not in {"key", "address"}}
    route = AddRoute(args["key"], args["address"], told).run(actor)
    return queries.route(route.pk)


def change_route(args: Args, actor: Actor, _progress: Any) -> Any:
    """Change the route ``key`` by the other fields given."""
    told = {name: value for name, value in args.items() if name != "key"}
    return queries.route(ChangeRoute(_route(args), told).run(actor).pk)


def remove_route(args: Args, actor: Actor, _progress: Any) -> Any:
    """Take the route ``key`` away; returns ``removed`` or ``ended``."""
    return RemoveRoute(_route(args)).run(actor)


def try_route(args: Args, actor: Actor, _progress: Any) -> Any:
    """Send a test by the route ``key``; returns an answer for each addressee."""
    return [answer_of(one) for one in TryRoute(_route(args)).run(actor)]


def _route(args: Args) -> Route:
    found = Route.objects.filter(pk=args["key"]).first()
    if found is None:
        raise BadInput(f"there is no route '{args['key']}'; 'fenhe alarms routes list' shows them")
    return found


def limits(_args: Args, _actor: Actor, _progress: Any) -> Any:
    """Return the limits in force, with their reasons."""
    return queries.limits()


def set_limit(args: Args, actor: Actor, _progress: Any) -> Any:
    """Set the ``limit`` to ``value`` for a ``reason``; without a value, to its default."""
    value = args.get("value")
    act = SetLimit(args["limit"], None if value is None else float(value), args.get("reason") or "")
    return act.run(actor)


VERBS: dict[str, Callable[[Args, Actor, Any], Any]] = {
    "alarms": alarms,
    "alarm": alarm,
    "acknowledge_alarm": acknowledge,
    "alarm_routes": routes,
    "add_alarm_route": add_route,
    "change_alarm_route": change_route,
    "remove_alarm_route": remove_route,
    "test_alarm_route": try_route,
    "alarm_limits": limits,
    "set_alarm_limit": set_limit,
}
