"""Who is told what and when: once at the opening, reminders, once at the end; quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fenhe.platform.notices import telling
from fenhe.platform.notices.acts import Acknowledge, AddRoute, ChangeRoute
from fenhe.platform.notices.episodes import settle
from fenhe.platform.notices.findings import Finding
from fenhe.platform.notices.models import Episode, Line, Notice, Route, Told
from fenhe.platform.notices.tuning import Tuning
from fenhe.platform.registry.models import Membership
from fenhe.platform.workflow.acts import local_actor
from tests.platform.conftest import World
from tests.platform.notices.conftest import NOW, an_episode

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.django_db


def hook(key: str = "hook", **told: Any) -> Route:
    return AddRoute(key, "https://example.org/hook", told).run(local_actor())


def lines(route: Route | None = None) -> list[tuple[str, int]]:
    found = Line.objects.order_by("pk")
    if route is not None:
        found = found.filter(notice__route=route)
    return list(found.values_list("phase", "number"))


def close(one: Episode, at: datetime) -> None:
    Episode.objects.filter(pk=one.pk).update(closed_at=at)


def test_an_alarm_is_told_once_at_its_beginning_and_once_at_its_end() -> None:
    hook()
    one = an_episode()
    for minute in range(30):
        telling.tell(NOW + timedelta(minutes=minute))
    assert lines() == [("opened", 0)]
    close(one, NOW + HOUR)
    for minute in range(60, 90):
        telling.tell(NOW + timedelta(minutes=minute))
    assert lines() == [("opened", 0), ("closed", 0)]


def test_an_alarm_that_ended_before_the_route_came_is_not_told() -> None:
    one = an_episode()
    close(one, NOW)
    hook()
    assert telling.tell(NOW + HOUR) == 0


def test_a_new_route_is_told_of_what_stands() -> None:
    an_episode()
    hook()
    assert telling.tell(NOW + 5 * HOUR) == 1


def test_reminders_go_by_the_schedule_then_daily_until_somebody_sees_to_it() -> None:
    hook(reminders=[1, 4])
    one = an_episode()
    told = []
    for hour in range(80):
        telling.tell(NOW + hour * HOUR)
        told.append(Line.objects.filter(phase="reminder").count())
    assert [hour for hour in range(1, 80) if told[hour] > told[hour - 1]] == [1, 4, 28, 52, 76]
    Acknowledge(one).run(local_actor())
    telling.tell(NOW + 200 * HOUR)
    assert Line.objects.filter(phase="reminder").count() == 5
    close(one, NOW + 201 * HOUR)
    telling.tell(NOW + 202 * HOUR)
    assert lines()[-1] == ("closed", 0)


def test_reminders_missed_while_nothing_ran_are_one() -> None:
    hook(reminders=[1])
    an_episode()
    telling.tell(NOW)
    telling.tell(NOW + 24 * 10 * HOUR)
    telling.tell(NOW + 24 * 10 * HOUR + timedelta(seconds=5))
    assert lines() == [("opened", 0), ("reminder", 1)]


def test_an_alarm_that_becomes_critical_is_told_even_when_acknowledged() -> None:
    hook()
    grave = hook("grave", least="critical")
    found = Finding("disk_low", "disk", {})
    settle([found], {"disk_low"}, NOW, Tuning())
    telling.tell(NOW)
    Acknowledge(Episode.objects.get()).run(local_actor())
    later = NOW + HOUR
    settle([Finding("disk_low", "disk", {}, "critical")], {"disk_low"}, later, Tuning())
    for _ in range(3):
        telling.tell(later)
    assert lines(Route.objects.get(pk="hook")) == [("opened", 0), ("graver", 0)]
    assert lines(grave) == [("opened", 0)]


def test_alarms_within_the_time_of_gathering_are_one_notice() -> None:
    hook(group_s=60)
    for number in range(5):
        an_episode("feed_late", f"feed{number}")
        telling.tell(NOW + timedelta(seconds=10 * number))
    notice = Notice.objects.get()
    assert notice.due_at == NOW + timedelta(seconds=60)
    assert notice.lines.count() == 5
    notice.state = "sending"
    notice.save()
    an_episode("feed_late", "feed9")
    telling.tell(NOW + timedelta(seconds=61))
    assert Notice.objects.count() == 2  # nothing is added to what is on its way


def test_topics_do_not_mix() -> None:
    system, sources = hook(), hook("sources", topic="sources")
    an_episode()
    about_sources = an_episode("disk_low", "outlet", topic="sources")
    telling.tell(NOW)
    assert [told.episode.topic for told in Told.objects.filter(route=system)] == ["system"]
    assert [told.episode for told in Told.objects.filter(route=sources)] == [about_sources]


def test_a_route_that_fails_is_told_by_the_others_not_by_itself() -> None:
    hook(), hook("other")
    an_episode("route_failing", "hook", facts={"failures": 3, "error": "x"})
    telling.tell(NOW)
    assert [told.route_id for told in Told.objects.all()] == ["other"]


def test_a_paused_route_is_told_when_it_goes_on() -> None:
    route = hook()
    ChangeRoute(route, {"active": False}).run(local_actor())
    an_episode()
    assert telling.tell(NOW) == 0
    ChangeRoute(route, {"active": True}).run(local_actor())
    assert telling.tell(NOW + HOUR) == 1


def beijing(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}+08:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("quiet", "now", "due"),
    [
        (("22:00", "07:00"), "02T21:59", "02T21:59"),
        (("22:00", "07:00"), "02T22:00", "03T07:00"),
        (("22:00", "07:00"), "03T00:00", "03T07:00"),
        (("22:00", "07:00"), "03T06:59", "03T07:00"),
        (("22:00", "07:00"), "03T07:00", "03T07:00"),
        (("12:00", "14:00"), "02T11:59", "02T11:59"),
        (("12:00", "14:00"), "02T13:00", "02T14:00"),
        (("12:00", "14:00"), "02T14:00", "02T14:00"),
        (("", ""), "02T03:00", "02T03:00"),
    ],
)
def test_quiet_hours_are_of_beijing_and_may_cross_midnight(
    quiet: tuple[str, str], now: str, due: str
) -> None:
    route = Route(key="r", quiet_from=quiet[0], quiet_to=quiet[1], group_s=0)
    assert telling.due_at(route, "warning", beijing(now)) == beijing(due)
    assert telling.due_at(route, "critical", beijing(now)) == beijing(now)
    route.wakes = False
    assert telling.due_at(route, "critical", beijing(now)) == beijing(due)


def test_the_night_is_one_notice_in_the_morning_and_a_critical_alarm_brings_it_forward() -> None:
    hook(group_s=0, quiet_from="22:00", quiet_to="07:00")
    night = beijing("02T23:00")
    an_episode("feed_late", "a", opened_at=night)
    telling.tell(night)
    an_episode("feed_late", "b", opened_at=night)
    telling.tell(night + HOUR)
    notice = Notice.objects.get()
    assert notice.due_at == beijing("03T07:00")
    an_episode("log_failed", "main", severity="critical", opened_at=night)
    telling.tell(night + 2 * HOUR)
    notice.refresh_from_db()
    assert notice.due_at == night + 2 * HOUR
    assert notice.lines.count() == 3


def test_people_of_a_role_hear_of_their_own_place_only(world: World) -> None:
    for name in ("analyst", "county", "admin"):
        world.people[name].email = f"{name}@example.org"
        world.people[name].save()
    address = "mailto://127.0.0.1?from=a@example.org"
    AddRoute("people", address, {"role": "analyst"}).run(local_actor())
    AddRoute("counties", address, {"role": "county", "to": ["x@y.z"]}).run(local_actor())
    inside = an_episode("device_silent", "MN1", region=world.county)
    outside = an_episode("device_silent", "MN2", region=world.other_county)
    whole = an_episode()
    telling.tell(NOW)

    def told(route: str, recipient: str) -> set[Episode]:
        rows = Told.objects.filter(route_id=route, recipient=recipient)
        return {row.episode for row in rows}

    assert told("people", "analyst@example.org") == {inside}
    assert told("counties", "county@example.org") == {inside}
    assert told("counties", "x@y.z") == {inside, outside, whole}
    assert not Told.objects.filter(recipient="admin@example.org").exists()
    Membership.objects.create(user=world.people["analyst"], role="analyst")
    telling.tell(NOW)
    assert told("people", "analyst@example.org") == {inside, outside, whole}


def test_a_route_of_a_place_carries_that_place(world: World) -> None:
    route = hook(region="140100")
    inside = an_episode("device_silent", "MN1", region=world.county)
    an_episode("device_silent", "MN2", region=world.other_county)
    an_episode()
    telling.tell(NOW)
    assert [told.episode for told in Told.objects.filter(route=route)] == [inside]
