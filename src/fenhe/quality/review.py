"""What a person decides on a span of data, as flags: accept, void, restore, annotate.

Pure: an edit and the flags that stand give the flags to raise and to lift; undoing an edit gives
those that bring the former state back. Nothing is deleted: every step is a flag of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import polars as pl

from fenhe.base.errors import BadInput
from fenhe.quality.checks import FLAG
from fenhe.quality.flags import Quality, word

PERSON = ("void", "note", "accepted")  # flags people raise by an edit


class Kind(StrEnum):
    """The four decisions."""

    ACCEPT = "accept"  # the values are right: what checks raised is lifted
    VOID = "void"  # the values count nowhere
    RESTORE = "restore"  # what a person declared void counts again
    ANNOTATE = "annotate"  # a note; the values count as before


@dataclass(frozen=True)
class Edit:
    """One decision on items of one site over a span (naive UTC, end exclusive), with its reason.

    ``statistics``: the kinds of value it is about, such as ``("1h",)``.
    """

    kind: Kind
    site: str
    items: tuple[str, ...]
    statistics: tuple[str, ...]
    start: datetime
    end: datetime
    reason: str

    def check(self) -> None:
        """Raise ``BadInput`` for an edit that can not be."""
        if self.end <= self.start:
            raise BadInput("the span must end after it starts")
        if not self.items or not self.statistics:
            raise BadInput("an edit needs at least one item and one kind of value")
        if not self.reason.strip():
            raise BadInput("say why")


@dataclass(frozen=True)
class Plan:
    """Flags to raise (columns of a flag) and numbers of standing ones to lift."""

    raised: pl.DataFrame
    lifted: list[int]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return self.raised.is_empty() and not self.lifted


def plan(edit: Edit, standing: pl.DataFrame) -> Plan:
    """Return what an edit does, given the flags that stand (as ``store.flags`` gives them).

    Accepting lifts what checks raised and the value counts again as the logger and the operator
    say: their flags are not a person's to accept away, a void one has to be restored. A flag that
    reaches beyond the span is lifted there alone: its other parts are raised anew. Raises
    ``BadInput`` for an edit that can not be, or that would do nothing.
    """
    edit.check()
    mine = _touching(edit, standing)
    if edit.kind is Kind.VOID:
        return Plan(_flags(edit, "void"), [])
    if edit.kind is Kind.ANNOTATE:
        return Plan(_flags(edit, "note"), [])
    if edit.kind is Kind.ACCEPT:
        gone = mine.filter(pl.col("check").is_in([c for c in _checks(mine) if _liftable(c)]))
        raised = pl.concat([_flags(edit, "accepted"), _outside(edit, gone)])
        return Plan(raised, gone["flag"].to_list())
    gone = mine.filter(pl.col("check") == "void")
    if gone.is_empty():
        raise BadInput("nothing in this span was declared void")
    return Plan(_outside(edit, gone), gone["flag"].to_list())


def undo(raised: Sequence[int], lifted: Sequence[int], known: pl.DataFrame) -> Plan:
    """Return what brings back the state before an edit.

    ``raised`` and ``lifted``: the numbers the edit's plan came to; ``known``: all flags, lifted
    ones too. Those it raised are lifted unless somebody did, those it lifted are raised anew with
    their words.
    """
    still = known.filter(pl.col("flag").is_in(list(raised)), pl.col("cleared_commit").is_null())
    former = known.filter(pl.col("flag").is_in(list(lifted)))
    return Plan(former.select(list(FLAG)), still["flag"].to_list())


def _touching(edit: Edit, standing: pl.DataFrame) -> pl.DataFrame:
    return standing.filter(
        pl.col("site") == edit.site,
        pl.col("item").is_in(edit.items),
        pl.col("statistic").is_in(edit.statistics),
        pl.col("start") < edit.end,
        pl.col("end") > edit.start,
        pl.col("cleared_commit").is_null(),
    )


def _checks(flags: pl.DataFrame) -> list[str]:
    return flags["check"].unique().to_list()


def _liftable(check: str) -> bool:
    """Whether accepting lifts a flag: one of a check, not of a person, a mark or the logger."""
    declared = check in PERSON or check.startswith("mark_")
    told = check.startswith("logger_") and check != "logger_disagrees"
    return not declared and not told and word(check).quality <= Quality.ANNOTATED


def _flags(edit: Edit, check: str) -> pl.DataFrame:
    rows: list[dict[str, Any]] = [
        {
            "site": edit.site,
            "item": item,
            "statistic": statistic,
            "start": edit.start,
            "end": edit.end,
            "check": check,
            "version": None,
            "limit": None,
            "reason": edit.reason.strip(),
        }
        for item in edit.items
        for statistic in edit.statistics
    ]
    return pl.DataFrame(rows, schema=FLAG)


def _outside(edit: Edit, flags: pl.DataFrame) -> pl.DataFrame:
    """Return the parts of flags that lie before and after the span of an edit."""
    before = flags.filter(pl.col("start") < edit.start).with_columns(end=pl.lit(edit.start))
    after = flags.filter(pl.col("end") > edit.end).with_columns(start=pl.lit(edit.end))
    return pl.concat([part.select(list(FLAG)).cast(FLAG) for part in (before, after)])  # type: ignore[arg-type]
