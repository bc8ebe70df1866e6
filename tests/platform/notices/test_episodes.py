"""Episodes: opened once, repeated, made graver, closed by themselves, held longer each time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from fenhe.platform.notices.episodes import settle
from fenhe.platform.notices.findings import Finding
from fenhe.platform.notices.models import Episode
from fenhe.platform.notices.tuning import Tuning
from tests.platform.conftest import World
from tests.platform.notices.conftest import NOW, an_episode

DISK = Finding("disk_low", "disk", {"free_bytes": 5, "total_bytes": 9})
LOOKED = {"disk_low", "device_unknown", "device_silent"}


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def step(seconds: float, *found: Finding, looked: set[str] = LOOKED, **own: float) -> None:
    limits = {f"common.{name}": value for name, value in own.items()}
    settle(found, looked, at(seconds), Tuning(limits))


def story(one: Episode) -> list[tuple[str, int]]:
    return list(one.happenings.values_list("what", "times"))


@pytest.mark.django_db
def test_one_condition_is_one_episode_from_beginning_to_end() -> None:
    for seconds in range(0, 100, 5):
        step(seconds, DISK)
    one = Episode.objects.get()
    assert (one.state, one.times, one.severity) == ("open", 1, "warning")
    step(100)
    step(399)
    assert Episode.objects.get().state == "open"  # gone, but not for long enough
    step(400)
    one.refresh_from_db()
    assert one.state == "closed"
    assert one.closed_at == at(400)
    assert story(one) == [("opened", 1), ("closed", 1)]


@pytest.mark.django_db
def test_what_comes_back_within_the_hold_is_the_same_episode() -> None:
    step(0, DISK)
    for seconds in (10, 30, 50):
        step(seconds)
        step(seconds + 10, DISK)
    one = Episode.objects.get()
    assert one.times == 4
    assert one.gone_at is None
    assert story(one) == [("opened", 1), ("repeated", 3)]


@pytest.mark.django_db
def test_the_database_lets_one_be_open_and_any_number_closed() -> None:
    an_episode()
    with pytest.raises(IntegrityError), transaction.atomic():
        an_episode()
    Episode.objects.update(closed_at=NOW)
    an_episode()
    an_episode(topic="sources")  # the same words about sources are another alarm
    assert Episode.objects.filter(closed_at__isnull=True).count() == 2


@pytest.mark.django_db
def test_a_kind_that_was_not_looked_at_stays_as_it_is() -> None:
    step(0, DISK)
    step(10_000, looked={"device_unknown"})
    assert Episode.objects.get().gone_at is None
    step(10_000, DISK, looked={"device_unknown"})  # found by nobody who looked
    assert Episode.objects.get().seen_at == at(0)


@pytest.mark.django_db
def test_it_becomes_graver_and_not_milder() -> None:
    grave = Finding("disk_low", "disk", DISK.facts, "critical")
    step(0, DISK)
    step(5, grave)
    step(10, DISK)
    one = Episode.objects.get()
    assert one.severity == "critical"
    assert story(one) == [("opened", 1), ("graver", 1)]


def stranger(times: int) -> Finding:
    return Finding("device_unknown", "MN9", {"times": times, "text": "10.0.0.9"})


@pytest.mark.django_db
def test_what_happens_is_counted_and_the_count_may_begin_anew() -> None:
    step(0, stranger(3))
    step(5, stranger(3))
    step(10, stranger(10))
    step(15, stranger(2))  # the gateway was restarted
    one = Episode.objects.get()
    assert one.times == 3 + 7 + 2
    assert story(one) == [("opened", 1), ("repeated", 9)]


@pytest.mark.django_db
def test_what_comes_and_goes_is_held_longer_each_time() -> None:
    holds, seconds = [], 0.0
    for _ in range(9):
        step(seconds, DISK)
        one = Episode.objects.get(closed_at__isnull=True)
        holds.append(one.hold)
        step(seconds + 1)
        seconds += 1 + one.hold
        step(seconds)
    assert holds[:4] == [300, 600, 1200, 2400]
    assert max(holds) == 21600
    assert Episode.objects.filter(closed_at__isnull=True).count() == 0


@pytest.mark.django_db
def test_a_condition_that_trembles_all_day_is_a_few_alarms() -> None:
    for minute in range(0, 24 * 60, 6):  # on for six minutes, off for six
        step(minute * 60.0, *([DISK] if minute % 12 == 0 else []), hold_s=300)
    assert Episode.objects.count() <= 3


@pytest.mark.django_db
def test_records_are_not_written_at_every_look(django_assert_num_queries: object) -> None:
    step(0, DISK)
    with django_assert_num_queries(1):  # type: ignore[operator]
        step(2, DISK)


@pytest.mark.django_db
def test_a_thousand_silent_devices_are_a_bounded_number_of_alarms() -> None:
    found = [Finding("device_silent", f"MN{n}", {"silent_s": 9.0}) for n in range(1000)]
    step(0, *found)
    step(5, *found)
    assert Episode.objects.count() == 21
    assert Episode.objects.get(object="*").facts["number"] == 980
    step(10, *found[:5])
    step(400, *found[:5])
    assert Episode.objects.filter(closed_at__isnull=True).count() == 5


@pytest.mark.django_db
def test_an_alarm_knows_its_place(world: World) -> None:
    step(0, Finding("device_silent", "MN1", {}, region="140105"))
    assert Episode.objects.get().region == world.county


class Model(TestCase):
    """Any sequence of looks: never two open of a key, counts add up, closed ones stay closed."""

    @hypothesis_settings(max_examples=30)
    @given(st.lists(st.tuples(st.sets(st.sampled_from("abc")), st.integers(1, 400)), max_size=25))
    def test_any_sequence_of_looks(self, looks: list[tuple[set[str], int]]) -> None:
        Episode.objects.all().delete()
        seconds, closed = 0, {}
        for names, pause in looks:
            seconds += pause
            step(seconds, *(Finding("disk_low", name) for name in sorted(names)))
            standing = Episode.objects.filter(closed_at__isnull=True)
            objects = list(standing.values_list("object", flat=True))
            assert len(objects) == len(set(objects))
            assert names <= set(objects)
            for one in Episode.objects.filter(closed_at__isnull=False):
                assert closed.setdefault(one.pk, one.closed_at) == one.closed_at
                assert one.gone_at is not None
                assert (one.closed_at - one.gone_at).total_seconds() >= one.hold
            for one in standing:
                assert one.times == sum(n for what, n in story(one) if what != "graver")
