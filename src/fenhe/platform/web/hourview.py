"""The map's hour as the page shows it: rows worst first, features, the sentence on top."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fenhe.platform.web import levels, words
from fenhe.platform.web.state import MapState


class Who(NamedTuple):
    """Whose mark it is: key, name, the city it lies in, longitude and latitude."""

    key: str
    name: str
    city: str = ""
    place: tuple[float, float] | None = None


@dataclass(frozen=True)
class Mark:
    """One station or city in one hour under one edition; ``index`` is the AQI or an item's IAQI."""

    who: Who
    index: int | None
    level: int | None
    category: str
    primary: str
    value: float | None
    decimals: int | None
    reason: str
    unverified: str
    judged: bool  # there is a cell, so there is evidence

    @property
    def value_text(self) -> str:
        """The value with the decimals its source wrote; nothing when it is missing."""
        return "" if self.value is None else f"{self.value:.{self.decimals or 0}f}"

    def say(self, item: str) -> str:
        """Return the mark as one short line: what the map's tip shows."""
        parts = []
        if item != "aqi" and self.value is not None:
            parts.append(f"{words.item_label(item)} {self.value_text} {words.unit_of(item)}")
        if self.index is not None:
            parts += [f"{index_name(item)} {self.index}", self.category]
        if item == "aqi" and self.primary:
            parts.append(self.primary)
        return " · ".join(parts) or self.reason or _("no data")


def index_name(item: str) -> str:
    """Return what the index of an item is called."""
    return "AQI" if item == "aqi" else "IAQI"


def stations(rows: Iterable[Mapping[str, Any]], state: MapState) -> list[Mark]:
    """Return one mark a station of ``map_state``, worst first, those without an index last."""
    marks = [_mark(row, _station(row), state) for row in rows]
    return sorted(marks, key=lambda m: (m.index is None, -(m.index or 0), not m.judged, m.who.key))


def cities(rows: Iterable[Mapping[str, Any]], state: MapState) -> list[Mark]:
    """Return one mark a city of ``map_state`` that has a verdict, worst first."""
    marks = [_mark(row, Who(row["city"], row["city_name"]), state) for row in rows]
    return sorted(
        (m for m in marks if m.index is not None), key=lambda m: (-(m.index or 0), m.who.key)
    )


def _station(row: Mapping[str, Any]) -> Who:
    place = None if row["lon"] is None else (row["lon"], row["lat"])
    return Who(row["site"], row["name"], row["city_name"], place)


def _mark(row: Mapping[str, Any], who: Who, state: MapState) -> Mark:
    index = row["aqi"] if state.item == "aqi" else row["iaqi"]
    level = levels.level_of(index, state.edition)
    return Mark(
        who=who,
        index=index,
        level=level.number if level else None,
        category=level.name if level else "",
        primary=words.items_text(row["primary"]),
        value=row.get("value"),
        decimals=row.get("decimals"),
        reason=_why_not(row, index),
        unverified=row["unverified"] or "",
        judged=row["status"] is not None,
    )


def _why_not(row: Mapping[str, Any], index: int | None) -> str:
    """Say why there is no index; nothing when there is one."""
    if index is not None:
        return ""
    reason = words.reason_text(row["reason"]) or _("no data")
    if row["status"] == "not_published":
        return _("not published: %(reason)s") % {"reason": reason}
    return reason


def features(marks: Sequence[Mark], item: str) -> dict[str, Any]:
    """Return the stations as GeoJSON points; one without coordinates is in the table only."""
    found = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": list(mark.who.place)},
            "properties": {
                "key": mark.who.key,
                "name": mark.who.name,
                "city": mark.who.city,
                "level": mark.level or 0,
                "text": mark.say(item),
            },
        }
        for mark in marks
        if mark.who.place is not None
    ]
    return {"type": "FeatureCollection", "features": found}


def sentence(marks: Sequence[Mark], city_marks: Sequence[Mark], place: str, state: MapState) -> str:
    """Return what a person would say aloud: how many stations at which level, and the worst."""
    what = "" if state.item == "aqi" else words.item_label(state.item)
    opening = {"time": state.label, "place": place, "what": what, "n": len(marks)}
    counts = Counter(mark.level for mark in marks if mark.level)
    if not counts:
        return _("%(time)s, %(place)s: no station has a verdict in this hour.") % opening
    named = [(counts[x.number], x.name) for x in levels.levels(state.edition)]
    unscored = len(marks) - counts.total()
    if unscored:
        named.append((unscored, _("without a verdict")))
    head = ngettext(
        "%(time)s, %(place)s, %(n)d station: %(parts)s.",
        "%(time)s, %(place)s, %(n)d stations: %(parts)s.",
        len(marks),
    )
    if what:
        head = ngettext(
            "%(time)s, %(place)s, %(what)s at %(n)d station: %(parts)s.",
            "%(time)s, %(place)s, %(what)s at %(n)d stations: %(parts)s.",
            len(marks),
        )
    said = head % {**opening, "parts": words.counted(named)}
    return words.sentences(said, _worst(marks, city_marks, state.item))


def _worst(marks: Sequence[Mark], city_marks: Sequence[Mark], item: str) -> str:
    """Name the worst city; where cities have no verdict of their own, the worst station."""
    if city_marks:
        worst = city_marks[0]
        plain = _("Worst city: %(name)s, %(index)s %(value)d (%(category)s).")
        full = _(
            "Worst city: %(name)s, %(index)s %(value)d (%(category)s), "
            "primary pollutant %(primary)s."
        )
    else:
        worst = marks[0]
        plain = _("Worst station: %(name)s, %(index)s %(value)d (%(category)s).")
        full = _(
            "Worst station: %(name)s, %(index)s %(value)d (%(category)s), "
            "primary pollutant %(primary)s."
        )
    return (full if worst.primary and item == "aqi" else plain) % {
        "name": worst.who.name,
        "index": index_name(item),
        "value": worst.index,
        "category": worst.category,
        "primary": worst.primary,
    }
