"""A pollution rose as the page shows it: chart data, one table row a sector, the sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import polars as pl
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fenhe.methods.air.rose import POINTS
from fenhe.platform.web import levels, words

_ZH = (
    "北", "北东北", "东北", "东东北", "东", "东东南", "东南", "南东南",
    "南", "南西南", "西南", "西西南", "西", "西西北", "西北", "北西北",
)  # fmt: skip
SHOWN = Decimal("0.1")  # what the page writes of values held at 10^-6


@dataclass(frozen=True)
class Rose:
    """The rose by class of speed, and the same hours with one class for the means."""

    item: str
    classes: pl.DataFrame
    whole: pl.DataFrame

    @property
    def hours(self) -> int:
        """How many hours have wind."""
        return int(self.classes.filter(pl.col("sector").is_not_null())["n"].sum())

    @property
    def without(self) -> dict[str, int]:
        """Hours without usable wind, by reason."""
        left = self.classes.filter(pl.col("sector").is_null())
        return dict(left.select("reason", "n").iter_rows())


def point(number: int) -> str:
    """Return a point of the compass in the reader's language."""
    return POINTS[number - 1] if levels.english() else _ZH[number - 1]


def written(value: float | None) -> str:
    """Return a value held at 10^-6 with one decimal, half-even; a dash where there is none."""
    if value is None:
        return "—"
    exact = Decimal(f"{value:.6f}")
    return str(exact.quantize(SHOWN, ROUND_HALF_EVEN))


def bounds(rose: Rose) -> list[dict[str, Any]]:
    """Return the classes of speed with their bounds in words, as far as they are known."""
    seen = rose.classes.filter(pl.col("class") > 0).unique("class").sort("class")
    return [
        {"class": row["class"], "text": _bound(row["ws_from"], row["ws_to"])}
        for row in seen.iter_rows(named=True)
    ]


def _bound(low: float, high: float | None) -> str:
    return f"≥ {low:g}" if high is None else f"{low:g}–{high:g}"


def chart(rose: Rose) -> dict[str, Any]:
    """Return what the chart draws: shares of each class a sector, means a sector."""
    shares = _by(rose.classes, "share")
    means = _by(rose.whole, "mean")
    counts = _by(rose.whole, "n_valid")
    numbers = range(1, len(POINTS) + 1)
    return {
        "points": [point(n) for n in numbers],
        "classes": [
            {
                "text": f"{c['text']} m/s",
                "shares": [shares.get((n, c["class"]), 0) for n in numbers],
            }
            for c in bounds(rose)
        ],
        "means": [means.get((n, 1)) for n in numbers],
        "counts": [counts.get((n, 1), 0) for n in numbers],
        "item": words.item_label(rose.item),
        "unit": words.unit_of(rose.item),
        "words": {
            "share": _("share of hours, %"),
            "mean": _("mean"),
            "hours": _("{n} hours"),
            "none": _("no data"),
        },
    }


def _by(frame: pl.DataFrame, column: str) -> dict[tuple[int, int], Any]:
    rows = frame.filter(pl.col("sector") > 0).select("sector", "class", column)
    return {(sector, number): value for sector, number, value in rows.iter_rows()}


def rows(rose: Rose) -> list[dict[str, Any]]:
    """Return one row a sector, then calm: hours, share, mean, and the share of each class."""
    whole = {row["sector"]: row for row in rose.whole.iter_rows(named=True)}
    shares = {
        (row["sector"], row["class"]): row["share"] for row in rose.classes.iter_rows(named=True)
    }
    classes = bounds(rose)
    found = []
    for number in (*range(1, len(POINTS) + 1), 0):
        row = whole.get(number, {})
        found.append(
            {
                "name": point(number) if number else _("calm"),
                "code": POINTS[number - 1] if number else "C",
                "n": row.get("n", 0),
                "n_valid": row.get("n_valid", 0),
                "share": written(row.get("share", 0.0)),
                "mean": written(row.get("mean")),
                "classes": [
                    {
                        "label": f"{c['text']} m/s",
                        "text": written(shares.get((number, c["class"]), 0.0)) if number else "",
                    }
                    for c in classes
                ],
            }
        )
    return found


def sentence(rose: Rose, name: str, span: str) -> str:
    """Say from where the wind came most often, and from where it brought most of the item."""
    facts: dict[str, Any] = {"name": name, "span": span, "item": words.item_label(rose.item)}
    sectors = rose.whole.filter(pl.col("sector") > 0)
    if sectors.is_empty():
        return _("%(name)s, %(span)s: no hour with wind.") % facts
    often = sectors.sort("n", descending=True).row(0, named=True)
    facts |= {"often": point(often["sector"]), "share": written(often["share"])}
    valued = sectors.filter(pl.col("mean").is_not_null())
    if valued.is_empty():
        return (
            _("%(name)s, %(span)s: wind most often from %(often)s (%(share)s %% of hours).") % facts
        )
    most = valued.sort("mean", descending=True).row(0, named=True)
    facts |= {"most": point(most["sector"]), "mean": written(most["mean"])}
    facts |= {"unit": words.unit_of(rose.item)}
    facts["hours"] = _hours(most["n_valid"])
    said = _(
        "%(name)s, %(span)s: wind most often from %(often)s (%(share)s %% of hours); %(item)s "
        "highest with wind from %(most)s: %(mean)s %(unit)s on average of %(hours)s."
    )
    return said % facts


def _hours(n: int) -> str:
    return ngettext("%(n)d hour", "%(n)d hours", n) % {"n": n}


def basis(rose: Rose, settings: Mapping[str, str]) -> str:
    """Say how many hours the rose rests on, what was left out, and what calm is."""
    calm = rose.whole.filter(pl.col("sector") == 0)
    parts = {
        "hours": _hours(rose.hours),
        "calm": written(calm["share"].item() if calm.height else 0.0),
        "below": settings["calm"],
    }
    said = [
        _("%(hours)s with wind; calm (below %(below)s m/s) in %(calm)s %%.") % parts,
    ]
    missing = rose.without
    if missing:
        said.append(
            _("Left out: %(speed)d without wind speed, %(direction)d without direction.")
            % {
                "speed": missing.get("missing:ws", 0),
                "direction": missing.get("missing:wd", 0),
            }
        )
    return words.sentences(*said)


def table(rose: Rose, site: str, span: Sequence[str]) -> pl.DataFrame:
    """Return the rose by sector and class as the method gives it, with station, days and item."""
    return rose.classes.select(
        pl.lit(site).alias("station"),
        pl.lit(span[0]).alias("from"),
        pl.lit(span[1]).alias("to"),
        pl.lit(rose.item).alias("item"),
        pl.lit(words.unit_of(rose.item)).alias("unit"),
        *(c for c in rose.classes.columns if c != "unverified"),
    )
