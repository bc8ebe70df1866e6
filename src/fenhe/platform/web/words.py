"""Items, reasons and lists in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from django.utils.translation import get_language
from django.utils.translation import gettext as _

FEW = "below_minimum:"
HOURLY_ITEMS = ("so2", "no2", "co", "o3", "pm10", "pm25")

_LABELS = {
    "so2": "SO₂",
    "no2": "NO₂",
    "co": "CO",
    "o3": "O₃",
    "o3_1h": "O₃ 1 h",
    "o3_8h": "O₃ 8 h",
    "pm10": "PM10",
    "pm25": "PM2.5",
    "aqi": "AQI",
}
_UNITS = {"co": "mg/m³", "wind_speed": "m/s", "wind_direction": "°"}


def item_label(code: str) -> str:
    """Return how an item is written; an item this page does not know keeps its code."""
    weather = {"wind_speed": _("wind speed"), "wind_direction": _("wind direction")}
    return weather.get(code) or _LABELS.get(code, code)


def unit_of(code: str) -> str:
    """Return the unit an item is written in."""
    return _UNITS.get(code, "µg/m³")


def joined(parts: Iterable[str]) -> str:
    """Join parts as the language lists them: ``a, b`` or ``a、b``."""
    return _(", ").join(parts)


def sentences(*parts: str) -> str:
    """Put sentences after one another as the language spaces them."""
    gap = " " if (get_language() or "").startswith("en") else ""
    return gap.join(part for part in parts if part)


def items_of(text: str | None) -> tuple[str, ...]:
    """Split ``pm25;pm10`` into its codes."""
    return tuple(part for part in (text or "").split(";") if part)


def items_text(text: str | None) -> str:
    """Return ``pm25;pm10`` as a reader writes it."""
    return _items_text(text or "", get_language())


@lru_cache(maxsize=512)
def _items_text(text: str, _language: str | None) -> str:
    return joined(item_label(code) for code in items_of(text))


def reason_text(reason: str | None) -> str:
    """Say a result's reason codes (``missing:pm10;no_data``) in words.

    A code this page has no words for is shown as it is: better unexplained than hidden.
    """
    return _reason_text(reason or "", get_language())


@lru_cache(maxsize=512)
def _reason_text(reason: str, _language: str | None) -> str:
    """Say the codes one by one, the items with too few values together at the end."""
    codes = items_of(reason)
    short = [code.partition(":")[2] for code in codes if code.startswith(FEW)]
    said = [_reason(code) for code in codes if not code.startswith(FEW)]
    if short:
        items = joined(item_label(item) for item in short)
        said.append(_("too few valid values of %(item)s") % {"item": items})
    return joined(said)


def _reason(code: str) -> str:
    kind, _colon, what = code.partition(":")
    plain = {"no_data": _("no data"), "below_minimum": _("too few valid values")}
    detailed = {
        "missing": _("%(item)s missing"),
        "exempt": _("%(item)s not in the monitoring plan"),
        "invalid": _("%(item)s not usable"),
        "beyond_table": _("%(item)s beyond the table"),
    }
    if kind in plain:
        return plain[kind]
    if kind in detailed:
        return detailed[kind] % {"item": item_label(what)}
    if kind == "unknown_value":
        return _("the value %(id)s is unknown") % {"id": what}
    return code


def counted(levels: Sequence[tuple[int, str]]) -> str:
    """Return ``12 good, 3 light pollution`` from counts and names; zero counts are left out."""
    return joined(_("%(count)d %(name)s") % {"count": n, "name": name} for n, name in levels if n)


def refusal_text(reason: str) -> str:
    """Say in words why a cell of a file was refused; an unknown code is shown as it is."""
    kind, _colon, what = reason.partition(":")
    plain = {
        "time_unreadable": _("the time can not be read"),
        "station_empty": _("no station in this row"),
        "unit_in_value": _("a unit is written into the number"),
        "too_many_digits": _("more digits than a measurement has"),
        "not_a_number": _("not a number"),
        "sentinel": _("a code for missing, not a value"),
        "negative": _("negative"),
        "out_of_range": _("beyond what the feed allows"),
    }
    stations = {
        "unknown_station": _("station %(name)s is not registered"),
        "ambiguous_station": _("station %(name)s fits more than one site"),
        "station_outside_dates": _(
            "station %(name)s was closed, not yet open or named otherwise on that day"
        ),
    }
    if kind in stations:
        return stations[kind] % {"name": what} if what else stations[kind] % {"name": "…"}
    return plain.get(kind, reason)
