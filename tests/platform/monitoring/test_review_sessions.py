"""Review sessions: recorded edits by a person with the right, taken back one by one."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.platform.monitoring import checking
from fenhe.platform.monitoring.review import CloseReview, MakeEdit, OpenReview, UndoEdit
from fenhe.platform.monitoring.sessions import ReviewSession
from fenhe.platform.registry.door import Denied
from fenhe.platform.workflow.acts import Actor
from fenhe.platform.workflow.models import AuditLog
from fenhe.quality.flags import Quality
from fenhe.quality.review import Edit, Kind
from fenhe.store import Store
from tests.platform.conftest import World, load, tidy

START = datetime(2026, 3, 1, 16)
HOUR = timedelta(hours=1)


@pytest.fixture
def session(store: Store, world: World, tmp_path: Path) -> ReviewSession:
    rows = [
        ("in", f"2026-03-02 {hour:02d}:00", 12, no2, "0.8", 90, 80, 40)
        for hour, no2 in enumerate([40, 41, 300, 42, 44], start=1)
    ]
    load(tidy(tmp_path / "a.csv", rows))
    checking.catch_up(store)
    return OpenReview(world.inside, "March").run(analyst(world))


def analyst(world: World) -> Actor:
    return Actor(world.people["analyst"], "analyst", "web")


def edit(kind: Kind, first: int = 2, last: int = 3) -> Edit:
    return Edit(kind, "in", ("no2",), ("1h",), START + first * HOUR, START + last * HOUR, "seen")


def codes(store: Store) -> list[int]:
    return store.observations(["in"], ["no2"])["quality"].to_list()


def open_checks(store: Store) -> list[str]:
    return sorted(store.flags(["in"], cleared=False).filter(pl.col("item") == "no2")["check"])


def test_accept_lifts_the_checks_and_they_stay_away(
    session: ReviewSession, store: Store, world: World
) -> None:
    assert codes(store)[2] == Quality.ANNOTATED
    before = open_checks(store)
    made = MakeEdit(session, edit(Kind.ACCEPT)).run(analyst(world))
    assert codes(store)[2] == Quality.PASS
    checking.catch_up(store)
    assert "range" not in open_checks(store)
    UndoEdit(made, "was wrong").run(analyst(world))
    assert open_checks(store) == before
    assert codes(store)[2] == Quality.ANNOTATED
    assert made.undone_by == "analyst"


def test_void_restore_and_note(session: ReviewSession, store: Store, world: World) -> None:
    who = analyst(world)
    MakeEdit(session, edit(Kind.VOID, 1, 4)).run(who)
    assert codes(store)[1:4] == [Quality.VOID] * 3
    MakeEdit(session, edit(Kind.RESTORE, 2, 3)).run(who)
    assert codes(store)[1] == codes(store)[3] == Quality.VOID
    assert codes(store)[2] == Quality.ANNOTATED
    MakeEdit(session, edit(Kind.ANNOTATE, 0, 1)).run(who)
    assert codes(store)[0] == Quality.ANNOTATED
    kinds = [one.kind for one in session.edits.all()]
    assert kinds == ["void", "restore", "annotate"]
    entry = AuditLog.objects.filter(event="monitoring.review").first()
    assert entry is not None
    assert entry.reason == "seen"


def test_edits_are_taken_back_in_any_order(
    session: ReviewSession, store: Store, world: World
) -> None:
    who, first = analyst(world), codes(store)
    made = [MakeEdit(session, edit(kind)).run(who) for kind in (Kind.ANNOTATE, Kind.VOID)]
    for one in made:
        UndoEdit(one, "again").run(who)
    assert codes(store) == first
    with pytest.raises(BadInput, match="was undone by analyst already"):
        UndoEdit(made[0], "again").run(who)


def test_a_closed_session_takes_no_more(session: ReviewSession, world: World) -> None:
    who = analyst(world)
    made = MakeEdit(session, edit(Kind.VOID)).run(who)
    CloseReview(session).run(who)
    for act in (MakeEdit(session, edit(Kind.VOID)), UndoEdit(made, "x"), CloseReview(session)):
        with pytest.raises(BadInput, match="was closed by analyst"):
            act.run(who)


def test_a_session_is_on_its_own_place(session: ReviewSession, world: World) -> None:
    other = Edit(Kind.VOID, "out", ("no2",), ("1h",), START, START + HOUR, "x")
    with pytest.raises(BadInput, match="the session is on in, not on out"):
        MakeEdit(session, other).run(analyst(world))


@pytest.mark.parametrize("role", ["county", "firm", "public"])
def test_others_may_not_review(
    session: ReviewSession, store: Store, world: World, role: str
) -> None:
    before = store.last_commit
    with pytest.raises(Denied):
        MakeEdit(session, edit(Kind.VOID)).run(Actor(world.people[role], role, "web"))
    with pytest.raises(Denied):
        OpenReview(world.inside).run(Actor(world.people[role], role, "web"))
    assert store.last_commit == before
