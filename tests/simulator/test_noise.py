"""Chance without a state: pieces equal the whole, and the numbers are what they claim to be."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fenhe.simulator import noise

SECONDS = np.arange(1_700_000_000, 1_700_000_000 + 40 * 3_600, 30, dtype=np.int64)


@given(st.integers(0, len(SECONDS)), st.integers(0, 2**63))
def test_pieces_equal_the_whole(cut: int, key: int) -> None:
    whole = noise.wander(key, SECONDS, (90.0, 3_600.0, 86_400.0))
    parts = [
        noise.wander(key, part, (90.0, 3_600.0, 86_400.0)) for part in np.split(SECONDS, [cut])
    ]
    assert np.array_equal(np.concatenate(parts), whole)


def test_normal_numbers_have_mean_zero_and_spread_one() -> None:
    drawn = noise.normal(noise.key_of("a"), np.arange(200_000))
    assert abs(drawn.mean()) < 0.01
    assert abs(drawn.std() - 1.0) < 0.01


def test_uniform_numbers_fill_the_interval_evenly() -> None:
    drawn = noise.uniform(noise.key_of("b"), np.arange(200_000))
    counts, _ = np.histogram(drawn, bins=20, range=(0.0, 1.0))
    assert drawn.min() >= 0.0
    assert drawn.max() < 1.0
    assert abs(counts / 10_000 - 1.0).max() < 0.05


def test_smooth_curves_are_continuous() -> None:
    drawn = noise.smooth(noise.key_of("c"), SECONDS, 3_600.0)
    assert np.abs(np.diff(drawn)).max() < 0.1
    assert np.std(drawn) > 0.5


def test_other_keys_give_other_numbers() -> None:
    index = np.arange(1_000)
    one, two = noise.normal(noise.key_of(1), index), noise.normal(noise.key_of(2), index)
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.1


def test_an_order_of_chance_keeps_every_item() -> None:
    items = [f"F{number:02d}" for number in range(1, 23)]
    assert sorted(noise.shuffled(7, items)) == items
    assert noise.shuffled(7, items) == noise.shuffled(7, items)
    assert noise.shuffled(7, items) != noise.shuffled(8, items)
