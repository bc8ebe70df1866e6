"""Tokens: shown once, kept as a hash, ended at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from fenhe.base.errors import BadInput
from fenhe.platform.api.acts import CreateToken, RevokeToken
from fenhe.platform.api.models import ApiToken
from fenhe.platform.registry import door
from fenhe.platform.registry.models import LogInTry
from fenhe.platform.workflow.acts import Actor, local_actor
from fenhe.platform.workflow.models import AuditLog
from tests.platform.api.conftest import Caller, Holder
from tests.platform.conftest import World


def asked(token: str) -> tuple[int, str]:
    reply = Caller(token).get("/regions")
    return reply.status_code, reply.json().get("error", {}).get("code", "")


def test_only_a_hash_is_kept(world: World) -> None:
    token, text = CreateToken(world.people["county"], "logger").run(local_actor())
    secret = text.split("_", 2)[2]
    row = ApiToken.objects.values().get(pk=token.pk)
    assert secret not in str(row)
    assert secret not in str(list(AuditLog.objects.values()))
    assert len(row["digest"]) == 64
    assert asked(text) == (200, "")
    assert ApiToken.objects.get(pk=token.pk).last_used_at is not None


def test_a_token_ends_when_revoked_expired_or_its_owner_left(world: World) -> None:
    owner = world.people["county"]
    token, text = CreateToken(owner, "a").run(local_actor())
    RevokeToken(token, "lost").run(local_actor())
    assert asked(text) == (401, "token_revoked")
    soon = timezone.now() + timedelta(days=1)
    token, text = CreateToken(owner, "b", expires_at=soon).run(local_actor())
    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())
    assert asked(text) == (401, "token_expired")
    _, text = CreateToken(owner, "c").run(local_actor())
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert asked(text) == (401, "token_revoked")
    event = AuditLog.objects.get(event="registry.revoke_token")
    assert (event.before["state"], event.after["state"]) == ("active", "revoked")


@pytest.mark.parametrize("change", ["secret", "number", "text", "scheme"])
def test_other_texts_are_no_tokens(world: World, change: str) -> None:
    _, text = CreateToken(world.people["county"], "a").run(local_actor())
    head, number, secret = text.split("_", 2)
    other = {
        "secret": f"{head}_{number}_{secret[:-1]}{'a' if secret[-1] != 'a' else 'b'}",
        "number": f"{head}_{int(number) + 1}_{secret}",
        "text": "hello",
        "scheme": "",
    }[change]
    if change == "scheme":
        reply = Client(HTTP_HOST="localhost").get(
            "/api/v1/regions", headers={"Authorization": f"Basic {text}"}
        )
        assert reply.status_code == 401
        return
    assert asked(other) == (401, "token_unknown")


def test_trying_many_is_put_off_and_who_has_one_is_not(world: World, settings: Any) -> None:
    _, text = CreateToken(world.people["county"], "a").run(local_actor())
    for _ in range(settings.LOGIN_TRIES):
        assert asked("fenhe_1_x")[0] == 401
    reply = Caller("fenhe_1_x").get("/regions")
    assert (reply.status_code, reply.json()["error"]["code"]) == (429, "too_many_tries")
    assert int(reply["Retry-After"]) > 0
    assert asked(text) == (200, "")
    assert LogInTry.objects.filter(address="127.0.0.1").count() == 0


def test_who_may_give_tokens(world: World) -> None:
    def actor(role: str) -> Actor:
        return Actor(world.people[role], role, "web")

    token, _ = CreateToken(world.people["county"], "a").run(actor("admin"))
    with pytest.raises(door.Denied):
        CreateToken(world.people["county"], "a").run(actor("county"))
    elsewhere = User.objects.create_user("elsewhere")
    with pytest.raises(door.Denied):
        CreateToken(elsewhere, "a").run(actor("admin"))
    with pytest.raises(door.Denied):
        RevokeToken(token).run(actor("firm"))
    assert RevokeToken(token).run(actor("county")).state == "revoked"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": "a" * 81},
        {"scopes": ()},
        {"scopes": ("write",)},
        {"feed": "none"},
        {"expires_at": timezone.now() - timedelta(days=1)},
    ],
)
def test_a_token_that_can_not_be(world: World, wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        CreateToken(**{"owner": world.people["county"], "name": "a", **wrong}).run(local_actor())


def test_a_session_reads_and_what_it_sees_is_its_own(judged: World, holder: Holder) -> None:
    client = Client(HTTP_HOST="localhost")
    client.force_login(judged.people["county"])
    by_session = Caller(client=client).json("/feeds")
    assert by_session == holder("county").json("/feeds")
    assert Caller(client=client).get("/latest").status_code == 200
