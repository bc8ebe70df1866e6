"""Layouts of the store: steps in order, all or none, and plain words for other layouts."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenhe.store import Store, StoreOutdated, StoreTooNew, migrations, schema
from fenhe.store.lake import Session
from tests.store.conftest import rejected, values


def add_column(session: Session) -> None:
    session.execute("ALTER TABLE flag ADD COLUMN seen_by VARCHAR")


def fill_column(session: Session) -> None:
    session.execute("UPDATE flag SET seen_by = who")


def broken(session: Session) -> None:
    session.execute("ALTER TABLE flag ADD COLUMN seen_by VARCHAR")
    session.execute("UPDATE flag SET nothing = 1")


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_text("a")
    with Store.open(tmp_path / "data") as store:
        load = store.begin_import("tidy", store.raw.keep(path), "ann")
        load.write(values([("a", 0, 1.0), ("a", 1, 2.0)]), rejected(), 2)
        load.finish()
    return tmp_path / "data"


def as_of_version(monkeypatch: pytest.MonkeyPatch, *steps: migrations.Step) -> None:
    """Be a later version, with these steps."""
    monkeypatch.setattr(migrations, "STEPS", steps)
    monkeypatch.setattr(schema, "LAYOUT", steps[-1].number)


def test_steps_are_in_order_and_end_at_the_layout() -> None:
    numbers = [step.number for step in migrations.STEPS]
    assert numbers == list(range(schema.FIRST + 1, schema.LAYOUT + 1))


def test_a_store_knows_its_layout(filled: Path) -> None:
    with Store.open(filled) as store:
        assert store.layout == schema.LAYOUT
        assert store._lake.read("SELECT number FROM layout")["number"].to_list() == [schema.LAYOUT]


def test_steps_are_taken_once_and_in_order(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two = migrations.Step(schema.LAYOUT + 1, "flags know who saw them", add_column)
    three = migrations.Step(schema.LAYOUT + 2, "filled from who set them", fill_column)
    as_of_version(monkeypatch, two, three)
    with pytest.raises(StoreOutdated, match="run: fenhe upgrade"):
        Store.open(filled)
    with migrations.opened(filled) as old:
        assert [step.title for step in old.migrate()] == [two.title, three.title]
        assert old.migrate() == ()
    with Store.open(filled) as store:
        assert store.observations()["value"].to_list() == [1.0, 2.0]
        assert "seen_by" in store._lake.read("SELECT * FROM flag").columns


def test_a_failing_step_changes_nothing(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two = migrations.Step(schema.LAYOUT + 1, "good", lambda _: None)
    three = migrations.Step(schema.LAYOUT + 2, "bad", broken)
    with monkeypatch.context() as later:
        as_of_version(later, two, three)
        with migrations.opened(filled) as old, pytest.raises(Exception, match="nothing"):
            old.migrate()
    with Store.open(filled) as store:
        assert "seen_by" not in store._lake.read("SELECT * FROM flag").columns
        assert store.observations().height == 2


def test_a_newer_store_is_refused(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as later:
        as_of_version(later, migrations.Step(schema.LAYOUT + 1, "later", lambda _: None))
        with migrations.opened(filled) as old:
            old.migrate()
    with pytest.raises(StoreTooNew, match="newer version"):
        Store.open(filled)
    with pytest.raises(StoreTooNew), migrations.opened(filled):
        pass
