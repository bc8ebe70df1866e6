"""Why the cell of a day, month, quarter or year says so: its inputs, one step down, and the run.

The inputs of a period are the cells of its days, those of a city's day the days of its
stations, those of a station's day its hours with the bytes they came from. Each input that is
a cell has an evidence of its own, so that a year opens down to a byte in three steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from fenhe import standards
from fenhe.base import beijing
from fenhe.methods import registry as methods
from fenhe.methods.air import stages
from fenhe.methods.air.words import ITEMS as WORDS
from fenhe.methods.frames import apply
from fenhe.platform.verdicts import daily, dirty, sources
from fenhe.platform.verdicts.hours import city_members, question_of
from fenhe.platform.verdicts.judge import ITEMS, VALUES, Question
from fenhe.platform.verdicts.models import Assessment
from fenhe.quality.flags import Quality
from fenhe.store import Store

PERCENTILES = {"so2": 98, "no2": 98, "co": 95, "o3": 90, "pm10": 95, "pm25": 95}
WORK = 6  # decimals of a day value
FIRST_YEAR = 1900
INDEX_ITEMS = ("so2", "no2", "co", "o3_8h", "o3_1h", "pm10", "pm25")


@dataclass(frozen=True)
class Lower:
    """One cell that was read: the assessment, the object and start of its own evidence."""

    assessment: str
    target: str
    start: datetime
    end: datetime
    commit: int
    input_digest: str
    values: dict[str, dict[str, Any]]  # item -> exact (text), ok, n, due
    o3_1h: float | None = None  # largest hour of ozone of a station's day


@dataclass(frozen=True)
class Asked:
    """One cell of a period, as known at a commit."""

    assessment: Assessment
    target: str
    cell: dict[str, Any]
    as_of: int | None = None


@dataclass(frozen=True)
class Found:
    """What a cell rests on: cells or values, and the same cell computed anew."""

    lower: list[Lower]
    values: list[dict[str, Any]]
    again: dict[str, Any]


def inputs(store: Store, asked: Asked) -> Found:
    """Read what the cell rests on and compute it anew. Empty ``again``: nothing to compute."""
    question = question_of(asked.assessment)
    if question.parameters.get("period", "day") != "day":
        return _of_period(store, asked, question)
    if "period" not in question.parameters:
        return _of_index(store, asked, question)
    if asked.assessment.subject == Assessment.Subject.CITY:
        return _of_city_day(store, asked, question)
    return _of_values(store, asked, question)


def _of_period(store: Store, asked: Asked, question: Question) -> Found:
    cells = _lower_cells(store, asked, question, [asked.target])
    again = daily.periods(cells, question) if cells.height else cells
    return Found(_lower(cells, question.rests_on or ""), [], _row(again))


def _of_index(store: Store, asked: Asked, question: Question) -> Found:
    cells = _lower_cells(store, asked, question, [asked.target])
    again = daily.aqi_days(cells, question) if cells.height else cells
    return Found(_lower(cells, question.rests_on or ""), [], _row(again))


def _of_city_day(store: Store, asked: Asked, question: Question) -> Found:
    day = beijing.day_of(asked.cell["start"])
    members = city_members(asked.as_of).filter(
        pl.col("area") == asked.target, pl.lit(day).is_between("since", "until")
    )
    due = members.select("area", "site", day=pl.lit(day)).unique()
    cells = _lower_cells(store, asked, question, due["site"].to_list())
    again = daily.city_days(cells, due, question) if cells.height else cells
    return Found(_lower(cells, question.rests_on or ""), [], _row(again))


def _of_values(store: Store, asked: Asked, question: Question) -> Found:
    published = asked.assessment.subject == Assessment.Subject.PUBLISHED
    statistics = dirty.DAILY if published else (dirty.STATISTIC,)
    parts = [
        store.observations(
            [asked.target], ITEMS, statistic, asked.cell["start"], asked.cell["end"], asked.as_of
        )
        for statistic in statistics
    ]
    values = pl.concat(parts)
    judge: Callable[[pl.DataFrame, Question], pl.DataFrame]
    judge = daily.published_days if published else daily.site_days
    again = judge(values.select(VALUES), question) if values.height else values
    rows = [
        {**row, "void": row["quality"] >= Quality.VOID, "unit": WORDS[row["item"]].unit}
        for row in sources.with_bytes(store, values)
    ]
    return Found([], rows, _row(again))


def _lower_cells(store: Store, asked: Asked, question: Question, sites: list[str]) -> pl.DataFrame:
    return store.cells.read(
        question.rests_on or "",
        sites,
        asked.cell["start"],
        asked.cell["end"],
        asked.as_of,
        columns=[*daily.READ, "commit"],
    )


def _row(frame: pl.DataFrame) -> dict[str, Any]:
    return frame.row(0, named=True) if frame.height else {}


def _lower(cells: pl.DataFrame, key: str) -> list[Lower]:
    return [
        Lower(
            key,
            row["site"],
            row["start"],
            row["end"],
            row["commit"],
            row["input_digest"],
            {item: _value(row, item) for item in ITEMS},
            row["o3_1h"],
        )
        for row in cells.iter_rows(named=True)
    ]


def _value(row: dict[str, Any], item: str) -> dict[str, Any]:
    exact = row[f"{item}_e6"]
    return {
        "exact": None if exact is None else f"{Decimal(exact).scaleb(-WORK).normalize():f}",
        "ok": row[f"{item}_ok"],
        "n": row[f"{item}_n"],
        "due": row[f"{item}_due"],
    }


def traced_index(lower: Lower, question: Question) -> dict[str, Any]:
    """Return the daily index of a day cell computed with its steps, as one row."""
    held = {item: told["exact"] if told["ok"] else None for item, told in lower.values.items()}
    wide = {"o3_8h" if item == "o3" else item: value for item, value in held.items()}
    frame = pl.DataFrame(
        {
            "site": [lower.target],
            "day": [int(f"{beijing.day_of(lower.start):%Y%m%d}")],
            "o3_1h": pl.Series([lower.o3_1h], dtype=pl.Float64),
            **{
                name: pl.Series([None if value is None else float(value)], dtype=pl.Float64)
                for name, value in wide.items()
            },
        }
    )
    found = apply(
        methods.method(question.method),
        frame,
        edition=question.edition,
        decimals=dict.fromkeys(wide, WORK),
        trace=True,
    )
    return found.row(0, named=True)


def index_values(lower: Lower) -> dict[str, str | None]:
    """Return the values a daily index is of: item -> exact text, None where it does not count."""
    told = {item: one["exact"] if one["ok"] else None for item, one in lower.values.items()}
    hour = None if lower.o3_1h is None else f"{Decimal(repr(lower.o3_1h)).normalize():f}"
    return {
        name: hour if name == "o3_1h" else told["o3" if name == "o3_8h" else name]
        for name in INDEX_ITEMS
    }


def same(cell: dict[str, Any], again: dict[str, Any]) -> bool:
    """Say whether the run of now gives the cell that is stored."""
    kept = {"assessment", "commit", "method_version"}
    return bool(again) and all(
        again.get(name) == value for name, value in cell.items() if name not in kept
    )


def statistics(cell: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one row an item: mean, counts, validity, compliance, and its percentile.

    Keys: ``item label_zh label_en unit mean n_valid n_due valid multiple compliant p
    percentile percentile_multiple percentile_compliant``; None where there is none.
    """
    rows = []
    for item in ITEMS:
        p = PERCENTILES[item]
        parts = ("mean", "n_valid", "n_due", "valid", "multiple", "compliant")
        upper = cell.get(f"{item}_p{p}")
        rows.append(
            {
                "item": item,
                "label_zh": WORDS["o3_8h" if item == "o3" else item].zh,
                "label_en": WORDS["o3_8h" if item == "o3" else item].en,
                "unit": WORDS[item].unit,
                **{part: cell.get(f"{item}_{part}") for part in parts},
                "p": p,
                "percentile": upper,
                "percentile_multiple": cell.get(f"{item}_p{p}_multiple"),
                "percentile_compliant": cell.get(f"{item}_p{p}_compliant"),
            }
        )
    return rows


def editions(question: Question) -> list[standards.Edition]:
    """Return the editions a cell rests on: the limits, and the evaluation rules beside them."""
    catalogue = standards.catalogue()
    found = [catalogue.edition(question.edition)] if question.edition else []
    if "period" in question.parameters and question.edition:
        found.append(catalogue.edition(stages.rules(question.edition).method))
    return found


def label_of(start: datetime, grain: str) -> str:
    """Return how a period is written: ``2016-11-03``, ``2016-11``, ``2016-Q4``, ``2016``."""
    day = beijing.day_of(start)
    return {
        "day": f"{day:%Y-%m-%d}",
        "month": f"{day:%Y-%m}",
        "quarter": f"{day.year:04d}-Q{(day.month + 2) // 3}",
        "year": f"{day.year:04d}",
    }[grain]


def start_of(label: str, grain: str) -> datetime | None:
    """Return the start of a period from its label; None when it is not one of that grain.

    Years before 1900 and the year 9999 are of no period here.
    """
    try:
        if grain == "day":
            day = date.fromisoformat(label)
        elif grain == "month":
            day = date.fromisoformat(f"{label}-01")
        elif grain == "quarter":
            year, _, number = label.partition("-Q")
            day = date(int(year), int(number) * 3 - 2, 1)
        else:
            day = date(int(label), 1, 1)
    except ValueError:
        return None
    if not FIRST_YEAR <= day.year < MAXYEAR:
        return None
    return beijing.start_of(day) if label_of(beijing.start_of(day), grain) == label else None
