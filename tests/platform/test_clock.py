"""The clock the pages go by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fenhe.platform import clock
from fenhe.platform.registry.models import Setting
from fenhe.store import Store
from tests.platform.conftest import hours, load, tidy


def _apart() -> timedelta:
    return abs(clock.now() - datetime.now(UTC).replace(tzinfo=None))


def test_the_clock_is_real_unless_told_otherwise(store: Store, tmp_path: Path) -> None:
    load(tidy(tmp_path / "a.csv", hours("in")))
    assert _apart() < timedelta(minutes=5)
    assert clock.banner() is None


@pytest.mark.parametrize("by", ["row", "environment"])
def test_a_demonstration_stands_at_the_last_hour_of_its_data(
    store: Store, tmp_path: Path, settings: Any, by: str
) -> None:
    if by == "row":
        Setting.objects.create(key="clock", value="data")
    else:
        settings.FENHE_CLOCK = "data"
    assert _apart() < timedelta(minutes=5)  # no data yet
    load(tidy(tmp_path / "a.csv", hours("in")))
    assert clock.now() == datetime(2026, 3, 2, 16)
    banner = clock.banner()
    assert banner is not None
    assert (str(banner["first"]), str(banner["last"])) == ("2026-03-02", "2026-03-02")
    assert [feed["id"] for feed in banner["feeds"]] == ["tidy-hourly"]
    assert not banner["simulated"]
    settings.FENHE_CLOCK = "real"
    assert clock.kind() == "real"
