"""What this process has taken in since it began, by feed; for those who watch over it."""

from __future__ import annotations

import threading

from fenhe.store.receipts import Receipt

OUTCOMES = ("received", "stored", "corrected", "duplicate", "rejected")
_guard = threading.Lock()
_counts: dict[str, dict[str, int]] = {}


def add(receipt: Receipt) -> None:
    """Count a batch that has just become durable."""
    with _guard:
        feed = _counts.setdefault(receipt.feed, dict.fromkeys(OUTCOMES, 0))
        for outcome in OUTCOMES:
            feed[outcome] += getattr(receipt, outcome)


def counts() -> dict[str, dict[str, int]]:
    """Return values received, stored (of them corrected), duplicate and rejected, by feed."""
    with _guard:
        return {feed: dict(counts) for feed, counts in _counts.items()}
