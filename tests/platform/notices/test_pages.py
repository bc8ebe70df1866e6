"""The pages of alarms: who sees what, acknowledging, routes without secrets, limits, twins."""

from __future__ import annotations

import io
import json
from typing import Any

import openpyxl
import pytest
from django.test import Client

from fenhe.platform.notices import courier, telling
from fenhe.platform.notices.models import Episode, Happening, Route, Threshold
from fenhe.platform.registry.models import Membership
from fenhe.platform.workflow.models import AuditLog
from tests.platform.conftest import World
from tests.platform.notices.conftest import NOW, SECRET, MailSink, WebSink, an_episode, mail_route
from tests.web.test_frame import looked_at

HOSTILE = "<script>alert('mn')</script>"
LISTS = ("/alarms/", "/alarms/routes/", "/alarms/limits/")


@pytest.fixture
def master(store: Any, world: World) -> Client:
    """An administrator of the whole system."""
    Membership.objects.create(user=world.people["admin"], role="admin")
    return logged_in(world, "admin")


def logged_in(world: World, name: str) -> Client:
    client = Client(HTTP_HOST="localhost")
    if name != "public":
        client.force_login(world.people[name])
    return client


def text(client: Client, path: str, status: int = 200) -> str:
    reply = client.get(path)
    assert reply.status_code == status, reply.content.decode()[:500]
    return reply.content.decode()


def test_without_alarms_it_says_so_in_both_languages(master: Client) -> None:
    assert "系统自身没有未结束的告警。" in text(master, "/alarms/")
    page = text(master, "/en/alarms/")
    assert "No alarm about the system stands." in page
    assert 'class="badge"' not in page


def test_the_list_the_badge_and_one_alarm_with_its_history(master: Client) -> None:
    one = an_episode(severity="critical")
    an_episode("device_unknown", HOSTILE, facts={"times": 3, "text": HOSTILE})
    Happening.objects.create(episode=one, what="opened", at=NOW, last_at=NOW, facts=one.facts)
    page = text(master, "/en/alarms/")
    assert "2 alarms about the system stand, 1 of them critical." in page
    assert "The disk of the data folder has 1.5 GB left of 50.0 GB." in page
    assert 'class="badge">2<' in page
    assert page.index("Disk is nearly full</a>") < page.index("Unknown device</a>")
    assert "<script>alert" not in page
    page = text(master, f"/alarms/{one.pk}/")
    assert "磁盘将满" in page
    assert "腾出空间，或把数据目录移到更大的磁盘。" in page
    assert "2026-03-02 12:00" in page
    assert 'class="badge">2<' in text(master, "/")
    shown = text(master, f"/en/alarms/{Episode.objects.get(kind='device_unknown').pk}/")
    assert "<script>alert" not in shown
    assert "&lt;script&gt;" in shown  # as it came, escaped


def test_filters_and_twins_say_the_same(master: Client) -> None:
    an_episode()
    an_episode("feed_late", "=cmd()", facts={"lag_s": 7300.0, "allowed_s": 7200.0}, closed_at=NOW)
    rows = json.loads(text(master, "/en/alarms/?format=json"))["rows"]
    assert [(row["kind"], row["state"]) for row in rows] == [
        ("disk_low", "open"),
        ("feed_late", "closed"),
    ]
    closed = json.loads(text(master, "/en/alarms/?state=closed&format=json"))["rows"]
    assert [row["object"] for row in closed] == ["=cmd()"]
    csv = text(master, "/en/alarms/?format=csv")
    assert csv.splitlines()[0].startswith("\ufeffalarm,topic,kind")
    assert ",=cmd()" not in csv
    book = openpyxl.load_workbook(
        io.BytesIO(master.get("/en/alarms/?state=standing&format=xlsx").content)
    )
    sheet = list(book.active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert sheet[1][3] == "Disk is nearly full"
    assert text(master, "/alarms/?state=&kind=nothing").count("没有符合条件的告警")
    for path in LISTS:
        for form in ("json", "csv", "xlsx"):
            assert master.get(f"{path}?format={form}").status_code == 200


def test_acknowledging_is_an_act_with_a_name_and_a_note(master: Client) -> None:
    one = an_episode()
    reply = master.post(f"/en/alarms/{one.pk}/acknowledge/", {"note": "disk ordered"}, follow=True)
    page = reply.content.decode()
    assert "is acknowledged; its reminders end" in page
    assert "disk ordered" in page
    one.refresh_from_db()
    assert (one.state, one.acknowledged_by) == ("acknowledged", "admin")
    row = AuditLog.objects.get(event="notices.acknowledge")
    assert (row.actor, row.reason, row.before["state"]) == ("admin", "disk ordered", "open")
    again = master.post(f"/en/alarms/{one.pk}/acknowledge/", {"note": "me too"})
    assert again.status_code == 400
    assert "is acknowledged already" in again.content.decode()
    assert master.get(f"/alarms/{one.pk}/acknowledge/").status_code == 405


@pytest.mark.parametrize(
    ("name", "sees", "acknowledges"),
    [
        ("public", None, False),
        ("firm", None, False),
        ("county", {"MN-in"}, False),
        ("analyst", {"MN-in"}, True),
        ("admin", {"MN-in"}, True),
    ],
)
def test_everybody_sees_the_alarms_of_the_own_place(
    store: Any, world: World, name: str, sees: set[str] | None, acknowledges: bool
) -> None:
    inside = an_episode("device_silent", "MN-in", region=world.county)
    outside = an_episode("device_silent", "MN-out", region=world.other_county)
    whole = an_episode()
    client = logged_in(world, name)
    reply = client.get("/en/alarms/?format=json")
    if sees is None:
        assert reply.status_code in {302, 403}
        assert "alarms" not in client.get("/en/").content.decode()
        return
    assert {row["object"] for row in reply.json()["rows"]} == sees
    assert 'class="badge">1<' in text(client, "/en/")
    for hidden in (outside, whole):
        assert client.get(f"/en/alarms/{hidden.pk}/").status_code == 404
        assert client.post(f"/en/alarms/{hidden.pk}/acknowledge/").status_code in {403, 404}
    assert client.post(f"/en/alarms/{inside.pk}/acknowledge/").status_code == (
        302 if acknowledges else 403
    )
    for path in LISTS[1:]:  # of the whole system: not for an administrator of a city
        assert client.get("/en" + path).status_code == 403
    assert client.post("/en/alarms/limits/set/", {"limit": "common.hold_s"}).status_code == 403
    assert client.post("/en/alarms/routes/add/", {"key": "x"}).status_code == 403


def test_a_route_is_added_tested_changed_paused_and_taken_away(
    master: Client, mail_sink: MailSink
) -> None:
    address = f"mailto://fenhe:{SECRET}@127.0.0.1:{mail_sink.port}?from=fenhe@example.org"
    form = {"key": "ops", "address": address, "to": "a@example.org, b@example.org",
            "language": "en", "reminders": "4，24", "quiet_from": "22:00", "quiet_to": "07:00",
            "wakes": "1", "group_s": "0", "topic": "system", "least": "warning"}  # fmt: skip
    page = master.post("/en/alarms/routes/add/", form, follow=True).content.decode()
    assert "Route ops is added; send a test now." in page
    route = Route.objects.get()
    assert (route.to, route.reminders, route.quiet_from) == (
        ["a@example.org", "b@example.org"], [4.0, 24.0], "22:00",
    )  # fmt: skip
    page = master.post("/en/alarms/route/ops/test/", follow=True).content.decode()
    assert "a@example.org: sent." in page
    assert [mail.to for mail in mail_sink.mails] == [["a@example.org"], ["b@example.org"]]
    page = master.post("/en/alarms/route/ops/change/", {**form, "address": "", "language": "zh"},
                       follow=True).content.decode()  # fmt: skip
    assert "Route ops is changed." in page
    assert Route.objects.get().language == "zh"
    master.post("/en/alarms/route/ops/change/", {"act": "pause"})
    assert not Route.objects.get().active
    master.post("/en/alarms/route/ops/change/", {"act": "resume"})
    assert Route.objects.get().active
    page = master.post("/en/alarms/route/ops/change/", {"act": "remove"}, follow=True)
    assert "taken away" in page.content.decode()
    assert not Route.objects.get().url
    for path in ("/alarms/routes/", "/alarms/route/ops/", "/audit/"):
        assert SECRET not in text(master, path)


def test_a_wrong_form_is_said_back_without_its_address(master: Client) -> None:
    form = {"key": "ops", "address": f"mailto://fenhe:{SECRET}@h?from=a@b.c", "to": ""}
    reply = master.post("/en/alarms/routes/add/", form)
    page = reply.content.decode()
    assert reply.status_code == 400
    assert "mail needs addressees" in page
    assert 'value="ops"' in page
    assert SECRET not in page
    bad = master.post("/en/alarms/routes/add/", {**form, "reminders": "soon", "to": "a@b.c"})
    assert "reminders are hours such as 4, 24" in bad.content.decode()


def test_a_failing_route_shows_what_was_answered(master: Client, web_sink: WebSink) -> None:
    form = {"key": "hook", "address": web_sink.url + "/T0K3N", "group_s": "0"}
    master.post("/en/alarms/routes/add/", form)
    web_sink.status = 500
    an_episode()
    telling.tell(NOW)
    courier.send_due(Route.objects.get(), courier.now_utc())
    page = text(master, "/en/alarms/route/hook/")
    assert "failed 1 time in a row" in page
    assert "error=500" in page
    assert "T0K3N" not in page
    assert "error=500" in text(master, f"/en/alarms/{Episode.objects.get().pk}/")
    rows = json.loads(text(master, "/en/alarms/route/hook/?format=json"))["rows"]
    assert [(row["state"], row["attempts"], row["about"]) for row in rows] == [
        ("waiting", 1, "opened")
    ]
    page = master.post("/en/alarms/route/hook/test/", follow=True).content.decode()
    assert "not sent" in page


def test_a_limit_is_set_with_a_reason_and_taken_back(master: Client) -> None:
    page = text(master, "/alarms/limits/")
    assert "两 GiB：体检" in page
    form = {"limit": "disk_low.low_bytes", "value": "5e9", "reason": "small disk"}
    page = master.post("/en/alarms/limits/set/", form, follow=True).content.decode()
    assert "5.0 GB" in page
    assert "small disk" in page
    for wrong in ({**form, "reason": ""}, {**form, "value": "much"}, {**form, "value": "1"},
                  {"limit": "no.such"}):  # fmt: skip
        assert master.post("/en/alarms/limits/set/", wrong).status_code == 400
    assert Threshold.objects.get().value == 5e9
    master.post("/en/alarms/limits/set/", {"limit": "disk_low.low_bytes", "act": "reset"})
    assert not Threshold.objects.exists()


def test_the_list_costs_a_bounded_number_of_questions(
    master: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        an_episode("feed_late", f"feed{number}", facts={"lag_s": 1.0, "allowed_s": 1.0})
    with django_assert_max_num_queries(16):
        text(master, "/alarms/")


def test_old_and_strange_addresses(master: Client, mail_sink: MailSink) -> None:
    mail_route(mail_sink)
    for path in ("/alarms/999/", "/alarms/route/none/"):
        assert master.get(path).status_code == 404
    assert master.get("/alarms/?start=99999999999999&state=odd&topic=odd").status_code == 200
    for page in ("/alarms/", "/alarms/routes/", "/alarms/route/ops/", "/alarms/limits/"):
        for language in ("", "/en"):
            looked = looked_at(text(master, language + page))
            assert looked.found == []  # nothing inline, nothing from elsewhere
            assert len(looked.ids) == len(set(looked.ids))
