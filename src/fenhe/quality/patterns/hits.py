"""What a detector says: an item, a span of steps, how strongly, and why in figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fenhe.quality.points import Bools, Floats


@dataclass(frozen=True)
class Hit:
    """One span in which a pattern shows: steps ``begin`` to ``end`` (exclusive)."""

    pattern: str
    item: str
    begin: int
    end: int
    score: float
    reason: str


def spans(mask: Bools, least: int = 1, bridge: int = 0) -> Iterator[tuple[int, int]]:
    """Yield (begin, end) of the stretches of a mask that are ``least`` long.

    Holes of at most ``bridge`` steps between two stretches count as part of them.
    """
    at = np.flatnonzero(mask)
    if not len(at):
        return
    cuts = np.flatnonzero(np.diff(at) > bridge + 1)
    begins = at[np.concatenate([[0], cuts + 1])]
    ends = at[np.concatenate([cuts, [len(at) - 1]])] + 1
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        if end - begin >= least:
            yield begin, end


def share(mask: Bools, size: int) -> Floats:
    """Return for each step the share of the window of ``size`` steps that begins there."""
    sums = np.concatenate([[0], np.cumsum(mask)])
    found = np.zeros(len(mask))
    if len(mask) >= size:
        found[: len(mask) - size + 1] = (sums[size:] - sums[:-size]) / size
    return found


def covered(begins: Bools, size: int) -> Bools:
    """Return the steps of all windows of ``size`` that begin where the mask holds."""
    edges = np.zeros(len(begins) + 1, dtype=np.int64)
    at = np.flatnonzero(begins)
    np.add.at(edges, at, 1)
    np.add.at(edges, np.minimum(at + size, len(begins)), -1)
    return np.asarray(np.cumsum(edges[:-1]) > 0)
