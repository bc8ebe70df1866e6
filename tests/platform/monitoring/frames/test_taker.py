"""The thread that follows the raw logs: at most one commit a second, again after an error."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fenhe.platform.monitoring import frames
from fenhe.platform.monitoring.frames import taker
from fenhe.platform.monitoring.frames.following import Follow
from fenhe.platform.monitoring.frames.taker import Taker
from fenhe.platform.operations import running
from fenhe.store import Store
from fenhe.store.rawlog import Rotation
from tests.platform.conftest import World
from tests.platform.monitoring.frames.wire import NOON, STACK, append, frame, hour_of, take, works

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 120.0


def until(done: Callable[[], bool]) -> bool:
    """Wait for something, as long as a loaded machine may take."""
    end = time.monotonic() + PATIENCE
    while not done() and time.monotonic() < end:
        time.sleep(0.05)
    return done()


def stored(store: Store) -> int:
    return store.observations([STACK], statistic="1h").height


@pytest.fixture
def running_taker(store: Store, world: World) -> Any:
    works(world.county, world.firm)
    thread = Taker(store)
    running.now.threads["frames"] = thread
    yield thread
    thread.stop()
    running.now.threads.pop("frames", None)


def test_frames_are_taken_as_they_come_one_commit_a_second(
    store: Store, running_taker: Taker
) -> None:
    running_taker.start()
    for n in range(30):
        append(store, *hour_of(str(n), at=NOON + timedelta(hours=n % 20)))
        time.sleep(0.02)
    assert until(lambda: store.receipts("import")["received"].sum() == 30)
    assert stored(store) == 20
    moments = store.commits().filter(actor="frames")["known_at"].to_list()[1:]
    gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(moments)]
    assert all(gap > taker.APART * 0.9 for gap in gaps)
    assert until(lambda: frames.behind() == (0, None))


def test_what_is_not_taken_yet_is_told(store: Store, running_taker: Taker) -> None:
    assert frames.behind() == (0, None)
    written = append(store, *hour_of("1", "2", "3"))
    follow = Follow(store, "main")
    assert taker.behind(store, "main", follow) == (3, written.at)
    take(store, follow)
    assert taker.behind(store, "main", follow) == (0, None)
    append(store, *hour_of("4"))
    assert taker.behind(store, "main", follow)[0] == 1
    follow.release()


def test_segments_are_closed_one_after_the_other(store: Store, world: World) -> None:
    works(world.county, world.firm)
    store.stream("main", Rotation(size=1_000))
    for n in range(12):
        append(store, *hour_of(str(n), at=NOON + timedelta(hours=n)))
    take(store)
    imports = store.receipts("import")
    assert imports["raw_sha256"].n_unique() == imports.height > 2
    assert imports["closed"][:-1].all()
    assert stored(store) == 12
    take(store)
    assert store.receipts("import").height == imports.height


def test_an_error_is_tried_again_from_what_the_store_has(
    store: Store, running_taker: Taker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taker, "AGAIN", 0.2)
    failing = ["after", "before"]
    whole = Follow.step

    def step(self: Follow, wait: float = 0.0) -> Any:
        if failing and failing[-1] == "before":
            raise RuntimeError(f"the disk is full {failing.pop()} the commit")
        done = whole(self, wait)
        if done is not None and failing:
            raise RuntimeError(f"the disk is full {failing.pop()} the commit")
        return done

    monkeypatch.setattr(Follow, "step", step)
    append(store, *hour_of("1", "2"))
    running_taker.start()
    assert until(lambda: not failing)
    append(store, *hour_of("3", at=NOON + timedelta(hours=5)))
    assert until(lambda: stored(store) == 3)
    assert store.receipts("import")["received"].to_list() == [3]


def test_sets_that_stay_incomplete_are_told_also_over_a_restart(
    store: Store, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fenhe.platform.monitoring.frames import sets

    works(world.county, world.firm)
    part = {"pnum": 2, "qn": "20261125130000000"}
    append(store, frame("2061", [("a21026", "Avg", "1")], pno=1, **part))
    append(store, frame("2061", [("a21026", "Avg", "2")], NOON + timedelta(hours=1), pno=1, **part))
    take(store)
    append(store, frame("2061", [("a21002", "Avg", "3")], pno=2, **part))
    take(store)  # a new follower: it has looked back for what was open
    assert store.quarantine().is_empty()
    follow = Follow(store, "main")
    monkeypatch.setattr(sets, "PATIENCE", timedelta(0))
    append(store, *hour_of("9", at=NOON + timedelta(hours=5)))
    take(store, follow)
    follow.release()
    told = store.quarantine().select("raw_row", "column", "reason").rows()
    assert told == [(4, "set", "part_missing:1/2")]
    assert "entries 2" in store.quarantine()["text"][0]
    assert stored(store) == 4
