"""Make the next piece of work ready while the present one is dealt with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

T = TypeVar("T")
_END = object()


def ahead(items: Iterable[T]) -> Iterator[T]:
    """Yield the items in order; the one after the present is made in a thread meanwhile.

    At most one item waits. What making an item raises is raised here in its place; when
    the reader stops early, the item under way is finished and dropped.
    """
    source = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as worker:
        coming = worker.submit(next, source, _END)
        while (item := coming.result()) is not _END:
            coming = worker.submit(next, source, _END)
            yield cast("T", item)
