"""The pollution rose is the same on every engine, to the last digit."""

from __future__ import annotations

import random
from functools import partial

import polars as pl

from fenhe import air
from tests.engines.conftest import Compute

DECIMALS = {"ws": 1, "wd": 2, "value": 1}


def hours(count: int, seed: int) -> pl.DataFrame:
    """Return hours with gaps, calm, every edge of a sector and codes for variable wind."""
    rng = random.Random(seed)
    turns = [n * 11.25 for n in range(33)] + [999.0, None]
    return pl.DataFrame(
        {
            "ws": [rng.choice([None, -1.0, *(n / 10 for n in range(80))]) for _ in range(count)],
            "wd": [rng.choice(turns) for _ in range(count)],
            "value": [rng.choice([None, rng.randrange(5_000) / 10]) for _ in range(count)],
        },
        schema=dict.fromkeys(DECIMALS, pl.Float64),
    )


def test_rose_is_the_same_on_every_engine(compute: Compute) -> None:
    frame = hours(600, 7)
    order = ["sector", "class", "reason"]
    found = compute(frame, partial(air.rose, decimals=DECIMALS)).sort(order, nulls_last=True)
    wanted = air.rose(frame, decimals=DECIMALS).sort(order, nulls_last=True)
    assert wanted.height > 50
    assert found.rows() == wanted.rows()
