"""Addresses as people write them: what they mean, what is refused, what is never shown."""

from __future__ import annotations

from typing import Any

import pytest

from fenhe.base.errors import BadInput
from fenhe.platform.notices import queries, routes
from fenhe.platform.notices.acts import AddRoute, ChangeRoute, RemoveRoute, SetLimit, TryRoute
from fenhe.platform.notices.models import Attempt, Notice, Route, Threshold
from fenhe.platform.notices.tuning import load as tuning_load
from fenhe.platform.registry.door import Denied
from fenhe.platform.registry.models import Membership
from fenhe.platform.registry.secrets import MASK
from fenhe.platform.workflow.acts import Actor, local_actor
from fenhe.platform.workflow.models import AuditLog
from tests.platform.conftest import World
from tests.platform.notices.conftest import MailSink, mail_route

MAIL = "mailtos://fenhe:p%40ss-word@smtp.example.org:465?from=fenhe@example.org&mode=ssl"


@pytest.mark.parametrize(
    ("text", "kind", "url"),
    [
        (MAIL, "mail", "mailtos://fenhe:p%40ss-word@smtp.example.org:465/?from=fenhe@example.org&mode=ssl"),
        ("mailto://h?from=a@b&to=x@y,z@y", "mail", "mailto://h/?from=a@b"),
        ("https://h:8443/a/b?token=t%20t", "webhook", "jsons://h:8443/a/b?-token=t%20t"),
        ("http://h", "webhook", "json://h/"),
        ("jsons://h/x", "webhook", "jsons://h/x"),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=K-1", "wecom", "wecombot://K-1/"),
        ("https://oapi.dingtalk.com/robot/send?access_token=T1", "dingtalk", "dingtalk://T1/"),
        ("dingtalk://SEC1@T1/", "dingtalk", "dingtalk://SEC1@T1/"),
        ("https://open.feishu.cn/open-apis/bot/v2/hook/F-1", "feishu", "feishu://F-1/"),
    ],
)  # fmt: skip
def test_an_address_is_read(text: str, kind: str, url: str) -> None:
    found = routes.read(f" {text}\n")
    assert (found.kind, found.url) == (kind, url)


@pytest.mark.parametrize(
    "text",
    [
        "", "smtp.example.org", "file:///etc/passwd", "windows://", "dbus://", "syslog://host",
        "gnome://", "mailto://host", "mailto://host?from=a@b&cc=c@d", "mailto://host/x@y?from=a@b",
        "https://", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send", "http://[::1",
        "https://oapi.dingtalk.com/robot/send?access_token=a%20b", "mailto://h:port?from=a@b",
    ],
)  # fmt: skip
def test_an_address_that_leads_elsewhere_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        routes.read(text)
    assert not text or text not in str(refused.value)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "shown", "secret"),
    [
        (MAIL, f"mailtos://{MASK}@smtp.example.org:465", "p@ss-word"),
        ("https://h.example:8443/T0K3N/x?k=v3ry", f"jsons://h.example:8443/{MASK}", "T0K3N"),
        ("https://u:pw-long@h.example/", f"jsons://{MASK}@h.example", "pw-long"),
        ("dingtalk://SECRETabc@TOKENxyz/", f"dingtalk://{MASK}", "TOKENxyz"),
        ("wecombot://KEY-abcdef/", f"wecombot://{MASK}", "KEY-abcdef"),
    ],
)
def test_what_is_shown_holds_no_secret(text: str, shown: str, secret: str) -> None:
    to = {"to": ["a@b.c"]} if text == MAIL else {}
    route = AddRoute("r", text, to).run(local_actor())
    assert routes.shown(route) == shown
    url = route.url.reveal() if route.url else ""
    for answer in (f"posting to {url} failed", f"bad {secret}", repr(vars(route))):
        assert secret not in routes.masked(answer, url)
    plain = str(queries.routes()) + str(AuditLog.objects.values_list("before", "after"))
    assert secret not in plain
    assert secret not in str(vars(Route.objects.get()))


def test_a_secret_is_masked_however_it_is_written() -> None:
    url = routes.read(MAIL).url
    for text in ("login p%40ss-word failed", "login p@ss-word failed", url):
        assert "ss-word" not in routes.masked(text, url)


GOOD = "mailto://h.example?from=a@b.c"
HOOK = "https://h.example/x"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "told", "says"),
    [
        (GOOD, {}, "mail needs addressees"),
        (GOOD, {"to": ["no address"]}, "is no address of mail"),
        (GOOD, {"to": ["a@b\r\nBcc: x@y"]}, "is no address of mail"),
        (GOOD, {"role": "king"}, "no role"),
        (HOOK, {"to": ["a@b.c"]}, "addressees are for mail"),
        (HOOK, {"region": "999"}, "no region 999"),
        (HOOK, {"quiet_from": "25:00", "quiet_to": "07:00"}, "no time of day"),
        (HOOK, {"quiet_from": "22:00"}, "a beginning and an end"),
        (HOOK, {"reminders": [0]}, "reminders are hours"),
        (HOOK, {"reminders": list(range(1, 30))}, "reminders are hours"),
        (HOOK, {"language": "fr"}, "language"),
        (HOOK, {"least": "mild"}, "least"),
        (HOOK, {"link": "nowhere"}, "link"),
        (HOOK, {"failures": 0}, "failures can not be set"),
        ("dingtalk://", {}, "begins with one of"),
    ],
)
def test_a_route_that_can_not_work_is_refused(
    address: str, told: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        AddRoute("r", address, told).run(local_actor())
    assert not Route.objects.exists()


@pytest.mark.django_db
def test_a_bad_key_a_bad_topic_and_a_second_route_of_one_key_are_refused() -> None:
    AddRoute("r", HOOK, {}).run(local_actor())
    for key, told in (("r", {}), ("no key", {}), ("s", {"topic": "all"})):
        with pytest.raises(BadInput):
            AddRoute(key, HOOK, told).run(local_actor())
    assert Route.objects.count() == 1


@pytest.mark.django_db
def test_changing_a_route_keeps_what_is_not_given_and_its_kind() -> None:
    route = AddRoute("r", HOOK, {"language": "en"}).run(local_actor())
    ChangeRoute(route, {"group_s": 5}).run(local_actor())
    route.refresh_from_db()
    assert (route.group_s, route.language) == (5, "en")
    with pytest.raises(BadInput, match="make a new one for mail"):
        ChangeRoute(route, {"url": GOOD, "to": ["a@b.c"]}).run(local_actor())
    ChangeRoute(Route.objects.get(), {"url": "https://other.example/y"}).run(local_actor())
    assert routes.shown(Route.objects.get()) == f"jsons://other.example/{MASK}"


@pytest.mark.django_db
def test_a_route_that_sent_is_ended_and_its_record_kept(mail_sink: MailSink) -> None:
    route = mail_route(mail_sink)
    TryRoute(route).run(local_actor())
    assert RemoveRoute(route).run(local_actor()) == "ended"
    kept = Route.objects.get()
    assert (kept.active, bool(kept.url)) == (False, False)
    assert Attempt.objects.count() == 1
    with pytest.raises(BadInput, match="leads to nobody"):
        TryRoute(kept).run(local_actor())
    other = AddRoute("s", HOOK, {}).run(local_actor())
    assert RemoveRoute(other).run(local_actor()) == "removed"
    assert Notice.objects.count() == 1


@pytest.mark.django_db
def test_a_limit_is_set_with_a_reason_within_its_span_and_taken_back() -> None:
    key = "disk_low.low_bytes"
    for value, why in ((5e9, ""), (1.0, "too small"), (float("inf"), "x"), (float("nan"), "x")):
        with pytest.raises(BadInput):
            SetLimit(key, value, why).run(local_actor())
    assert not Threshold.objects.exists()
    SetLimit(key, 5e9, "a small disk").run(local_actor())
    assert tuning_load()("disk_low", "low_bytes") == 5e9
    told = {one["limit"]: one for one in queries.limits()}[key]
    assert (told["reason_zh"], told["own"], told["default"]) == ("a small disk", True, 2 << 30)
    row = AuditLog.objects.get(event="notices.configure")
    assert (row.before["value"], row.after["value"], row.reason) == (2 << 30, 5e9, "a small disk")
    SetLimit(key, None).run(local_actor())
    assert tuning_load()("disk_low", "low_bytes") == 2 << 30


@pytest.mark.django_db
def test_only_an_administrator_of_the_whole_system_configures(world: World) -> None:
    def acting(name: str) -> Actor:
        return Actor(world.people[name], name, "web")

    for name in ("public", "firm", "county", "analyst", "admin"):  # this one, of a city
        with pytest.raises(Denied):
            SetLimit("common.hold_s", 60, "x").run(acting(name))
        with pytest.raises(Denied):
            AddRoute("r", HOOK, {}).run(acting(name))
    Membership.objects.create(user=world.people["admin"], role="admin")
    del world.people["admin"]._fenhe_memberships
    assert SetLimit("common.hold_s", 60, "x").run(acting("admin")) == 60
