"""Which values a computation looks at: noted while it runs, so that no list is kept by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_seen: ContextVar[set[str] | None] = ContextVar("fenhe_values_read", default=None)


@contextmanager
def recorded() -> Iterator[set[str]]:
    """Collect the ids of the values and rows read inside the block, by this thread alone."""
    seen: set[str] = set()
    token = _seen.set(seen)
    try:
        yield seen
    finally:
        _seen.reset(token)


def note(value_id: str) -> None:
    """Note that a value or row was read, where somebody listens."""
    seen = _seen.get()
    if seen is not None:
        seen.add(value_id)
