"""The flag on hours that are not the mean of their minutes follows the data."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fenhe.base import beijing
from fenhe.platform.monitoring import agreeing
from fenhe.quality.flags import Quality
from fenhe.store import Store
from tests.platform.conftest import World
from tests.platform.monitoring.frames.wire import NOON, STACK, append, frame, take, works

pytestmark = pytest.mark.django_db
UTC_NOON = beijing.to_utc(NOON)


@pytest.fixture
def here(store: Store, world: World) -> Store:
    works(world.county, world.firm)
    return store


def tell(store: Store, hour: str, *minutes: str) -> None:
    told = [
        frame("2051", [("a21026", "Avg", value)], NOON + timedelta(minutes=10 * n))
        for n, value in enumerate(minutes)
    ]
    append(store, *told, frame("2061", [("a21026", "Avg", hour)]))
    take(store)


def standing(store: Store) -> list[str]:
    return store.flags([STACK], cleared=False)["check"].to_list()


def test_an_hour_is_flagged_when_it_disagrees_and_freed_when_it_is_put_right(here: Store) -> None:
    tell(here, "50", "10", "20", "30", "40", "50", "60")
    assert agreeing.step(here) == (1, 0)
    assert standing(here) == ["logger_disagrees"]
    row = here.observations([STACK], ["a21026"]).row(0, named=True)
    assert row["quality"] == Quality.ANNOTATED
    assert agreeing.step(here) == (0, 0)
    tell(here, "35")
    assert agreeing.step(here) == (0, 1)
    assert standing(here) == []


def test_a_corrected_minute_is_looked_at_too(here: Store) -> None:
    tell(here, "35", "10", "20", "30", "40", "50", "60")
    assert agreeing.step(here) == (0, 0)
    append(here, frame("2051", [("a21026", "Avg", "120")], NOON))
    take(here)
    assert agreeing.step(here) == (1, 0)


def test_what_a_person_lifted_stays_lifted_for_the_same_hour(here: Store) -> None:
    tell(here, "50", "10", "20", "30", "40", "50", "60")
    agreeing.step(here)
    here.clear_flag(here.flags([STACK])["flag"].to_list()[0], "ana", "the logger weighs by load")
    append(here, frame("2051", [("a21026", "Avg", "12")], NOON))
    take(here)
    assert agreeing.step(here) == (0, 0)
    tell(here, "51")
    assert agreeing.step(here)[0] == 1


def test_a_late_hour_far_from_the_others_is_compared_by_itself(here: Store) -> None:
    far = NOON - timedelta(days=20)
    minutes = [frame("2051", [("a21026", "Avg", "10")], far + timedelta(minutes=10 * n))
               for n in range(6)]  # fmt: skip
    append(here, *minutes, frame("2061", [("a21026", "Avg", "99")], far), frame("2061"))
    take(here)
    assert agreeing.step(here) == (1, 0)
    flag = here.flags([STACK]).row(0, named=True)
    assert flag["start"] == beijing.to_utc(far)
    assert here.checked_until(agreeing.ACTOR) > 0
