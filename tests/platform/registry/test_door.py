"""The permission door: every role × every act × inside and outside the own place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from fenhe.platform.registry import door
from fenhe.platform.registry.models import Membership, Site
from tests.platform.conftest import World

LOOKING = {"monitoring.view", "verdicts.view", "verdicts.evidence", "registry.view"}
LOOKING |= {"verdicts.bulletin"}
ANYONE = {"web.open", "web.login", "web.logout", "web.language", "standards.view"}
ANYONE |= {"operations.health", "operations.metrics"}
MARKING = {"monitoring.submit_mark", "monitoring.withdraw_mark"}
# written out by hand, not computed from the table: what each role may do in its own place
IN_OWN_PLACE = {
    "public": ANYONE,
    "firm": ANYONE | LOOKING | MARKING | {"monitoring.annotate", "monitoring.export"},
    "county": ANYONE
    | LOOKING
    | {"monitoring.annotate", "monitoring.export", "monitoring.feeds", "gateway.view"}
    | {"notices.view"},
    "analyst": ANYONE
    | LOOKING
    | MARKING
    | {"registry.map_channel", "registry.end_channel", "monitoring.replay_frames"}
    | {
        "monitoring.annotate",
        "monitoring.export",
        "monitoring.feeds",
        "monitoring.quarantine",
        "monitoring.import",
        "monitoring.receive",
        "monitoring.run_source",
        "monitoring.replay",
        "monitoring.void",
        "monitoring.clear_flag",
        "monitoring.review",
        "monitoring.review_open",
        "monitoring.review_undo",
        "monitoring.review_close",
        "workflow.audit",
        "verdicts.freeze",
        "gateway.view",
        "gateway.command",
        "gateway.withdraw_command",
        "notices.view",
        "notices.acknowledge",
    },
    "admin": set(door.ACTS),
}


@pytest.mark.parametrize("act", door.ACTS)
@pytest.mark.parametrize("role", door.ROLES)
@pytest.mark.parametrize("where", ["inside", "outside", "inside_published", "outside_published"])
def test_matrix(world: World, role: str, act: str, where: str) -> None:
    place, _, published = where.partition("_")
    site: Site = getattr(world, place)
    site.published = bool(published)
    expected = act in ANYONE
    if place == "inside":
        expected |= act in IN_OWN_PLACE[role]
    if published:
        expected |= act in LOOKING
    decision = door.may(world.people[role], act, site)
    assert decision.allowed is expected, decision.why
    assert decision.why
    site.save()
    listed = door.visible_sites(world.people[role], act).filter(pk=site.pk).exists()
    assert listed is expected


@pytest.mark.parametrize("role", ["admin", "analyst", "county"])
def test_a_region_is_covered_with_all_below_it_and_nothing_above(world: World, role: str) -> None:
    user = world.people[role]
    assert door.may(user, "monitoring.export", world.county)
    assert not door.may(user, "monitoring.export", world.province)
    assert not door.may(user, "monitoring.export", world.other_county)
    assert bool(door.may(user, "monitoring.export", world.city)) is (role != "county")


def test_the_whole_system_needs_a_membership_without_a_place(world: World) -> None:
    assert not door.may(world.people["admin"], "registry.import_boundaries")
    root = User.objects.create_user("root")
    Membership.objects.create(user=root, role="admin")
    assert door.may(root, "registry.import_boundaries")
    assert door.may(root, "monitoring.void", world.outside)


def test_the_local_operator_may_everything_of_an_administrator(world: World) -> None:
    operator = door.LocalOperator("someone")
    assert all(door.may(operator, act, world.outside) for act in door.ACTS)


def test_a_person_without_a_role_sees_what_visitors_see(world: World) -> None:
    user = User.objects.create_user("nobody")
    assert not door.may(user, "monitoring.view", world.inside)
    assert door.may(user, "web.open")
    assert "without a role" in door.may(user, "monitoring.void", world.inside).why


def test_memberships_are_read_once_per_person(world: World, django_assert_num_queries: Any) -> None:
    user = User.objects.get(username="county")
    with django_assert_num_queries(1):
        for act in door.ACTS:
            door.may(user, act, world.inside)


def test_an_act_that_is_not_in_the_table_is_an_error() -> None:
    with pytest.raises(KeyError):
        door.may(AnonymousUser(), "no.such_act")
    with pytest.raises(KeyError):
        door.guard("no.such_act")


def _request(user: Any) -> HttpRequest:
    request = RequestFactory().get("/somewhere")
    request.user = user
    return request


def test_guard_sends_visitors_to_log_in_and_tells_others_why(world: World) -> None:
    @door.guard("monitoring.void", target=lambda request, site: Site.objects.get(pk=site))
    def view(request: HttpRequest, site: str) -> HttpResponse:
        return HttpResponse("done")

    answer = view(_request(world.people["public"]), site="in")
    assert answer.status_code == 302
    assert "next=/somewhere" in answer["Location"]
    with pytest.raises(PermissionDenied, match="county officer may not do this"):
        view(_request(world.people["county"]), site="in")
    with pytest.raises(PermissionDenied, match="analyst may not do this at site out in 平城区"):
        view(_request(world.people["analyst"]), site="out")
    assert view(_request(world.people["analyst"]), site="in").content == b"done"


def _callbacks(patterns: Any) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _callbacks(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            yield str(pattern.pattern), pattern.callback


def test_every_page_goes_through_the_door() -> None:
    callbacks = dict(_callbacks(get_resolver().url_patterns))
    assert len(callbacks) > 3
    open_doors = [name for name, view in callbacks.items() if door.unguarded([view])]
    assert open_doors == []
