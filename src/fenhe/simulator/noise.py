"""Chance without a state: the same key and index always give the same number.

A counter is hashed (SplitMix64 finaliser) instead of drawn from a running generator, so that a
span can be computed in any pieces, in any order, and comes out the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def key_of(*parts: object) -> int:
    """Return a 64-bit key of the parts: seed, outlet, item, purpose."""
    text = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def uniform(key: int, index: npt.ArrayLike) -> Floats:
    """Return numbers in [0, 1), one for each index."""
    state = np.asarray(index, dtype=np.int64).astype(np.uint64) * _GOLDEN + np.uint64(key)
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    state ^= state >> np.uint64(31)
    return (state >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def normal(key: int, index: npt.ArrayLike) -> Floats:
    """Return standard normal numbers, one for each index (Box-Muller)."""
    radius = np.sqrt(-2.0 * np.log1p(-uniform(key, index)))
    return radius * np.cos(2.0 * np.pi * uniform(key ^ 0x5DEECE66D, index))


def smooth(key: int, seconds: Ints, period: float) -> Floats:
    """Return a continuous curve of mean 0 and spread 1 that changes over ``period`` seconds."""
    position = seconds / period
    left = np.floor(position).astype(np.int64)
    first = int(left.min()) if left.size else 0
    knots = normal(key, np.arange(first, first + int(np.ptp(left)) + 2)) if left.size else left
    share = position - left
    weight = share * share * (3.0 - 2.0 * share)
    values = knots[left - first] * (1.0 - weight) + knots[left - first + 1] * weight
    return np.asarray(values / np.sqrt((1.0 - weight) ** 2 + weight**2), dtype=np.float64)


def wander(key: int, seconds: Ints, periods: Sequence[float]) -> Floats:
    """Return the sum of smooth curves of several periods, again of mean 0 and spread 1."""
    total = sum(smooth(key_of(key, period), seconds, period) for period in periods)
    return np.asarray(total / np.sqrt(len(periods)), dtype=np.float64)


def between(key: int, index: int, low: float, high: float) -> float:
    """Return one number between two bounds."""
    return low + (high - low) * float(uniform(key, [index])[0])


def shuffled(key: int, items: Sequence[str]) -> list[str]:
    """Return the items in an order of chance."""
    order = np.argsort(uniform(key, np.arange(len(items))), kind="stable")
    return [items[place] for place in order]
