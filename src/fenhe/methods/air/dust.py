"""Two series of particles: with dust days, and without them (环办监测〔2016〕120号)."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from io import StringIO
from typing import Any

import narwhals as nw

from fenhe.base.errors import BadInput
from fenhe.methods import exact, intake, labels
from fenhe.methods.across import AcrossRows
from fenhe.methods.air import words
from fenhe.methods.contract import Call, Column, Param
from fenhe.standards import Edition

ITEMS = ("pm10", "pm25")
TOLD = "dust"

_PRIVATE = f"{intake.PRIVATE}dust_"
_DUST, _LATER = f"{_PRIVATE}day", f"{_PRIVATE}later"


def evaluate(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return the frame with particles as they are and with dust days taken out, and counts.

    Reads ``area``, the day, ``pm10`` and ``pm25`` (µg/m³, daily); a day is a dust day
    where the supplied list (parameter ``dust``) or a column ``dust`` says so. Gases stay
    as they are. Which days are dust days the national centre decides, not this method.
    """
    if tuple(edition.value("removed_items").value) != ITEMS:
        raise BadInput(f"{edition.id} takes out other items than this version knows")
    frame = _with_dust(frame, call.params.get(TOLD, {}))
    frame = _with_series(frame, call)
    frame = _with_counts(frame)
    there = ~nw.col(_DUST).is_null()
    day = nw.when(nw.col(_DUST) == 1).then(nw.lit("yes")).when(there).then(nw.lit("no"))
    frame = frame.with_columns(
        dust_day=day,
        status=nw.when(there).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        edition=nw.lit(edition.id),
    )
    reasons: list[labels.Piece] = [(~there, f"missing:{TOLD}")]
    for item in ITEMS:
        value = nw.col(intake.number(item))
        reasons += [(value.is_null(), f"missing:{item}"), (value < 0, f"invalid:{item}")]
    return labels.with_pieces(frame, {"reason": reasons, "unverified": _unverified(edition)})


def _with_dust(frame: nw.LazyFrame[Any], listed: Mapping[str, Sequence[int]]) -> nw.LazyFrame[Any]:
    """Add 1 for a dust day, 0 for another, null where nobody says."""
    schema = frame.collect_schema()
    told = _told(frame) if TOLD in schema else exact.integer(nw.lit(None))
    if TOLD not in schema and not listed:
        raise BadInput(
            "air.dust_deduction needs the dust days: a column dust, or the parameter dust "
            "(--param dust=@FILE with lines area,from,to)"
        )
    if not listed:
        return frame.with_columns(told.alias(_DUST))
    days = [
        ((nw.col("area") == area) & nw.col(intake.DAY).is_in(list(numbers))).fill_null(value=False)
        for area, numbers in listed.items()
    ]
    on_list = nw.any_horizontal(*days, ignore_nulls=False)
    dust = nw.when(on_list).then(1).otherwise(nw.when(told.is_null()).then(0).otherwise(told))
    return frame.with_columns(exact.integer(dust).alias(_DUST))


def _told(frame: nw.LazyFrame[Any]) -> nw.Expr:
    told = nw.col(TOLD)
    if frame.collect_schema()[TOLD] == nw.Boolean:
        return exact.integer(told)
    word = exact.text(told).str.strip_chars().str.to_lowercase()
    return exact.integer(nw.when(word.is_in(words.YES)).then(1).when(word.is_in(words.NO)).then(0))


def _with_series(frame: nw.LazyFrame[Any], call: Call) -> nw.LazyFrame[Any]:
    made = {}
    for item in ITEMS:
        value = nw.col(intake.number(item))
        usable = nw.when(value >= 0).then(value)
        clear = nw.when(nw.col(_DUST) == 0).then(usable)
        made[f"{item}_kept"] = exact.to_float(usable, call.decimals[item])
        made[f"{item}_removed"] = exact.to_float(clear, call.decimals[item])
    return frame.with_columns(**made)


def _with_counts(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add how many days of each area are dust days, and how many values each series has."""
    names = [f"{item}_{series}" for item in ITEMS for series in ("kept", "removed")]
    frame = frame.with_columns(
        exact.integer(~nw.col(name).is_null()).alias(f"n_{name}") for name in names
    )
    counted = {f"n_{name}": nw.col(f"n_{name}") for name in names}
    counted["dust_days"] = nw.col(_DUST).fill_null(0)
    return frame.with_columns(
        exact.integer(value.sum().over("area")).alias(name) for name, value in counted.items()
    )


def _unverified(edition: Edition) -> list[labels.Piece]:
    """Name the rows that say a later rule leaves this one as it is, where they decide."""
    day, dust = nw.col(intake.DAY), nw.col(_DUST) == 1
    return [
        (dust & (day >= intake.day_number(row["from"])), row.id)
        for row in edition.table("carried_on")
        if not row.firm
    ]


def intervals(text: str) -> dict[str, tuple[int, ...]]:
    """Return the dust days (yyyymmdd) of each area from lines ``area,from,to``.

    A first line with these names is skipped; ``;`` may stand for a new line. ``BadInput``
    names the line that can not be read.
    """
    found: dict[str, set[int]] = {}
    rows = csv.reader(StringIO(text.replace(";", "\n"), newline=""))
    for number, row in enumerate(rows, start=1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or cells == ["area", "from", "to"]:
            continue
        area, first, last = _interval(cells, number)
        span = (last - first).days + 1
        days = (intake.day_number(first + timedelta(days=n)) for n in range(span))
        found.setdefault(area, set()).update(days)
    return {area: tuple(sorted(days)) for area, days in found.items()}


def _interval(cells: Sequence[str], number: int) -> tuple[str, date, date]:
    if len(cells) != 3 or not cells[0]:
        raise BadInput(f"dust, line {number}: write area,from,to")
    try:
        first, last = (date.fromisoformat(cell) for cell in cells[1:])
    except ValueError:
        raise BadInput(f"dust, line {number}: write days as 2026-03-20") from None
    if last < first:
        raise BadInput(f"dust, line {number}: {last} lies before {first}")
    return cells[0], first, last


def _outputs(_editions: Sequence[Edition], _trace: bool) -> tuple[Column, ...]:
    found = [Column("dust_day", "是否沙尘日", "whether the day is a dust day: yes or no")]
    told = {
        "kept": ("含沙尘", "with dust days"),
        "removed": ("扣除沙尘", "dust days taken out"),
    }
    for item in ITEMS:
        zh, en = words.ITEMS[item].zh, words.ITEMS[item].en
        for series, (series_zh, series_en) in told.items():
            name = f"{item}_{series}"
            found.append(
                Column(name, f"{zh}（{series_zh}）", f"{en}, {series_en}", "number", words.UG)
            )
            found.append(
                Column(
                    f"n_{name}",
                    f"{zh}（{series_zh}）有效天数",
                    f"days of the area with {en}, {series_en}",
                    "integer",
                    "d",
                )
            )
    found.append(Column("dust_days", "沙尘日数", "dust days of the area", "integer", "d"))
    return (*found, words.STATUS, words.REASON, words.UNVERIFIED, words.EDITION)


DUST_DEDUCTION = AcrossRows(
    id="air.dust_deduction",
    zh="沙尘日扣除",
    en="Particles with dust days and with dust days taken out",
    standard="DUST",
    inputs=(
        Column("area", "区域", "place, as the file names it"),
        Column("date", "日期", "Beijing day", "date"),
        words.ITEMS["pm10"],
        words.ITEMS["pm25"],
        Column(
            TOLD,
            "是否沙尘日",
            "whether the day is a dust day",
            "code",
            optional=True,
            codes=(*words.YES, *words.NO),
        ),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding="None: values stay as they are.",
    missing=(
        "A missing or unusable value is missing in both series. Where neither the list nor the "
        "column says whether a day is a dust day: not_judged, missing:dust, without the series "
        "that leaves dust out. Gases are not touched. Means and the composite index take the "
        "series that leaves dust out; shares of good and heavy days keep dust days. From "
        "2026-03-01 dust days rest on an unverified row: nothing says how the rule stands to "
        "HJ 663-2026."
    ),
    day=("date", "date"),
    params=(
        Param(
            TOLD,
            "沙尘日清单：每行 area,from,to；可用 @文件",
            "dust days: lines area,from,to (also parted by ;), or @FILE",
            "",
            intervals,
        ),
    ),
    reads_date="date",
)
