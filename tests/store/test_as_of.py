"""As-of reads against a plain model: random imports, corrections, repeats, flags and cells.

After every commit the model keeps a copy of all it knows; the store, asked as of any
commit, must answer with that copy. One store serves all examples, each with sites and
files of its own, so the examples also cross one another in the commit order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fenhe.store import Store
from tests.store.conftest import flag, hour, rejected, values

Key = tuple[str, int]
Row = tuple[str, int, float]

SITES, HOURS, VALUES = "ab", range(3), (1.0, 2.0, 3.0)
ROWS = st.lists(
    st.tuples(st.sampled_from(SITES), st.sampled_from(HOURS), st.sampled_from(VALUES)),
    min_size=1,
    max_size=6,
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("import"), ROWS, st.integers(1, 3)),
        st.tuples(
            st.just("again"), st.integers(0, 9), st.integers(1, 3), st.sampled_from([0, 0, 1])
        ),
        st.tuples(
            st.just("flag"),
            st.sampled_from(SITES),
            st.tuples(st.sampled_from(HOURS), st.integers(1, 3)),
            st.sampled_from(["void", "note"]),
        ),
        st.tuples(st.just("clear"), st.integers(0, 9)),
        st.tuples(st.just("cells"), st.sampled_from(HOURS), st.sampled_from(VALUES)),
        st.tuples(st.just("maintain")),
    ),
    min_size=3,
    max_size=9,
)


@dataclass(frozen=True)
class Told:
    """One value as the model holds it."""

    value: float
    file: int
    row: int
    commit: int


@dataclass
class Model:
    """What a careful clerk with one ledger would know."""

    standing: dict[Key, Told] = field(default_factory=dict)
    former: list[tuple[Key, Told]] = field(default_factory=list)
    flags: dict[int, tuple[str, int, int, int]] = field(default_factory=dict)
    repeated: list[Key] = field(default_factory=list)
    cells: dict[int, float] = field(default_factory=dict)
    snapshots: dict[int, Any] = field(default_factory=dict)

    def batch(self, rows: list[tuple[int, Row]], file: int, opened: int, commit: int) -> int:
        """Take in one batch and return how many rows were stored."""
        before, told_here, stored = dict(self.standing), set[Key](), 0
        earlier = {
            (key, told.value)
            for key, told in self.former
            if told.file == file and told.commit < opened
        }
        for number, (site, at, value) in rows:
            key, was = (site, at), before.get((site, at))
            mended = was is not None and (was.file, was.row) == (file, number)
            if (key, value) in earlier and not mended:
                continue
            now = self.standing.get(key)
            twice = key in told_here or (
                was is not None and was.file == file and was.commit > opened
            )
            told_here.add(key)
            if now is not None and now.value == value:
                continue
            if now is not None:
                self.former.append((key, now))
                self.repeated += [key] if twice else []
            self.standing[key] = Told(value, file, number, commit)
            stored += 1
        return stored

    def quality(self, site: str, at: int) -> int:
        covering = [
            code
            for name, first, end, code in self.flags.values()
            if name == site and first <= at < end
        ]
        return max([*covering, 2 if (site, at) in self.repeated else 0])

    def remember(self, commit: int) -> None:
        observations = sorted(
            (site, at, told.value, self.quality(site, at), told.commit, told.row)
            for (site, at), told in self.standing.items()
        )
        self.snapshots[commit] = (observations, dict(self.cells))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.open(tmp_path_factory.mktemp("as_of")) as store:
        store.latest()
        yield store


NUMBERS = count()


class Example:
    """One run of random steps on the shared store and on the model."""

    def __init__(self, store: Store) -> None:
        self.store, self.model, self.name = store, Model(), f"e{next(NUMBERS)}"
        self.files: list[tuple[Any, list[Row]]] = []
        self.cleared: set[int] = set()

    def run(self, step: tuple[Any, ...]) -> None:
        getattr(self, f"do_{step[0]}")(*step[1:])
        self.model.remember(self.store.last_commit)

    def do_import(self, rows: list[Row], size: int) -> None:
        path = Path(self.store.folder) / f"{self.name}-{len(self.files)}.csv"
        path.write_text(path.name)
        self.files.append((self.store.raw.keep(path), rows))
        self.load(len(self.files) - 1, size)

    def do_again(self, choice: int, size: int, mended: int) -> None:
        """Import a file again, as it was or by a parser that now reads other values."""
        if self.files:
            self.load(choice % len(self.files), size, mended)

    def load(self, file: int, size: int, mended: int = 0) -> None:
        kept, rows = self.files[file]
        rows = [(site, at, value % 3 + mended if mended else value) for site, at, value in rows]
        running = self.store.begin_import("tidy", kept, "ann")
        opened = self.store.last_commit
        self.model.remember(opened)
        for at in range(0, len(rows), size):
            part = rows[at : at + size]
            named = [(f"{self.name}{site}", number, value) for site, number, value in part]
            receipt = running.write(values(named, first_row=2 + at), rejected(), len(part))
            numbered = list(enumerate(part, start=2 + at))
            stored = self.model.batch(numbered, file, opened, self.store.last_commit)
            assert (receipt.stored, receipt.duplicate) == (stored, len(part) - stored)
            self.model.remember(self.store.last_commit)
        running.finish()

    def do_flag(self, site: str, span: tuple[int, int], check: str) -> None:
        first, end = span[0], span[0] + span[1]
        (number,) = self.store.add_flags(flag(f"{self.name}{site}", first, end, check), "ann")
        self.model.flags[number] = (site, first, end, 3 if check == "void" else 2)

    def do_clear(self, choice: int) -> None:
        standing = sorted(self.model.flags)
        if standing:
            number = standing[choice % len(standing)]
            self.store.clear_flag(number, "ben", "mistake")
            del self.model.flags[number]

    def do_cells(self, at: int, value: float) -> None:
        frame = pl.DataFrame(
            [
                {
                    "site": "s",
                    "start": hour(at),
                    "end": hour(at + 1),
                    "aqi": value,
                    "input_digest": "d",
                }
            ]
        ).with_columns(n_valid=pl.lit(1), n_due=pl.lit(1), method_version=pl.lit("1"))
        self.store.cells.write(self.name, "air.aqi_hourly", frame, "engine")
        self.model.cells[at] = value

    def do_maintain(self) -> None:
        self.store.maintain()

    def check(self) -> None:
        sites = [f"{self.name}{site}" for site in SITES]
        for commit, (observations, cells) in self.model.snapshots.items():
            found = self.store.observations(sites, as_of=commit)
            assert told(found, len(self.name)) == observations
            kept = self.store.cells.read(self.name, as_of=commit)
            assert {number(row["start"]): row["aqi"] for row in kept.iter_rows(named=True)} == cells
        last = self.model.snapshots[max(self.model.snapshots)][0]
        assert told(self.store.observations(sites), len(self.name)) == last
        newest = self.store.latest().filter(pl.col("site").is_in(sites))
        by_site = {row[0]: row for row in last}
        assert [
            (row["site"][-1], row["value"], row["quality"]) for row in newest.iter_rows(named=True)
        ] == [(site, row[2], row[3]) for site, row in sorted(by_site.items())]


def number(start: Any) -> int:
    return int((start - hour(0)).total_seconds() // 3600)


def told(found: pl.DataFrame, prefix: int) -> list[tuple[Any, ...]]:
    return [
        (
            row["site"][prefix:],
            number(row["start"]),
            row["value"],
            row["quality"],
            row["commit"],
            row["raw_row"],
        )
        for row in found.iter_rows(named=True)
    ]


@pytest.mark.slow
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_as_of_any_commit_equals_the_model(shared: Store, steps: list[tuple[Any, ...]]) -> None:
    example = Example(shared)
    for step in steps:
        example.run(step)
    if example.model.snapshots:
        example.check()
