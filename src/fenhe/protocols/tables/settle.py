"""Decide, from a whole file, what columns with doubtful names hold."""

from __future__ import annotations

import polars as pl

from fenhe.base.errors import BadInput, Place
from fenhe.protocols.tables.decimals import read_floats
from fenhe.protocols.tables.feeds.model import Feed, PairRule
from fenhe.protocols.tables.table import TextBatch, TextTable


def settle(feed: Feed, table: TextTable) -> Feed:
    """Return the feed with its column question answered for this file.

    A feed without such a question comes back as it is. Otherwise the whole file is
    read: the largest value so far can not be below the current one, so one reading of
    the names must hold in (nearly) all rows and the other must not. ``BadInput`` when
    neither or both hold; nothing is guessed.
    """
    if feed.settled or feed.pairs is None:
        return feed
    feed.check_columns(table.columns, table.name)
    named, swapped = _shares(feed.pairs, table)
    least = feed.pairs.share.value
    if named is None or swapped is None:
        raise _undecided(feed.pairs, table, "no row holds both values of a pair")
    fits = (named >= least, swapped >= least)
    shares = (
        f"the largest is at least the current value in {named:.1%} of rows as named "
        f"and in {swapped:.1%} with the names swapped"
    )
    if fits == (False, True):
        return feed.swapped(f"ozone columns swapped: {shares}", swap=True)
    if fits == (True, False):
        return feed.swapped(f"ozone columns as named: {shares}", swap=False)
    raise _undecided(feed.pairs, table, shares)


def _undecided(rule: PairRule, table: TextTable, why: str) -> BadInput:
    pairs = " and ".join("/".join(pair) for pair in rule.pairs)
    return BadInput(
        f"it can not be told which of {pairs} is the current value and which the largest: {why}",
        place=Place(table.name),
    )


def _shares(rule: PairRule, table: TextTable) -> tuple[float | None, float | None]:
    """Return the smallest share over the pairs, as named and swapped; None without data."""
    counts = [[0, 0, 0] for _ in rule.pairs]
    for batch in table.batches():
        for count, pair in zip(counts, rule.pairs, strict=True):
            for i, add in enumerate(_count(batch, *pair)):
                count[i] += add
    if any(both == 0 for both, _, _ in counts):
        return None, None
    return min(n / both for both, n, _ in counts), min(s / both for both, _, s in counts)


def _count(batch: TextBatch, current: str, largest: str) -> tuple[int, int, int]:
    """Count rows with both values, rows that hold as named, rows that hold swapped."""
    frame = pl.DataFrame(
        {
            "a": read_floats(batch.frame[current]).value,
            "b": read_floats(batch.frame[largest]).value,
        }
    ).drop_nulls()
    a, b = frame["a"], frame["b"]
    return frame.height, int((b >= a).sum()), int((a >= b).sum())
