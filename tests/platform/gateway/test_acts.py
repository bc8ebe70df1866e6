"""Who may command a device; the second person; what a command's end does to the registry."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from fenhe.base.errors import BadInput
from fenhe.platform.gateway import acts, commands, keys, verbs
from fenhe.platform.gateway.clerk import Clerk
from fenhe.platform.gateway.config import Config, Timing
from fenhe.platform.gateway.exchange import NOW, Order
from fenhe.platform.gateway.models import Command
from fenhe.platform.registry import door
from fenhe.platform.registry.devices import Access
from fenhe.platform.registry.models import Channel, Device, DeviceKey
from fenhe.platform.registry.secrets import Secret
from fenhe.platform.workflow.acts import Actor, local_actor
from fenhe.platform.workflow.models import AuditLog
from tests.platform.conftest import World
from tests.platform.gateway import wire

State = Command.State
TIMING = Timing()
SECRET = "AbC123"  # noqa: S105


@pytest.fixture
def device(world: World) -> Device:
    """A device that serves an outlet in the first city."""
    found = Device.objects.create(mn=wire.MN, password=Secret(wire.PW), edition=2025)
    Channel.objects.create(device=found, site=world.inside, code="a21026", item="a21026")
    return found


def person(world: World, role: str) -> Actor:
    return Actor(world.people[role], role, "web")


@pytest.mark.parametrize(
    ("role", "cn", "may"),
    [
        ("firm", "1011", False),
        ("county", "1011", False),
        ("analyst", "1011", True),
        ("analyst", "1012", False),
        ("analyst", "1014", False),
        ("admin", "1012", True),
        ("admin", "1014", True),
    ],
)
def test_changing_a_device_needs_a_right_of_its_own(
    world: World, device: Device, role: str, cn: str, may: bool
) -> None:
    fields = (("SystemTime", NOW),) if cn == "1012" else ()
    act = acts.act_for(device.mn, cn, fields, "because")
    if may:
        made = act.run(person(world, role))
        assert made.state == (State.ASKED if cn == "1014" else State.APPROVED)
        row = AuditLog.objects.get(event=act.event)
        assert (row.actor, row.target, row.reason) == (role, "in", "because")
        assert row.after["command"] == made.pk
    else:
        with pytest.raises(door.Denied):
            act.run(person(world, role))
        assert not Command.objects.exists()


def test_every_outlet_of_the_device_counts(world: World, device: Device) -> None:
    Channel.objects.create(device=device, site=world.outside, code="x", item="x")
    with pytest.raises(door.Denied, match="site out"):
        acts.act_for(device.mn, "1011", ()).run(person(world, "analyst"))


def test_the_right_to_ask_is_not_the_right_to_change(world: World, device: Device) -> None:
    with pytest.raises(BadInput, match="another act"):
        acts.AskDevice(device.mn, "1012", (("SystemTime", NOW),)).run(person(world, "admin"))
    fields = (("SKCreateTime", "20260301000000"), ("NewSK", "0" * 32))
    with pytest.raises(BadInput, match="another act"):
        acts.ChangeDevice(device.mn, "1014", fields).run(person(world, "admin"))


def test_a_new_key_needs_somebody_else(world: World, device: Device) -> None:
    DeviceKey.objects.create(device=device, key=Secret("00" * 16))
    asker = person(world, "admin")
    made = acts.RotateKey(device.mn, "90 days are over").run(asker)
    assert made.state == State.ASKED
    assert commands.orders("main", TIMING) == []
    with pytest.raises(BadInput, match="somebody else"):
        acts.ApproveCommand(made).run(asker)
    with pytest.raises(BadInput, match="on its way"):
        acts.RotateKey(device.mn).run(asker)
    acts.ApproveCommand(made).run(local_actor())
    (order,) = commands.orders("main", TIMING)
    new = dict(order.fields)["NewSK"]
    access = Access()
    access.refresh()
    found = access.device(device.mn)
    assert found is not None
    assert found.keys == (bytes.fromhex(new), bytes(16))  # both, while it is on its way
    everything = repr(list(AuditLog.objects.values())) + repr(list(Command.objects.values()))
    assert new not in everything
    assert new not in repr(verbs.listed({}, asker, lambda _: None))


@pytest.mark.parametrize(
    ("end", "valid"),
    [(State.DONE, {"new"}), (State.REFUSED, {"old"}), (State.TIMED_OUT, {"old", "new"})],
)
def test_which_keys_are_in_use_afterwards(
    world: World, device: Device, end: str, valid: set[str]
) -> None:
    DeviceKey.objects.create(device=device, key=Secret("00" * 16))
    made = acts.RotateKey(device.mn).run(person(world, "admin"))
    acts.ApproveCommand(made).run(local_actor())
    new = dict(commands.orders("main", TIMING)[0].fields)["NewSK"]
    commands.carry_on(made.pk, {"state": "sent", "qn": "1" * 17, "attempts": 1}, "main")
    ended = commands.carry_on(made.pk, {"state": end}, "main")
    assert ended is not None
    keys.settle(ended)
    names = {new: "new", "00" * 16: "old"}
    kept = DeviceKey.objects.filter(device=device, valid=True)
    assert {names[one.key.reveal()] for one in kept} == valid
    made.refresh_from_db()
    assert made.sealed == ""


def test_a_new_password_is_the_registry_s_once_the_device_has_it(
    world: World, device: Device
) -> None:
    act = acts.act_for(device.mn, "1072", (("NewPW", SECRET),))
    made = act.run(person(world, "admin"))
    assert made.fields == [["NewPW", "******"]]
    assert SECRET not in repr(list(AuditLog.objects.values())) + made.sealed
    assert commands.orders("main", TIMING)[0].fields == (("NewPW", SECRET),)
    ended = commands.carry_on(made.pk, {"state": "done"}, "main")
    assert ended is not None
    keys.settle(ended)
    device.refresh_from_db()
    assert device.password == Secret(SECRET)


def test_time_outs_follow_what_the_device_was_told(world: World, device: Device) -> None:
    fields = (("OverTime", "5"), ("ReCount", "2"))
    first = acts.act_for(device.mn, "1000", fields).run(person(world, "admin"))
    acts.act_for(device.mn, "1011", ()).run(person(world, "admin"))
    assert [one.over_time for one in commands.orders("main", TIMING)] == [10.0, 10.0]
    commands.carry_on(first.pk, {"state": "done"}, "main")
    (order,) = commands.orders("main", TIMING)
    assert (order.over_time, order.resend) == (5.0, 2)


def test_what_was_not_sent_can_be_taken_back(world: World, device: Device) -> None:
    made = acts.act_for(device.mn, "1011", ()).run(person(world, "analyst"))
    acts.Decide(made, "a mistake").run(person(world, "analyst"))
    assert made.state == State.WITHDRAWN
    assert commands.orders("main", TIMING) == []
    other = acts.act_for(device.mn, "1011", ()).run(person(world, "analyst"))
    commands.carry_on(other.pk, {"state": "sent", "qn": "1" * 17}, "main")
    with pytest.raises(BadInput, match="sent"):
        acts.Decide(other).run(person(world, "analyst"))


def test_what_waits_too_long_is_given_up(world: World, device: Device) -> None:
    made = acts.act_for(device.mn, "1011", ()).run(person(world, "analyst"))
    assert commands.expire(timezone.now()) == []
    assert commands.expire(timezone.now() + timedelta(hours=1)) == [made.pk]
    made.refresh_from_db()
    assert (made.state, made.why) == (State.TIMED_OUT, commands.WHY_EXPIRED)


def test_an_unknown_device_and_command_are_refused(world: World, device: Device) -> None:
    with pytest.raises(BadInput, match="no device NOBODY"):
        acts.act_for("NOBODY", "1011", ()).run(local_actor())
    with pytest.raises(BadInput, match="no command 5555"):
        acts.act_for(device.mn, "5555", ()).run(local_actor())
    with pytest.raises(BadInput, match="no command 77"):
        acts.find(77)


class Carrier:
    """Takes orders as the loop does."""

    def __init__(self) -> None:
        self.given: list[int] = []
        self.back: list[int] = []

    def give(self, orders: list[Order]) -> None:
        self.given += [one.number for one in orders]

    def withdraw(self, numbers: list[int]) -> None:
        self.back += numbers


def test_the_clerk_hands_each_command_out_once(world: World, device: Device) -> None:
    clerk, carrier = Clerk(Config()), Carrier()
    clerk.serve(carrier)
    made = acts.act_for(device.mn, "1011", ()).run(person(world, "analyst"))
    clerk.look()
    clerk.look()
    assert carrier.given == [made.pk]
    acts.Decide(made).run(person(world, "analyst"))
    clerk.look()
    assert carrier.back == [made.pk]


def test_a_device_that_asks_for_the_time_gets_it(world: World, device: Device) -> None:
    clerk, carrier = Clerk(Config()), Carrier()
    clerk.serve(carrier)
    for _ in range(3):  # one a minute is enough
        clerk.answer(device.mn, "1013")
    (made,) = Command.objects.all()
    assert (made.cn, made.state, made.asked_by) == ("1012", State.APPROVED, f"device:{device.mn}")
    assert carrier.given == [made.pk]
    assert AuditLog.objects.get(event="gateway.command_change").via == "gateway"


def test_a_device_that_asks_for_a_key_waits_for_a_person(world: World, device: Device) -> None:
    clerk = Clerk(Config())
    for _ in range(2):
        clerk.answer(device.mn, "1014")
    (made,) = Command.objects.all()
    assert made.state == State.ASKED
    acts.ApproveCommand(made).run(person(world, "admin"))
    assert made.state == State.APPROVED


def test_requests_to_a_works_for_water_carry_its_system(world: World, device: Device) -> None:
    from fenhe.platform.registry.models import Outlet

    Outlet.objects.create(site=world.inside, medium="water")
    made = acts.act_for(device.mn, "1011", ()).run(person(world, "analyst"))
    assert made.st == "32"
    told: dict[str, Any] = commands.plain(made)
    assert (told["mn"], told["cn"], told["state"]) == (wire.MN, "1011", "approved")
