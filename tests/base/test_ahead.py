"""Items come in order, one is made ahead, and errors come in their place."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from fenhe.base.ahead import ahead


def test_all_items_come_in_order() -> None:
    assert list(ahead(range(100))) == list(range(100))
    assert list(ahead([])) == []
    assert list(ahead([None, 0, False])) == [None, 0, False]


def test_one_item_is_made_ahead_in_another_thread() -> None:
    made: list[int] = []
    second = threading.Event()
    threads = set()

    def source() -> Iterator[int]:
        for number in range(4):
            made.append(number)
            threads.add(threading.get_ident())
            if number == 1:
                second.set()
            yield number

    items = ahead(source())
    assert next(items) == 0
    assert second.wait(60)
    assert made == [0, 1]  # never more than one waits
    assert list(items) == [1, 2, 3]
    assert threading.get_ident() not in threads


def test_an_error_comes_after_the_items_before_it() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise ValueError("row 2")

    items = ahead(source())
    assert next(items) == 1
    with pytest.raises(ValueError, match="row 2"):
        next(items)


def test_a_reader_may_stop_early() -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        yield from range(1000)
        closed.set()

    items = ahead(source())
    assert next(items) == 0
    items.close()  # type: ignore[attr-defined]
    assert not closed.is_set()
    assert not any(t.name.startswith("ahead") and t.is_alive() for t in threading.enumerate())
