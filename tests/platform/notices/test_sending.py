"""What arrives: by mail and by web, in both languages, without secrets, with markup disarmed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fenhe.platform.notices import courier, sending, services, telling
from fenhe.platform.notices.acts import AddRoute, TryRoute
from fenhe.platform.notices.models import Attempt, Notice, Route
from fenhe.platform.notices.wording import Message
from fenhe.platform.workflow.acts import local_actor
from fenhe.platform.workflow.models import AuditLog
from tests.platform.notices.conftest import (
    NOW,
    SECRET,
    MailSink,
    WebSink,
    an_episode,
    mail_route,
    web_route,
)

HOSTILE = "<script>alert(1)</script> http://evil.example/ @all\r\nBcc: x@y\u202eab [a](b) `c` *d*"


def told(route: Route) -> Notice:
    """Tell what is open on a route and send it; return the notice."""
    telling.tell(NOW)
    courier.send_due(Route.objects.get(pk=route.pk), courier.now_utc())
    return Notice.objects.get(route=route)


@pytest.mark.django_db
def test_a_mail_in_chinese_says_what_where_since_when_and_what_to_do(mail_sink: MailSink) -> None:
    one = an_episode()
    notice = told(mail_route(mail_sink, link="https://fenhe.example.org/"))
    (mail,) = mail_sink.mails
    assert notice.state == "sent"
    assert mail.to == ["ops@example.org"]
    assert mail.subject == "【汾河】1 条系统告警：磁盘将满"
    assert "fenhe@example.org" in mail.message["From"]
    assert mail.message.get_content_type() == "text/plain"
    assert f"[新告警 · 警告] #{one.pk} 磁盘将满" in mail.text
    assert "数据目录所在磁盘只剩 1.5 GB（共 50.0 GB）。" in mail.text
    assert "始于 2026-03-02 12:00（北京时间）" in mail.text
    assert "处理：腾出空间" in mail.text
    assert "https://fenhe.example.org/alarms/" in mail.text
    assert mail_sink.logins == ["fenhe"]


@pytest.mark.django_db
def test_a_mail_in_english(mail_sink: MailSink) -> None:
    one = an_episode(severity="critical")
    told(mail_route(mail_sink, language="en"))
    (mail,) = mail_sink.mails
    assert mail.subject == "[Fenhe] 1 system alarm: Disk is nearly full"
    assert f"[NEW · critical] #{one.pk} Disk is nearly full" in mail.text
    assert "The disk of the data folder has 1.5 GB left of 50.0 GB." in mail.text
    assert "What to do: Free some room" in mail.text


@pytest.mark.django_db
def test_a_webhook_gets_text_for_people_and_facts_for_programs(web_sink: WebSink) -> None:
    one = an_episode()
    notice = told(web_route(web_sink, path="/a/b?token=very-secret", language="en"))
    (got,) = web_sink.got
    assert got.path == "/a/b?token=very-secret"
    assert got.body["title"] == "[Fenhe] 1 system alarm: Disk is nearly full"
    assert "1.5 GB left" in got.body["message"]
    assert got.body["notice"] == notice.pk
    assert got.body["alarms"] == [
        {
            "alarm": one.pk,
            "phase": "opened",
            "kind": "disk_low",
            "object": "disk",
            "severity": "warning",
            "opened": "2026-03-02T04:00:00+00:00",
            "closed": None,
        }
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_a_device_calls_itself_is_no_markup_no_link_and_no_line(
    mail_sink: MailSink, web_sink: WebSink, language: str
) -> None:
    facts = {"times": 3, "text": HOSTILE}
    an_episode("device_unknown", HOSTILE, facts=facts)
    an_episode(
        "gateway_trouble", "crc:" + HOSTILE, facts={**facts, "what": "crc", "subject": HOSTILE}
    )
    told(mail_route(mail_sink, language=language))
    told(web_route(web_sink, language=language))
    mail, got = mail_sink.mails[0], web_sink.got[0]
    assert mail.message["Bcc"] is None
    for text in (mail.text, mail.subject, got.body["message"], got.body["title"], str(got.body)):
        for bad in ("<script", "</", "://evil", "@all", "\u202e", "](", "`", "Bcc: x@y"):
            assert bad not in text
        assert "\r\nBcc" not in text
    assert "‹script›alert(1)‹/script›" in mail.text


@pytest.mark.django_db
def test_nothing_secret_is_sent_kept_or_logged(mail_sink: MailSink, web_sink: WebSink) -> None:
    heard: list[str] = []
    ear = logging.Handler(logging.WARNING)  # as the settings log
    ear.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(ear)
    web_sink.status, web_sink.answer = 500, "you said token=very-secret and " + SECRET
    mail_sink.down = True
    an_episode()
    mail = mail_route(mail_sink)
    hook = web_route(web_sink, path="/services/T0PSECRET?token=very-secret&key=" + SECRET)
    try:
        told(mail)
        told(hook)
        web_sink.port = 1  # nobody is there
        told(web_route(web_sink, "none", "/services/T0PSECRET?token=very-secret"))
    finally:
        logging.getLogger().removeHandler(ear)
    assert any("was not sent" in line for line in heard)
    assert Attempt.objects.filter(ok=False).count() == 3
    kept = [*Attempt.objects.values_list("answer", flat=True), *heard]
    kept += [str(row) for row in AuditLog.objects.values_list("before", "after")]
    kept += Route.objects.values_list("last_answer", flat=True)
    for text in kept:
        for secret in (SECRET, "very-secret", "T0PSECRET"):
            assert secret not in text
    answers = "\n".join(Attempt.objects.values_list("answer", flat=True))
    assert "error=500" in answers
    assert "Connection refused" in answers
    assert "451" in answers
    raw = Route.objects.raw("SELECT key, url AS title FROM notices_route")
    for row in raw:
        assert SECRET not in row.title
        assert "very-secret" not in row.title


WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abc-123-SECRET"
DINGTALK = "https://oapi.dingtalk.com/robot/send?access_token=0123456789abcdef"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "service", "path"),
    [
        (WECOM, services.WeCom, "/cgi-bin/webhook/send?key=abc-123-SECRET"),
        (DINGTALK, services.DingTalk, "/robot/send?access_token=0123456789abcdef"),
    ],
)
def test_robots_are_told_in_their_form_and_believed_by_what_they_say(
    web_sink: WebSink, monkeypatch: pytest.MonkeyPatch, address: str, service: Any, path: str
) -> None:
    where = urlsplit(service.notify_url)
    there = service.notify_url.replace(f"{where.scheme}://{where.netloc}", web_sink.url)
    monkeypatch.setattr(service, "notify_url", there)
    route = AddRoute("robot", address, {"group_s": 0}).run(local_actor())
    an_episode()
    web_sink.answer = '{"errcode": 310000, "errmsg": "keywords not in content"}'
    notice = told(route)
    assert notice.state == "waiting"  # 200, and yet refused
    assert "310000" in notice.tries.get().answer
    web_sink.answer = '{"errcode": 0, "errmsg": "ok"}'
    assert courier.deliver(notice)
    got = web_sink.got[-1]
    assert got.path == path
    assert got.body["msgtype"] == "text"
    content = got.body["text"]["content"]
    assert content.splitlines()[0] == "【汾河】1 条系统告警：磁盘将满"
    assert "1.5 GB" in content
    assert not got.body.get("at", {}).get("isAtAll")


@pytest.mark.django_db
def test_dingtalk_is_signed_where_it_has_a_secret(
    web_sink: WebSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        services.DingTalk, "notify_url", web_sink.url + "/robot/send?access_token={token}"
    )
    web_sink.answer = '{"errcode": 0}'
    route = AddRoute("robot", "dingtalk://SECabc123@0123456789abcdef/", {}).run(local_actor())
    (notice,) = TryRoute(route).run(local_actor())
    assert notice.state == "sent"
    query = parse_qs(urlsplit(web_sink.got[0].path).query)
    stamp = query["timestamp"][0]
    digest = hmac.new(b"SECabc123", f"{stamp}\nSECabc123".encode(), hashlib.sha256).digest()
    assert query["sign"] == [base64.b64encode(digest).decode()]
    assert query["access_token"] == ["0123456789abcdef"]


@pytest.mark.django_db
def test_a_redirect_is_not_followed(web_sink: WebSink) -> None:
    web_sink.status, web_sink.location = 307, web_sink.url + "/elsewhere"
    an_episode()
    notice = told(web_route(web_sink))
    assert notice.state == "waiting"
    assert [got.path for got in web_sink.got] == ["/hook"]


@pytest.mark.django_db
def test_a_refused_addressee_is_told_and_the_other_gets_the_mail(mail_sink: MailSink) -> None:
    mail_sink.refused = {"gone@example.org"}
    route = mail_route(mail_sink, to=["gone@example.org", "ops@example.org"])
    found = {one.recipient: one for one in TryRoute(route).run(local_actor())}
    assert found["gone@example.org"].state == "given_up"
    assert "550" in found["gone@example.org"].tries.get().answer
    assert found["ops@example.org"].state == "sent"
    assert [mail.to for mail in mail_sink.mails] == [["ops@example.org"]]
    assert "通知路由测试" in mail_sink.mails[0].subject


@pytest.mark.django_db
def test_a_wrong_password_is_an_answer(mail_sink: MailSink) -> None:
    address = f"mailto://fenhe:not-the-one@127.0.0.1:{mail_sink.port}?from=a@example.org"
    route = AddRoute("ops", address, {"to": ["ops@example.org"]}).run(local_actor())
    (notice,) = TryRoute(route).run(local_actor())
    answer = notice.tries.get().answer
    assert notice.state == "given_up"
    assert "535" in answer
    assert "not-the-one" not in answer


def test_whatever_breaks_is_an_answer() -> None:
    answer = sending.send("mail", "jsons://nobody", "a@b", Message("t", "b"))
    assert not answer.ok
    assert answer.text
