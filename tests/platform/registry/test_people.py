"""People: accounts, roles, log-in, throttling."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.test import Client, RequestFactory
from django.utils import timezone

from fenhe.base.errors import BadInput
from fenhe.platform.registry import throttle
from fenhe.platform.registry.acts import CreateMembership, CreateUser
from fenhe.platform.registry.door import Denied
from fenhe.platform.registry.forms import LogInForm
from fenhe.platform.registry.models import LogInTry, Membership
from fenhe.platform.workflow.acts import Actor, local_actor
from fenhe.platform.workflow.models import AuditLog
from tests.platform.conftest import World

PASSWORD = "a-long-password-1"  # noqa: S105


def _try(name: str, password: str, address: str = "10.0.0.1") -> Any:
    request = RequestFactory().post("/login/", REMOTE_ADDR=address)
    return authenticate(request, username=name, password=password)


def test_five_failures_close_the_door_for_that_name_and_address(world: World) -> None:
    for _ in range(5):
        assert _try("county", "wrong") is None
    assert _try("county", PASSWORD) is None
    assert throttle.minutes_to_wait("county", "10.0.0.1") == 15
    assert _try("county", PASSWORD, address="10.0.0.2") == world.people["county"]


def test_one_name_is_closed_everywhere_after_many_addresses(world: World, settings: Any) -> None:
    settings.LOGIN_TRIES_PER_NAME = 4
    for number in range(4):
        _try("County", "wrong", address=f"10.0.1.{number}")
    assert _try("county", PASSWORD, address="10.9.9.9") is None


def test_a_throttled_try_does_not_lengthen_the_wait(world: World) -> None:
    for _ in range(9):
        _try("county", "wrong")
    assert LogInTry.objects.count() == 5


def test_the_wait_ends(world: World) -> None:
    for _ in range(5):
        _try("county", "wrong")
    LogInTry.objects.update(at=timezone.now() - timedelta(minutes=16))
    assert _try("county", PASSWORD) == world.people["county"]


def test_the_form_says_how_long_to_wait(world: World) -> None:
    request = RequestFactory().post("/login/", REMOTE_ADDR="10.0.0.1")
    form = None
    for _ in range(6):
        form = LogInForm(request, data={"username": "county", "password": "wrong"})
        assert not form.is_valid()
    assert form is not None
    assert form.errors.as_data()["__all__"][0].code == "throttled"


def test_log_in_and_out_are_in_the_log(world: World) -> None:
    client = Client()
    assert client.login(username="county", password=PASSWORD)
    client.logout()
    events = list(AuditLog.objects.order_by("id").values_list("event", "actor"))
    assert events == [("web.login", "county"), ("web.logout", "county")]


def test_an_administrator_adds_people_of_the_own_region_only(world: World) -> None:
    actor = Actor(world.people["admin"], "admin", "web")
    user, password = CreateUser("wang", region=world.county).run(actor)
    assert user.check_password(password)
    CreateMembership(user, "county", region=world.county).run(actor)
    entry = AuditLog.objects.first()
    assert entry is not None
    assert entry.event == "registry.create_membership"
    assert entry.before == []
    assert entry.region_path == "140000/140100/140105/"
    assert password not in str(AuditLog.objects.values())
    with pytest.raises(Denied):
        CreateMembership(user, "county", region=world.other_county).run(actor)
    with pytest.raises(Denied):
        CreateUser("li").run(actor)
    assert not User.objects.filter(username="li").exists()


@pytest.mark.parametrize(
    ("role", "place", "says"),
    [
        ("county", {}, "needs a region"),
        ("firm", {}, "needs an organisation"),
        ("chief", {}, "not a role"),
    ],
)
def test_a_role_needs_its_place(world: World, role: str, place: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        CreateMembership(world.people["county"], role, **place).run(local_actor())
    assert not AuditLog.objects.exists()


def test_the_database_refuses_a_role_without_its_place(world: World) -> None:
    with pytest.raises(IntegrityError):
        Membership.objects.create(user=world.people["admin"], role="county")


@pytest.mark.parametrize("password", ["short", "12345678901", "password123"])
def test_weak_passwords_are_refused(world: World, password: str) -> None:
    with pytest.raises(BadInput):
        CreateUser("wang", password=password).run(local_actor())


def test_a_taken_name_is_refused_in_any_case(world: World) -> None:
    with pytest.raises(BadInput, match="already"):
        CreateUser("COUNTY").run(local_actor())
