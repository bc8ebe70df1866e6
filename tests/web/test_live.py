"""The live board: a real gateway's counts, what is refused, what needs a look first, twins."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fenhe.platform.registry.models import Device, Membership
from tests.platform.conftest import World
from tests.platform.gateway.conftest import Running, listening
from tests.platform.gateway.devices import Devices, Known
from tests.platform.monitoring.frames import wire
from tests.web.outletworks import MARKUP, MN, Plant, made

PAGE = "/en/live/"


@pytest.fixture
def plant(judged: World) -> Plant:
    """The works of a firm in the first city."""
    return made(judged, "30")


@pytest.fixture
def master(judged: World) -> Client:
    """Somebody who sees the whole system."""
    Membership.objects.create(user=judged.people["analyst"], role="analyst")
    client = Client(HTTP_HOST="localhost")
    client.force_login(judged.people["analyst"])
    return client


@pytest.fixture
def gateway(plant: Plant, tmp_path: Path) -> Iterator[Running]:
    """A gateway that knows the device of the works, and listens."""
    devices = Devices()
    devices.add(Known(mn=MN, password="123456"))  # noqa: S106
    with listening(tmp_path, devices) as running:
        running.state()  # this process has it from here on
        yield running


def send(running: Running, *frames: bytes, want: int) -> None:
    """Send frames on one connection and wait until the gateway has settled that many."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as link:
        link.sendall(b"".join(frames))
        until = time.monotonic() + 20
        while time.monotonic() < until:
            told = running.totals()
            if told["accepted"] + told["rejected"] >= want and not told["in_hand"]:
                return
            time.sleep(0.05)
    pytest.fail(f"the gateway did not settle {want} frames: {running.totals()}")


def test_counts_of_a_real_gateway_stand_on_the_board(gateway: Running, master: Client) -> None:
    strange = wire.frame(mn="STRANGER0001", top=())
    send(gateway, wire.frame(), wire.frame(cn="2011"), strange, want=3)
    page = master.get(PAGE).content.decode()
    assert "The gateway listens" in page
    assert "STRANGER0001" in page
    assert "nobody registered it" in page
    (row,) = master.get(f"{PAGE}?format=json").json()["rows"]
    assert (row["mn"], row["frames"], row["accepted"]) == (MN, 2, 2)
    assert row["simulated"] == "模拟 simulated"
    (refused,) = master.get(f"{PAGE}?table=refused&format=json").json()["rows"]
    assert (refused["mn"], refused["reason"], refused["count"]) == (
        "STRANGER0001", "unknown_device", 1,
    )  # fmt: skip
    assert "网关在线" in master.get("/live/").content.decode()


def test_markup_in_the_number_of_a_stranger_is_text(gateway: Running, master: Client) -> None:
    send(gateway, wire.frame(mn="<b>x</b>"), want=1)
    page = master.get(PAGE).content.decode()
    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page


def test_without_a_gateway_it_says_so(plant: Plant, master: Client) -> None:
    Device.objects.create(mn=MARKUP)
    page = master.get(PAGE).content.decode()
    assert "No gateway runs in this process." in page
    assert "not heard since the start" in page
    assert "<b>MN</b>" not in page
    assert "hj212:main" in page  # receipts of what was taken stand all the same
    (row,) = master.get(f"{PAGE}?table=receipts&format=json").json()["rows"]
    assert row["received"] == row["accepted"] + row["duplicate"] + row["rejected"] == 1


def test_the_moving_part_is_asked_for_alone(plant: Plant, master: Client) -> None:
    part = master.get(PAGE, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert MN in part
    page = master.get(PAGE).content.decode()
    assert 'data-live="/en/live/"' in page
    assert "<script>" not in page


def test_who_has_one_place_sees_its_devices_and_no_strangers(
    gateway: Running, analyst: Client, visitor: Client
) -> None:
    send(gateway, wire.frame(mn="STRANGER0001"), want=1)
    page = analyst.get(PAGE).content.decode()
    assert MN in page
    assert "STRANGER0001" not in page
    assert analyst.get(f"{PAGE}?table=refused&format=json").json()["rows"] == []
    assert analyst.get(f"{PAGE}?table=connections&format=json").json()["rows"] == []
    assert visitor.get(PAGE).status_code == 302


def test_a_firm_has_no_board(plant: Plant, judged: World) -> None:
    client = Client(HTTP_HOST="localhost")
    client.force_login(judged.people["firm"])
    assert client.get(PAGE).status_code == 403
    assert "/en/live/" not in client.get("/en/outlets/").content.decode()


@pytest.mark.parametrize("table", ["devices", "refused", "connections", "receipts"])
def test_every_table_has_its_twins(plant: Plant, master: Client, table: str) -> None:
    assert master.get(f"{PAGE}?table={table}&format=csv").status_code == 200
    assert master.get(f"{PAGE}?table={table}&format=xlsx").content.startswith(b"PK")


def test_questions_do_not_grow_with_the_devices(plant: Plant, master: Client) -> None:
    master.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        master.get(PAGE)
    for number in range(10):
        Device.objects.create(mn=f"MORE{number}")
    with CaptureQueriesContext(connection) as many:
        master.get(PAGE)
    assert len(many) <= len(few) <= 30
