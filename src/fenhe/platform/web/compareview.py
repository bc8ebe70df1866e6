"""The comparison of two editions as a page shows it: sentence, matrix, years, places, days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, cast

import polars as pl
from django.utils.translation import gettext as _

from fenhe.base import beijing
from fenhe.platform.verdicts import editions_compare as compare
from fenhe.platform.verdicts import standing
from fenhe.platform.verdicts.editions_compare import NEW, OLD, SIDES, Count, Pair
from fenhe.platform.verdicts.judge import ITEMS
from fenhe.platform.web import addresses, levels, periodwords, standardsview, words
from fenhe.platform.web.cityplaces import SOURCES, Area, City
from fenhe.platform.web.comparestate import ROWS, State
from fenhe.standards import Row, catalogue
from fenhe.standards.compare import Difference, differences

NO_LEVEL = 0
BAR = 1000  # length of a bar of days, in its own units
LABELLED = 24  # a piece shorter than this carries no figure


@dataclass(frozen=True)
class Scene:
    """What a request for the comparison came to."""

    state: State
    cities: Mapping[str, City]
    place: str  # the name of the region chosen, empty for all
    areas: Sequence[Area]  # to choose from
    both: Pair
    days: pl.DataFrame
    years: pl.DataFrame | None  # None: not one whole year

    def name(self, key: str) -> str:
        """Return the name of a city."""
        return self.cities[key].name if key in self.cities else key

    @cached_property
    def places(self) -> pl.DataFrame:
        """One row a place; see ``editions_compare.places``."""
        return compare.places(self.days)

    def total(self, column: str) -> int:
        """Return the sum of a column of the places."""
        return int(self.places[column].sum())

    def share(self, side: str) -> Decimal | None:
        """Return the share of good days among those with a level, in percent."""
        part, whole = self.total(f"good_{side}"), self.total(f"judged_{side}")
        return compare.share(part, whole, self.both.index(side))

    @cached_property
    def listed(self) -> pl.DataFrame:
        """The days of the list: what changed, or what the address picks."""
        pick = self.state.pick
        if "-" in pick:
            old, new = (int(part) or None for part in pick.split("-"))
            fits = pl.col("level_old").eq_missing(old) & pl.col("level_new").eq_missing(new)
            return self.days.filter(fits).sort("start", "site")
        ways = [pick] if pick else list(compare.WAYS)
        return self.days.filter(pl.col("way").is_in(ways)).sort("start", "site")


def where(scene: Scene) -> str:
    """Return the place of the comparison in words."""
    return scene.place or _("All cities")


def sources() -> list[dict[str, str]]:
    """Return the sources to choose from."""
    return [{"code": code, "label": periodwords.source(code)} for code in reversed(SOURCES)]


def sentence(scene: Scene) -> str:
    """Say how many days and cities change, which way, and what becomes of the good days."""
    judged = scene.days.filter(pl.col("way") != compare.NONE)
    facts = {
        "place": where(scene),
        "span": scene.state.label,
        "old": standardsview.code(scene.both.old),
        "new": standardsview.code(scene.both.new),
        "days": judged.height,
        "cities": judged["site"].n_unique(),
        "changed": scene.total("changed"),
        "worse": scene.total(compare.WORSE),
    }
    if not judged.height:
        return _("%(place)s, %(span)s: no day has an AQI under either edition.") % facts
    return words.sentences(_changed_text(facts) % facts, _good(scene), _withheld(scene))


def _changed_text(facts: Mapping[str, Any]) -> str:
    if not facts["changed"]:
        return _(
            "%(place)s, %(span)s: of %(days)d days of %(cities)d cities none changes its level "
            "from %(old)s to %(new)s."
        )
    if facts["changed"] == facts["worse"]:
        return _(
            "%(place)s, %(span)s: of %(days)d days of %(cities)d cities %(changed)d change their "
            "level from %(old)s to %(new)s, all for the worse."
        )
    return _(
        "%(place)s, %(span)s: of %(days)d days of %(cities)d cities %(changed)d change their "
        "level from %(old)s to %(new)s, %(worse)d of them for the worse."
    )


def _good(scene: Scene) -> str:
    old, new = scene.share(OLD), scene.share(NEW)
    if old is None or new is None:
        return ""
    return _("Good days: %(old)s %% by the former, %(new)s %% by the new one.") % {
        "old": old,
        "new": new,
    }


def _withheld(scene: Scene) -> str:
    count = scene.total(compare.WITHHELD)
    if not count:
        return ""
    return _("%(count)d days lose their AQI because an item is missing (5.3.1).") % {"count": count}


def yearly_sentence(scene: Scene) -> str:
    """Say how many cities meet the limits of the year under each edition."""
    if scene.years is None:
        return _("The limits of a year judge whole calendar years: choose January to December.")
    old, new = (compare.counted(scene.years, f"all_{side}") for side in SIDES)
    if not (old.met + old.failed or new.met + new.failed):
        return _("No city can be judged for %(year)d as a whole.") % {"year": scene.state.year or 0}
    facts = {
        "year": scene.state.year,
        "judged": old.met + old.failed,
        "met_old": old.met,
        "met_new": new.met,
        "old": standardsview.code(scene.both.old_limits),
        "new": standardsview.code(scene.both.new_limits),
    }
    return (
        _(
            "Of %(judged)d cities judged for %(year)d, %(met_old)d meet every limit of %(old)s "
            "and %(met_new)d every limit of %(new)s."
        )
        % facts
    )


def matrix(scene: Scene) -> dict[str, Any]:
    """Return the table of days by both levels; each count leads to its days."""
    counts = {(old, new): n for old, new, n in compare.matrix(scene.days).iter_rows()}
    olds = sorted({old or NO_LEVEL for old, _new in counts}, key=_last)
    news = sorted({new or NO_LEVEL for _old, new in counts}, key=_last)
    rows = []
    for old in olds:
        cells = [_cell(scene.state, counts, old, new) for new in news]
        total = sum(n for (a, _b), n in counts.items() if (a or NO_LEVEL) == old)
        rows.append({"level": _level(old, scene.both.old.id), "cells": cells, "total": total})
    totals = [sum(n for (_a, b), n in counts.items() if (b or NO_LEVEL) == new) for new in news]
    heads = [_level(new, scene.both.new.id) for new in news]
    return {"heads": heads, "rows": rows, "totals": totals, "total": scene.days.height}


def _last(level: int) -> int:
    return level or 99


def _cell(
    state: State, counts: Mapping[tuple[int | None, int | None], int], old: int, new: int
) -> dict[str, Any]:
    n = counts.get((old or None, new or None), 0)
    url = f"?{state.query(pick=f'{old}-{new}', start=0)}#days" if n and (old or new) else ""
    return {"n": n, "url": url, "same": old == new, "to": new}


def _level(number: int, edition: str) -> dict[str, Any]:
    found = levels.level_named(number, edition)
    return {"number": number, "name": found.name if found else _("no level")}


def bars(scene: Scene) -> list[dict[str, Any]]:
    """Return the days by level under each edition as two bars of equal scale."""
    found = []
    for side in SIDES:
        counts = scene.days[f"level_{side}"].value_counts().iter_rows()
        by_level = {level or NO_LEVEL: n for level, n in counts}
        pieces, x = [], 0.0
        for level in sorted(by_level, key=_last):
            width = BAR * by_level[level] / scene.days.height
            name = _level(level, scene.both.index(side).id)["name"]
            text = str(by_level[level]) if width >= LABELLED else ""
            middle = f"{x + width / 2:.1f}"
            pieces.append(
                {
                    "level": level,
                    "x": f"{x:.1f}",
                    "width": f"{width:.1f}",
                    "middle": middle,
                    "text": text,
                    "name": name,
                    "n": by_level[level],
                }
            )
            x += width
        found.append({"code": standardsview.code(scene.both.index(side)), "pieces": pieces})
    return found


def causes(scene: Scene) -> list[dict[str, Any]]:
    """Return what made the changes: items, which way, days."""
    return [
        {"items": words.items_text(cause) or _("not known"), "way": way_text(way), "n": n}
        for cause, way, n in compare.causes(scene.days).iter_rows()
    ]


def way_text(way: str) -> str:
    """Return a way in words."""
    return {
        compare.WORSE: _("worse level"),
        compare.BETTER: _("better level"),
        compare.WITHHELD: _("no AQI any more"),
        compare.GAINED: _("AQI where there was none"),
        compare.SAME: _("same level"),
    }.get(way, _("no level"))


def ways(scene: Scene) -> list[dict[str, Any]]:
    """Return the ways that occur, each with its days and its list; all of them first."""
    told = [("", _("all that changed"), scene.total("changed"))]
    told += [(way, way_text(way), scene.total(way)) for way in compare.WAYS]
    return [
        {
            "code": code,
            "label": label,
            "n": n,
            "url": f"?{scene.state.query(pick=code, start=0)}#days",
        }
        for code, label, n in told
        if n or not code
    ]


def yearly(scene: Scene) -> dict[str, Any] | None:
    """Return how many cities meet the limits of the year: as a whole in each reading, by item."""
    if scene.years is None:
        return None
    names = compare.reading_names()
    edition = catalogue().editions(standing.AREA_STANDARD)[-1]
    readings = [
        {
            "label": reading_text(names[reading]),
            "id": names[reading],
            "url": addresses.value(f"{edition.id}/city_year_compliance"),
            **_counts(scene.years, reading),
            "lost": words.joined(scene.name(key) for key in compare.lost(scene.years, reading)),
        }
        for reading in compare.READINGS
    ]
    items = [
        {"label": words.item_label(item), **_counts(scene.years, f"{item}_all")} for item in ITEMS
    ]
    return {"readings": readings, "items": items}


def _counts(years: pl.DataFrame, column: str) -> dict[str, Any]:
    old, new = (compare.counted(years, f"{column}_{side}") for side in SIDES)
    return {"old": old, "new": new, "difference": _signed(new.met - old.met, old, new)}


def _signed(difference: int, old: Count, new: Count) -> str:
    if not (old.met + old.failed and new.met + new.failed):
        return ""
    return f"{difference:+d}".replace("-", "−") if difference else "0"


def reading_text(name: str) -> str:
    """Return a reading of a complying year in words; an unknown one keeps its name."""
    return {
        "all_statistics": _("every statistic with a limit"),
        "means_and_co_o3_percentiles": _(
            "means of SO₂, NO₂, PM10, PM2.5, percentiles of CO and O₃"
        ),
    }.get(name, name)


def place_rows(scene: Scene) -> list[dict[str, Any]]:
    """Return the table of cities: days, good ones under both, changes, the year."""
    verdicts = {} if scene.years is None else {r["site"]: r for r in scene.years.to_dicts()}
    rows = []
    for row in scene.places.iter_rows(named=True):
        year = verdicts.get(row["site"], {})
        shares = {
            f"share_{side}": compare.share(
                row[f"good_{side}"], row[f"judged_{side}"], scene.both.index(side)
            )
            for side in SIDES
        }
        rows.append(
            {
                **row,
                **shares,
                "url": addresses.city(row["site"]),
                "name": scene.name(row["site"]),
                "year": [_met(scene, row["site"], year, side) for side in SIDES],
            }
        )
    return rows


def _met(scene: Scene, key: str, year: Mapping[str, Any], side: str) -> dict[str, str]:
    told = year.get(f"all_{side}")
    text = {True: _("met"), False: _("not met")}.get(told) if told is not None else None
    return {"text": text or "—", "url": year_url(scene, key, side) if year else ""}


def year_url(scene: Scene, key: str, side: str) -> str:
    """Return the evidence of a city's year under one edition."""
    assessment = standing.air_key("year", scene.state.subject, scene.both.limits(side).id)
    return addresses.evidence(assessment, key, str(scene.state.year))


def day_rows(scene: Scene) -> list[dict[str, Any]]:
    """Return one page of the list of days, each side leading to its evidence."""
    page = scene.listed.slice(scene.state.start, ROWS)
    return [_day_row(scene, row) for row in page.iter_rows(named=True)]


def _day_row(scene: Scene, row: Mapping[str, Any]) -> dict[str, Any]:
    day = beijing.day_of(row["start"])
    sides = [_side(scene, row, side, day) for side in SIDES]
    return {
        "day": day.isoformat(),
        "name": scene.name(row["site"]),
        "site": row["site"],
        "sides": sides,
        "cause": words.items_text(row["cause"]),
        "way": way_text(row["way"]),
    }


def _side(scene: Scene, row: Mapping[str, Any], side: str, day: date) -> dict[str, Any]:
    edition = scene.both.index(side)
    level = _level(row[f"level_{side}"] or NO_LEVEL, edition.id)
    aqi = row[f"aqi_{side}"]
    withheld = aqi is None and row[f"aqi_of_available_{side}"] is not None
    key = standing.daily_key(scene.state.subject, edition.id)
    return {
        "label": standardsview.code(edition),
        "level": level["number"],
        "name": level["name"],
        "aqi": "—" if aqi is None else str(aqi),
        "rest": row[f"aqi_of_available_{side}"] if withheld else None,
        "primary": words.items_text(row[f"primary_{side}"]),
        "why": words.reason_text(row[f"reason_{side}"]) if aqi is None else "",
        "unverified": row[f"unverified_{side}"],
        "url": addresses.evidence(key, row["site"], day.isoformat()),
    }


def reasons(both: Pair) -> list[dict[str, Any]]:
    """Return the break points and limits that differ, out of the editions themselves."""
    index = _differences(both.old.id, both.new.id, "breakpoints", "conc")
    limits = _differences(both.old_limits.id, both.new_limits.id, "limits", "limit")
    return [*index, *limits]


def _differences(old: str, new: str, table: str, cell: str) -> Iterator[dict[str, Any]]:
    editions = [catalogue().edition(one) for one in (old, new)]
    for found in differences(*editions):
        if found.what == "changed" and found.cell == cell and found.id.startswith(f"{table}/"):
            yield _reason(found, old, new)


def _reason(found: Difference, old: str, new: str) -> dict[str, Any]:
    row = cast("Row", catalogue().find(f"{new}/{found.id}"))
    if "iaqi" in row.cells:
        what = _("concentration at IAQI %(iaqi)d") % {"iaqi": row["iaqi"]}
    else:
        what = _("limit, grade %(grade)s") % {"grade": row["grade"]}
    return {
        "item": words.item_label(row["item"]),
        "averaging": standardsview.cell_text("averaging", row["averaging"]),
        "what": what,
        "unit": row.unit,
        "before": standardsview.shown(found.before),
        "after": standardsview.shown(found.after),
        "urls": [addresses.value(f"{edition}/{found.id}") for edition in (old, new)],
        "codes": [standardsview.code(catalogue().edition(edition)) for edition in (old, new)],
    }


def rule_changes(both: Pair) -> list[dict[str, Any]]:
    """Return the rule on days with a missing item, where it differs (5.3.1 of the new edition)."""
    found = []
    for part in differences(both.old, both.new):
        if part.id == "missing_publish_above":
            owner = both.new
            value = owner.value(part.id)
            found.append(
                {
                    "title": standardsview.title(value),
                    "clause": standardsview.clause(value),
                    "before": standardsview.shown(part.before) or "—",
                    "after": standardsview.shown(part.after) or "—",
                    "url": addresses.value(f"{owner.id}/{part.id}"),
                }
            )
    return found


def states_differ(both: Pair, first: date) -> bool:
    """Say whether gases of the first day refer to another state of the air than the new limits."""
    return any(
        both.old_limits.limit(item, _averaging(item), "II", first).reference_state
        != both.new_limits.limit(item, _averaging(item), "II").reference_state
        for item in ITEMS
    )


def _averaging(item: str) -> str:
    return "mda8" if item == "o3" else "24h"
