"""What a decision would change, told before it is made: values by quality, flags, verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from django.utils.translation import gettext as _

from fenhe.base.errors import BadInput
from fenhe.platform import owner
from fenhe.platform.verdicts.models import Assessment
from fenhe.platform.web import outletwords, reviewwords
from fenhe.platform.web.levels import english
from fenhe.quality import flags as vocabulary
from fenhe.quality import review
from fenhe.quality.flags import Quality
from fenhe.quality.review import Edit
from fenhe.store import Store

KEY = ["site", "item", "statistic"]
_SPAN = [*KEY, "start", "end", "quality"]
# how far before its end a cell of a grain may begin
_LENGTH = {"1h": 1, "day": 24, "month": 31 * 24, "quarter": 92 * 24, "year": 366 * 24}


@dataclass(frozen=True)
class Effect:
    """What an edit would do."""

    values: int
    changes: list[dict[str, Any]]  # before, after (words), count
    lifted: list[dict[str, Any]]
    raised: int
    verdicts: list[dict[str, Any]]  # title, count
    nothing: str  # why it would do nothing; empty when it does

    @property
    def changed(self) -> int:
        """How many values would have another quality."""
        return sum(row["count"] for row in self.changes if row["before"] != row["after"])


def of(edit: Edit) -> Effect:
    """Return what an edit would do now. Raises ``BadInput`` for one that can not be."""
    store = owner.store()
    edit.check()
    standing = store.flags([edit.site], edit.start, edit.end, cleared=False)
    values = _values(store, edit)
    try:
        plan = review.plan(edit, standing)
    except BadInput:  # the edit can be: there is just nothing a person declared void
        none = _("nothing in this span was declared void")
        return Effect(values.height, [], [], 0, [], none)
    gone = standing.filter(pl.col("flag").is_in(plan.lifted))
    after = pl.concat(
        [
            standing.filter(~pl.col("flag").is_in(plan.lifted)).select(_SPAN),
            _coded(plan.raised).select(_SPAN),
        ]
    )
    return Effect(
        values.height,
        _changes(values, after),
        [reviewwords.flag_row(edit.site, row) for row in gone.iter_rows(named=True)],
        plan.raised.height,
        verdicts(edit.site, edit.items, edit.start, edit.end),
        "",
    )


def _values(store: Store, edit: Edit) -> pl.DataFrame:
    frames = [
        store.observations([edit.site], edit.items, one, edit.start, edit.end).select(
            "site", "item", pl.lit(one).alias("statistic"), pl.col("start").alias("at"), "quality"
        )
        for one in edit.statistics
    ]
    return pl.concat(frames)


def _coded(flags: pl.DataFrame) -> pl.DataFrame:
    """Return flags with the quality the vocabulary gives them."""
    codes = {code: int(vocabulary.word(code).quality) for code in flags["check"].unique()}
    quality = pl.col("check").replace_strict(codes, default=0, return_dtype=pl.UInt8)
    return flags.with_columns(quality=quality)


def _changes(values: pl.DataFrame, flags: pl.DataFrame) -> list[dict[str, Any]]:
    covering = values.select(*KEY, "at").join(
        flags.rename({"quality": "code"}), on=KEY
    ).filter(pl.col("start") <= pl.col("at"), pl.col("at") < pl.col("end"))  # fmt: skip
    codes = covering.group_by(*KEY, "at").agg(pl.col("code").max())
    both = values.join(codes, on=[*KEY, "at"], how="left").with_columns(
        pl.col("code").fill_null(int(Quality.NOT_CHECKED))
    )
    counts = both.group_by("quality", "code").len().sort("quality", "code")
    return [
        {
            "before": reviewwords.quality_text(before),
            "after": reviewwords.quality_text(after),
            "count": count,
        }
        for before, after, count in counts.iter_rows()
    ]


def verdicts(
    site: str, items: Sequence[str], start: datetime, end: datetime
) -> list[dict[str, Any]]:
    """Return how many standing verdicts of a place rest on a span, by assessment: title, count."""
    cells = owner.store().cells
    books = cells.assessments()
    asked = Assessment.objects.filter(active=True, key__in=list(books)).exclude(subject="published")
    found = []
    for one in asked:
        back = timedelta(hours=_LENGTH.get(one.grain, 1))
        objects = [site, *(f"{site}/{item}" for item in items)]
        rows = cells.read(one.key, objects, start - back, end, columns=["end"])
        count = rows.filter(pl.col("end") > start).height
        if count:
            title = one.title_en if english() else one.title_zh
            found.append({"title": title, "count": count})
    return found


def edit_text(edit: Edit) -> dict[str, Any]:
    """Return a decision in words for the person who is to confirm it."""
    return {
        "kind": reviewwords.kind_text(edit.kind),
        "items": [reviewwords.item_label(edit.site, item) for item in edit.items],
        "statistics": [reviewwords.statistic_text(one) for one in edit.statistics],
        "span": outletwords.span_text(edit.start, edit.end),
        "reason": edit.reason,
    }
