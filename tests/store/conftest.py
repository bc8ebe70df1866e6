"""A store in a temporary folder, and short ways to make files, values and flags."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from fenhe.store import Receipt, Store

T0 = datetime(2025, 12, 31, 20)
HOUR = timedelta(hours=1)
REJECTED = {
    "raw_row": pl.Int64,
    "raw_column": pl.String,
    "text": pl.String,
    "reason": pl.String,
}


def hour(number: int) -> datetime:
    """Return the start (UTC) of an hour counted from 2025-12-31 20:00, across the new year."""
    return T0 + number * HOUR


def values(rows: Sequence[tuple[str, int, float]], first_row: int = 2) -> pl.DataFrame:
    """Return observations of so2: (site, hour, value), one file row each."""
    return pl.DataFrame(
        [
            {
                "site": site,
                "item": "so2",
                "statistic": "1h",
                "start": hour(number),
                "end": hour(number + 1),
                "value": float(value),
                "decimals": 1,
                "raw_row": first_row + at,
            }
            for at, (site, number, value) in enumerate(rows)
        ],
        schema={
            "site": pl.String,
            "item": pl.String,
            "statistic": pl.String,
            "start": pl.Datetime("us"),
            "end": pl.Datetime("us"),
            "value": pl.Float64,
            "decimals": pl.UInt8,
            "raw_row": pl.Int64,
        },
    )


def rejected(rows: Sequence[tuple[int, str, str]] = ()) -> pl.DataFrame:
    """Return rejected cells of the column so2: (file row, text, reason)."""
    cells = [
        {"raw_row": row, "raw_column": "so2", "text": text, "reason": reason}
        for row, text, reason in rows
    ]
    return pl.DataFrame(cells, schema=REJECTED)


def flag(site: str, start: int, end: int, check: str = "void", **more: object) -> pl.DataFrame:
    """Return one flag on so2 of a site over hours ``start`` to ``end``."""
    row = {"site": site, "item": "so2", "statistic": "1h"}
    row |= {"start": hour(start), "end": hour(end), "check": check, "reason": "pump failed"}
    return pl.DataFrame([row | more])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "data") as opened:
        yield opened


Import = Callable[..., Receipt]


@pytest.fixture
def load(store: Store, tmp_path: Path) -> Import:
    """Import rows as one file in one batch: ``load("a.csv", [("s", 0, 1.5)])``."""

    def run(
        name: str,
        rows: Sequence[tuple[str, int, float]],
        refused: Sequence[tuple[int, str, str]] = (),
        actor: str = "ann",
    ) -> Receipt:
        path = tmp_path / name
        if not path.exists():
            path.write_text(name)
        running = store.begin_import("tidy", store.raw.keep(path), actor)
        running.write(values(rows), rejected(refused), len(rows) + len(refused))
        return running.finish()

    return run
