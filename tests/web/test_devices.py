"""The page of a device: counters, what it told, commands with their rights, keys by two people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fenhe.platform.gateway import commands
from fenhe.platform.gateway.models import Command
from fenhe.platform.monitoring.frames import recent
from fenhe.platform.registry.models import DeviceKey, DeviceParameter, Membership
from fenhe.platform.registry.secrets import Secret
from tests.platform.conftest import World
from tests.web.outletworks import MARKUP, MN, Plant, made

PAGE = f"/en/devices/{MN}/"
KEY = "0123456789ABCDEF0123456789ABCDEF"


@pytest.fixture
def plant(judged: World) -> Plant:
    """The works, their device speaking the edition that knows keys."""
    recent.forget()
    found = made(judged, "30")
    found.works.device.edition = 2025
    found.works.device.simulated = True
    found.works.device.save()
    return found


def client_of(world: World, role: str) -> Client:
    client = Client(HTTP_HOST="localhost")
    client.force_login(world.people[role])
    return client


@pytest.fixture
def second(judged: World) -> Client:
    """Another administrator of the first city."""
    person = User.objects.create_user("second", password="a-long-password-2")  # noqa: S106
    Membership.objects.create(user=person, role="admin", region=judged.city)
    client = Client(HTTP_HOST="localhost")
    client.force_login(person)
    return client


def told(plant: Plant, value: str, ago: int) -> None:
    moment = datetime.now(UTC) - timedelta(hours=ago)
    DeviceParameter.objects.create(
        device=plant.works.device, name="RtdInterval", value=value, since=moment,
        arrived_at=moment, cn="3020", raw_sha256="0" * 64, raw_row=ago,
    )  # fmt: skip


def test_a_page_says_how_it_stands_and_what_it_told(plant: Plant, analyst: Client) -> None:
    told(plant, "60", 5)
    told(plant, "30", 1)
    page = analyst.get(PAGE).content.decode()
    assert MN in page
    assert "simulated" in page
    assert "not heard since the start" in page
    assert "No gateway runs in this process." in page
    assert "RtdInterval" in page
    (row,) = analyst.get(f"{PAGE}?table=parameters&format=json").json()["rows"]
    assert (row["value"], row["before"], row["changes"]) == ("30", "60", 1)
    assert row["simulated"] == "模拟 simulated"
    assert "模拟" in analyst.get(f"/devices/{MN}/").content.decode()
    assert analyst.get("/en/devices/nobody/").status_code == 404


def test_secrets_are_masked(plant: Plant, admin: Client) -> None:
    DeviceKey.objects.create(device=plant.works.device, key=Secret(KEY))
    page = admin.get(PAGE).content.decode()
    assert KEY not in page
    assert "123456" not in page
    assert page.count("******") >= 2


def test_who_may_ask_asks_and_follows_the_command_to_its_end(plant: Plant, analyst: Client) -> None:
    answer = analyst.post(f"{PAGE}command/", {"cn": "1011", "reason": "its clock drifts"})
    assert answer.status_code == 302
    command = Command.objects.get()
    assert (command.cn, command.state, command.reason) == ("1011", "approved", "its clock drifts")
    part = analyst.get(PAGE, headers={"HX-Request": "true"}).content.decode()
    assert "waits for the device" in part
    news = {"state": "done", "qn_rtn": "1", "exe_rtn": "1", "result": [["SystemTime", "2026"]]}
    commands.carry_on(command.pk, news, "main")
    part = analyst.get(PAGE, headers={"HX-Request": "true"}).content.decode()
    assert "SystemTime=2026" in part
    assert "ready to execute" in part
    assert "<html" not in part


def test_times_of_the_form_become_those_of_the_wire(plant: Plant, analyst: Client) -> None:
    span = {"f-BeginTime": "2026-11-24T00:00", "f-EndTime": "2026-11-25T12:30"}
    assert analyst.post(f"{PAGE}command/", {"cn": "2061", **span}).status_code == 302
    assert Command.objects.get().fields == [
        ["BeginTime", "20261124000000"],
        ["EndTime", "20261125123000"],
    ]


def test_what_is_wrong_is_said_on_the_page_and_nothing_is_sent(
    plant: Plant, analyst: Client
) -> None:
    backwards = {"f-BeginTime": "2026-11-25T12:00", "f-EndTime": "2026-11-24T12:00"}
    answer = analyst.post(f"{PAGE}command/", {"cn": "2061", **backwards})
    assert answer.status_code == 400
    assert "EndTime is before BeginTime" in answer.content.decode()
    answer = analyst.post(f"{PAGE}command/", {"cn": "2011", "more": "no sign"})
    assert "is not Name=value" in answer.content.decode()
    assert not Command.objects.exists()


def test_changing_needs_the_right_of_its_own(plant: Plant, analyst: Client, admin: Client) -> None:
    assert "Set its clock to ours" not in analyst.get(PAGE).content.decode()
    assert analyst.post(f"{PAGE}command/", {"cn": "1012"}).status_code == 403
    assert not Command.objects.exists()
    assert "Set its clock to ours" in admin.get(PAGE).content.decode()
    assert admin.post(f"{PAGE}command/", {"cn": "1012"}).status_code == 302
    assert admin.post(f"{PAGE}command/", {"cn": "1062", "f-RtdInterval": "60"}).status_code == 302
    assert list(Command.objects.values_list("cn", flat=True)) == ["1062", "1012"]


def test_a_new_key_needs_two_people(plant: Plant, admin: Client, second: Client) -> None:
    assert admin.post(f"{PAGE}key/", {"reason": "yearly"}).status_code == 302
    command = Command.objects.get()
    assert command.state == "asked"
    page = admin.get(PAGE).content.decode()
    assert "somebody else must approve it" in page
    assert f'id="approve-{command.pk}"' not in page
    own = admin.post(f"/en/commands/{command.pk}/approve/")
    assert own.status_code == 400
    assert "somebody else" in own.content.decode()
    assert f'id="approve-{command.pk}"' in second.get(PAGE).content.decode()
    assert second.post(f"/en/commands/{command.pk}/approve/").status_code == 302
    command.refresh_from_db()
    assert (command.state, command.decided_by) == ("approved", "second")
    secret = dict(commands.clear_fields(command))["NewSK"]
    assert secret not in second.get(PAGE).content.decode()


def test_one_not_sent_is_taken_back(plant: Plant, analyst: Client) -> None:
    analyst.post(f"{PAGE}command/", {"cn": "1011"})
    command = Command.objects.get()
    assert analyst.post(f"/en/commands/{command.pk}/withdraw/").status_code == 302
    command.refresh_from_db()
    assert command.state == "withdrawn"
    assert analyst.post(f"/en/commands/{command.pk}/withdraw/").status_code == 400
    assert analyst.post("/en/commands/999/withdraw/").status_code == 404


@pytest.mark.parametrize(("role", "code"), [("county", 200), ("firm", 403)])
def test_who_sees_a_device(plant: Plant, judged: World, role: str, code: int) -> None:
    client = client_of(judged, role)
    assert client.get(PAGE).status_code == code
    assert client.post(f"{PAGE}command/", {"cn": "1011"}).status_code == 403
    assert "Compare its clock" not in client.get(PAGE).content.decode()


def test_a_device_of_another_place_too_is_not_shown(
    plant: Plant, judged: World, analyst: Client
) -> None:
    plant.works.drain.region = judged.other_county
    plant.works.drain.save()
    channel = plant.works.device.channels.first()
    assert channel is not None
    channel.site = plant.works.drain
    channel.save()
    assert analyst.get(PAGE).status_code == 403
    assert MN not in analyst.get("/en/live/").content.decode()


@pytest.mark.parametrize("table", ["commands", "parameters", "channels", "packets"])
def test_every_table_has_its_twins(plant: Plant, analyst: Client, table: str) -> None:
    analyst.post(f"{PAGE}command/", {"cn": "1011"})
    told(plant, "30", 1)
    rows = analyst.get(f"{PAGE}?table={table}&format=json").json()["rows"]
    assert rows
    assert all(row["simulated"] for row in rows)
    assert analyst.get(f"{PAGE}?table={table}&format=xlsx").content.startswith(b"PK")
    assert analyst.get(f"{PAGE}?table=nothing&format=csv").status_code == 400


def test_markup_in_a_number_and_in_an_answer_is_text(plant: Plant, analyst: Client) -> None:
    plant.works.device.mn = MARKUP
    plant.works.device.save()
    told(plant, "<i>30</i>", 1)
    Command.objects.create(
        mn=MARKUP, cn="1011", st="31", state="failed", asked_by="analyst", why="<u>no</u>",
        expires_at=datetime.now(UTC), result=[["<em>a</em>", "b"]],
    )  # fmt: skip
    listed = analyst.get("/en/live/").content.decode()
    assert "<b>MN</b>" not in listed
    assert "&lt;b&gt;MN&lt;/b&gt;" in listed


def test_questions_to_the_database_are_bounded(plant: Plant, analyst: Client) -> None:
    for _ in range(3):
        analyst.post(f"{PAGE}command/", {"cn": "1011"})
    analyst.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        analyst.get(PAGE)
    for hours in range(12):
        analyst.post(f"{PAGE}command/", {"cn": "1011"})
        told(plant, str(hours), hours)
    with CaptureQueriesContext(connection) as many:
        analyst.get(PAGE)
    assert len(many) <= len(few)
    assert len(few) <= 45
