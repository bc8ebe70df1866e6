"""Void, annotate, clear a flag, export: acts on the real store."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from fenhe.base.errors import BadInput
from fenhe.platform.monitoring import queries
from fenhe.platform.monitoring.acts import Annotate, ClearFlag, Export, Span, VoidSpan
from fenhe.platform.monitoring.exports import Wanted
from fenhe.platform.registry.door import Denied
from fenhe.platform.registry.models import Site
from fenhe.platform.verdicts import engine, standing
from fenhe.platform.workflow.acts import Actor, local_actor
from fenhe.platform.workflow.models import AuditLog
from fenhe.quality.flags import Quality
from fenhe.store import Store
from tests.platform.conftest import World, hours, load, tidy

START = datetime(2026, 3, 1, 16)
HOUR = timedelta(hours=1)


def _span(site: Site, item: str = "pm25", hours_long: int = 3) -> Span:
    return Span(site, item, START, START + HOUR * hours_long)


@pytest.fixture
def loaded(store: Store, tmp_path: Path) -> Store:
    load(tidy(tmp_path / "a.csv", hours("in") + hours("out")))
    return store


def test_void_values_stay_readable_and_say_who_and_why(loaded: Store, world: World) -> None:
    actor = Actor(world.people["analyst"], "analyst", "web")
    flags = VoidSpan(_span(world.inside), "power cut").run(actor)
    rows = loaded.observations(["in"], ["pm25"])
    assert rows["quality"].to_list()[:4] == [Quality.VOID] * 3 + [Quality.NOT_CHECKED]
    shown = queries.flags("in", START, START + HOUR)
    assert [(f["flag"], f["check"], f["who"], f["voids"]) for f in shown] == [
        (flags[0], "void", "analyst", True)
    ]
    entry = AuditLog.objects.get(event="monitoring.void")
    assert entry.before["values"] == 3
    assert entry.after["from"] == "2026-03-02 00:00"
    assert entry.reason == "power cut"


@pytest.mark.parametrize(
    ("role", "place"), [("county", "inside"), ("firm", "inside"), ("analyst", "outside")]
)
def test_others_may_not_void(loaded: Store, world: World, role: str, place: str) -> None:
    act = VoidSpan(_span(getattr(world, place)), "because")
    with pytest.raises(Denied):
        act.run(Actor(world.people[role], role, "web"))
    assert loaded.flags().is_empty()


def test_a_void_needs_a_reason_values_and_a_span(loaded: Store, world: World) -> None:
    actor = local_actor()
    with pytest.raises(BadInput, match="say why"):
        VoidSpan(_span(world.inside), " ").run(actor)
    with pytest.raises(BadInput, match="no value"):
        VoidSpan(Span(world.inside, "", START - HOUR * 9, START - HOUR), "x").run(actor)
    with pytest.raises(BadInput, match="end after"):
        VoidSpan(Span(world.inside, "", START, START), "x").run(actor)
    with pytest.raises(BadInput, match="not an item"):
        VoidSpan(_span(world.inside, "pm1"), "x").run(actor)


def test_lifting_a_flag_gives_the_values_back(loaded: Store, world: World) -> None:
    actor = Actor(world.people["analyst"], "analyst", "web")
    (flag,) = VoidSpan(_span(world.inside), "power cut").run(actor)
    with pytest.raises(BadInput, match="has no flag"):
        ClearFlag(world.outside, flag, "wrong site").run(local_actor())
    ClearFlag(world.inside, flag, "was a test").run(actor)
    assert set(loaded.observations(["in"], ["pm25"])["quality"]) == {Quality.NOT_CHECKED}
    (shown,) = queries.flags("in", START, START + HOUR)
    assert (shown["cleared"], shown["cleared_by"], shown["cleared_reason"]) == (
        True,
        "analyst",
        "was a test",
    )


def test_a_note_marks_the_values_and_counts_as_before(loaded: Store, world: World) -> None:
    actor = Actor(world.people["firm"], "firm", "web")
    Annotate(_span(world.inside, ""), "roadworks next door").run(actor)
    (note,) = queries.notes(world.inside, START, START + HOUR)
    assert (note["text"], note["actor"], note["start"]) == ("roadworks next door", "firm", START)
    assert loaded.observations(["in"], ["co"])["quality"][0] == Quality.ANNOTATED
    with pytest.raises(Denied):
        Annotate(_span(world.outside), "not mine").run(actor)


def test_pm25_above_pm10_is_flagged_and_follows_corrections(
    loaded: Store, world: World, tmp_path: Path
) -> None:
    rows = hours("in")
    rows[0] = (*rows[0][:6], 30, 41)
    load(tidy(tmp_path / "crossed.csv", rows))
    engine.catch_up(loaded)
    crossed = loaded.flags(["in"], cleared=False)
    assert crossed["item"].to_list() == ["pm25", "pm10"]
    assert set(crossed["check"]) == {"pm25_above_pm10"}
    ClearFlag(world.inside, crossed["flag"][0], "seen, is right").run(local_actor())
    engine.catch_up(loaded)
    assert loaded.flags(["in"], cleared=False).height == 1  # not raised again for these values
    load(tidy(tmp_path / "mended.csv", hours("in")))
    engine.catch_up(loaded)
    assert loaded.flags(["in"], cleared=False).is_empty()
    assert loaded.flags(["in"]).height == 2


def test_an_export_holds_the_sites_within_reach_and_is_logged(loaded: Store, world: World) -> None:
    wanted = Wanted("observations", first=date(2026, 3, 2), last=date(2026, 3, 2))
    rows = Export(wanted).run(Actor(world.people["county"], "county", "web"))
    assert set(rows["site"]) == {"in"}
    assert rows.height == 144
    assert rows["time"][23] == "2026-03-02 24:00"
    assert AuditLog.objects.get(event="monitoring.export").after["rows"] == 144
    both = Export(wanted).run(local_actor())
    assert set(both["site"]) == {"in", "out"}
    with pytest.raises(BadInput, match="out"):
        Export(Wanted("observations", ("out",))).run(Actor(world.people["county"], "c", "web"))
    with pytest.raises(Denied):
        Export(wanted).run(Actor(world.people["public"], "visitor", "web"))


def test_cells_are_exported_for_the_cities_of_the_sites_within_reach(
    loaded: Store, world: World
) -> None:
    engine.catch_up(loaded)
    key = standing.key_of("city", "HJ633-2026")
    actor = Actor(world.people["county"], "county", "web")
    rows = Export(Wanted("cells", assessment=key)).run(actor)
    assert set(rows["site"]) == {"140100"}
    assert rows.height == 24
    with pytest.raises(BadInput, match="not an assessment"):
        Export(Wanted("cells", assessment="nothing")).run(actor)
