"""Sending: retried with pauses that grow, given up in the end, taken up after a death."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import pairwise

import pytest

from fenhe.platform.notices import courier, reading, telling
from fenhe.platform.notices.courier import Courier
from fenhe.platform.notices.episodes import settle
from fenhe.platform.notices.models import Attempt, Episode, Notice, Route
from fenhe.platform.notices.reading import Context
from fenhe.platform.notices.tuning import Tuning
from fenhe.store import Store
from tests.platform.notices.conftest import (
    NOW,
    MailSink,
    WebSink,
    an_episode,
    bare_route,
    mail_route,
    until,
    web_route,
)


@pytest.mark.django_db
def test_a_notice_is_retried_with_growing_pauses_and_every_answer_is_kept(
    web_sink: WebSink,
) -> None:
    route, rests = web_route(web_sink), []
    an_episode()
    telling.tell(NOW)  # long ago: what nobody could try yet is not old
    web_sink.status = 503
    now = courier.now_utc()
    for _ in range(5):
        (route,) = courier.due(now)
        assert courier.send_due(route, now) == 0
        route.refresh_from_db()
        assert route.next_try is not None
        assert courier.due(courier.now_utc()) == []  # it rests
        rests.append((route.next_try - courier.now_utc()).total_seconds())
        now = route.next_try
    assert all(after > before for before, after in pairwise(rests))
    assert rests[0] <= 30
    assert 250 <= rests[4] <= 480
    web_sink.status = 200
    courier.send_due(courier.due(now)[0], now)
    notice = Notice.objects.get()
    assert (notice.state, notice.attempts) == ("sent", 6)
    answers = list(Attempt.objects.values_list("ok", "answer"))
    assert [ok for ok, _ in answers] == [False] * 5 + [True]
    assert all("error=503" in answer for ok, answer in answers if not ok)
    route.refresh_from_db()
    assert (route.failures, route.next_try) == (0, None)
    assert len(web_sink.got) == 6


@pytest.mark.django_db
def test_what_could_not_be_sent_for_days_is_given_up_and_kept(web_sink: WebSink) -> None:
    route = web_route(web_sink)
    an_episode()
    telling.tell(courier.now_utc())
    web_sink.status = 500
    courier.send_due(route, courier.now_utc() + timedelta(seconds=1))
    later = courier.now_utc() + timedelta(days=3)
    assert courier.give_up_old(route, later - timedelta(minutes=5)) == 0
    courier.send_due(route, later)
    notice = Notice.objects.get()
    assert notice.state == "given_up"
    assert notice.tries.count() == 1
    assert len(web_sink.got) == 1


@pytest.mark.django_db
def test_a_notice_that_was_never_tried_is_not_given_up_however_old(web_sink: WebSink) -> None:
    route = web_route(web_sink)
    an_episode()
    telling.tell(NOW)  # long ago: nothing ran since
    assert courier.send_due(route, courier.now_utc()) == 1


@pytest.mark.django_db
def test_what_a_death_left_half_sent_is_sent_again_and_the_try_is_on_record(
    web_sink: WebSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise SystemExit(9)  # nothing after this is done, as by kill -9

    route = web_route(web_sink)
    an_episode()
    telling.tell(NOW)
    with monkeypatch.context() as patched:
        patched.setattr(courier, "_note", killed)
        with pytest.raises(SystemExit):
            courier.send_due(route, courier.now_utc())
    assert len(web_sink.got) == 1  # it went, and nobody knows
    assert courier.due(courier.now_utc()) == []
    an_episode("feed_late", "a")
    telling.tell(NOW)
    assert Notice.objects.count() == 2  # what may have gone is not added to
    assert courier.put_back(["hook"]) == 0  # while it is being sent indeed
    assert courier.put_back() == 1
    assert courier.send_due(route, courier.now_utc()) == 2
    first = Notice.objects.order_by("pk")[0]
    assert first.tries.values_list("answer", flat=True)[0] == courier.CUT_SHORT
    assert (first.attempts, first.state) == (2, "sent")


@pytest.mark.django_db
def test_opening_and_end_before_it_was_sent_are_one_line_with_both_times(
    mail_sink: MailSink,
) -> None:
    route = mail_route(mail_sink, quiet_from="00:00", quiet_to="23:59", language="en")
    one = an_episode()
    telling.tell(NOW)
    Episode.objects.filter(pk=one.pk).update(closed_at=NOW + timedelta(hours=2))
    telling.tell(NOW + timedelta(hours=3))
    notice = Notice.objects.get()
    assert notice.lines.count() == 2
    courier.send_due(route, courier.now_utc())
    (mail,) = mail_sink.mails
    assert mail.text.count(f"#{one.pk}") == 1
    assert "[ENDED · warning]" in mail.text
    assert "2026-03-02 12:00 – 2026-03-02 14:00 (Beijing)" in mail.text


@pytest.mark.django_db
def test_a_route_that_fails_is_an_alarm_of_its_own_told_by_the_others(
    store: Store, web_sink: WebSink, mail_sink: MailSink
) -> None:
    broken = web_route(web_sink, "broken")
    mail_route(mail_sink, "ops", language="en")
    web_sink.status = 404
    an_episode()
    telling.tell(NOW)
    now = courier.now_utc()
    for _ in range(3):
        courier.send_due(broken, now)
    found = reading.routes(Context(store))
    settle(found, {"route_failing"}, courier.now_utc(), Tuning())
    alarm = Episode.objects.get(kind="route_failing")
    assert alarm.object == "broken"
    assert "404" in alarm.facts["error"]
    telling.tell(courier.now_utc())
    for route in Route.objects.filter(pk="ops"):
        courier.send_due(route, courier.now_utc() + timedelta(seconds=1))
    assert "A route of notices fails" in "\n".join(mail.text for mail in mail_sink.mails)
    assert not alarm.told.filter(route=broken).exists()
    web_sink.status = 200
    courier.send_due(broken, now)
    settle(reading.routes(Context(store)), {"route_failing"}, courier.now_utc(), Tuning())
    alarm.refresh_from_db()
    assert alarm.gone_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_route_that_hangs_holds_up_no_other(web_sink: WebSink, mail_sink: MailSink) -> None:
    web_sink.wait = threading.Event()
    bare_route("hangs", "webhook", f"json://127.0.0.1:{web_sink.port}/")
    mail = f"mailto://127.0.0.1:{mail_sink.port}/?from=a@example.org"
    bare_route("works", "mail", mail, to=["b@example.org"])
    an_episode()
    telling.tell(courier.now_utc())
    runner = Courier()
    runner.start()
    try:
        assert until(lambda: bool(web_sink.got) and bool(mail_sink.mails))
        assert until(lambda: Notice.objects.get(route="works").state == "sent")
        assert until(lambda: Notice.objects.get(route="hangs").state == "sending")
        web_sink.wait.set()
        assert until(lambda: Notice.objects.get(route="hangs").state == "sent")
    finally:
        web_sink.wait.set()
        runner.stop()
    assert not runner.is_alive()
