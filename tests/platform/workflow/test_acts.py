"""Acts and the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from fenhe.platform.registry import door
from fenhe.platform.registry.acts import PublishSite
from fenhe.platform.registry.models import Region, Site
from fenhe.platform.workflow import acts
from fenhe.platform.workflow.models import AppendOnly, AuditLog
from fenhe.platform.workflow.signals import act_done
from tests.platform.conftest import World


def test_an_act_checks_does_logs_and_announces(world: World) -> None:
    heard: list[Any] = []

    def listener(**told: Any) -> None:
        heard.append(told)

    act_done.connect(listener)
    actor = acts.Actor(world.people["admin"], "admin", "web", "10.0.0.1")
    PublishSite(world.inside, reason="network list").run(actor)
    act_done.disconnect(listener)
    assert Site.objects.get(pk="in").published
    entry = AuditLog.objects.get()
    assert (entry.event, entry.actor, entry.via, entry.address) == (
        "registry.publish_site",
        "admin",
        "web",
        "10.0.0.1",
    )
    assert (entry.target_kind, entry.target) == ("site", "in")
    assert (entry.before, entry.after) == ({"published": False}, {"published": True})
    assert entry.reason == "network list"
    assert [told["entry"] for told in heard] == [entry]


def test_a_denied_act_changes_and_logs_nothing(world: World) -> None:
    with pytest.raises(door.Denied, match="analyst"):
        PublishSite(world.inside).run(acts.Actor(world.people["analyst"], "analyst", "web"))
    assert not Site.objects.get(pk="in").published
    assert not AuditLog.objects.exists()


@dataclass
class _Fails(acts.Act[None]):
    event = "registry.publish_site"
    site: Site

    def do(self, actor: acts.Actor) -> None:
        Region.objects.create(code="149999", level="county", name_zh="不会留下")
        raise RuntimeError("half way")


def test_an_act_that_fails_half_way_leaves_nothing(world: World) -> None:
    kept = dict(acts.EVENTS)
    with pytest.raises(RuntimeError):
        _Fails(world.inside).run(acts.local_actor())
    acts.EVENTS.update(kept, **{"registry.publish_site": PublishSite})
    assert not Region.objects.filter(code="149999").exists()
    assert not AuditLog.objects.exists()


def test_every_act_has_a_place_in_the_door_table() -> None:
    assert set(acts.EVENTS) <= set(door.ACTS)


def test_the_log_refuses_change_and_deletion(world: World) -> None:
    entry = acts.append("web.login", acts.local_actor())
    entry.reason = "rewritten"
    for attempt in (
        entry.save,
        entry.delete,
        AuditLog.objects.all().delete,
        lambda: AuditLog.objects.update(reason="rewritten"),
    ):
        with pytest.raises(AppendOnly):
            attempt()


@pytest.mark.parametrize(
    "statement", ["UPDATE workflow_auditlog SET reason = 'x'", "DELETE FROM workflow_auditlog"]
)
def test_the_database_itself_refuses(world: World, statement: str) -> None:
    acts.append("web.login", acts.local_actor())
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert AuditLog.objects.get().reason == ""
