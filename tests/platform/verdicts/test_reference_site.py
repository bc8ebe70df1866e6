"""A station that counts for no city is judged like any other, and re-judged when a flag comes."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from fenhe.base import beijing
from fenhe.platform.monitoring.acts import Span, VoidSpan
from fenhe.platform.verdicts import engine, standing
from fenhe.platform.workflow.acts import local_actor
from fenhe.store import Store
from tests.platform.conftest import World, hours, load, tidy


def test_reference_site_is_rejudged_after_a_void(
    store: Store, world: World, tmp_path: Path
) -> None:
    world.inside.counts_for_city = False
    world.inside.save()
    load(tidy(tmp_path / "hours.csv", hours("in")))
    engine.catch_up(store)
    key = standing.key_of("site", "HJ633-2026")
    before = store.cells.read(key, ["in"])
    assert before.height == 24
    start = before["start"][9]
    VoidSpan(Span(world.inside, "", start, start + beijing.HOUR), "calibration").run(local_actor())
    done = engine.catch_up(store)
    assert done.left == 0
    after = store.cells.read(key, ["in"]).filter(pl.col("start") == start)
    assert after["status"].to_list() == ["not_judged"]
