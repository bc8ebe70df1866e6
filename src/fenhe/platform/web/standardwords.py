"""Words for what edition files call by a short name: columns of tables, kinds of values."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from fenhe.platform.web import levels


def kind(code: str) -> str:
    """Return what an unproved value decides."""
    return {
        "law": pgettext("kind of a value", "law"),
        "convention": pgettext("kind of a value", "convention"),
        "tuning": pgettext("kind of a value", "tuning"),
    }.get(code, code)


def column(name: str) -> str:
    """Return the head of a column; one this page has no word for keeps its name."""
    return _columns().get(name, name.replace("_", " "))


def in_other_language(name: str, columns: Collection[str]) -> bool:
    """Say whether a column repeats another one in the language the reader does not read."""
    mine, other = ("en", "zh") if levels.english() else ("zh", "en")
    if name != other and not name.endswith(f"_{other}"):
        return False
    return f"{name.removesuffix(other)}{mine}" in columns


def _columns() -> dict[str, str]:
    return _table_columns() | _fact_columns()


def _table_columns() -> dict[str, str]:
    return {
        "above": pgettext("column of a table", "above"),
        "advice_en": _("Advice"),
        "advice_zh": _("Advice"),
        "area": _("Area"),
        "areas_en": _("Areas"),
        "areas_zh": _("Areas"),
        "averaging": _("Averaging period"),
        "binding": _("Binding"),
        "breakpoints": _("Break points of"),
        "colour_en": _("Colour"),
        "colour_zh": _("Colour"),
        "column": _("Column"),
        "conc": _("Concentration"),
        "decimals": _("Decimals"),
        "en": _("Name"),
        "grade": _("Grade"),
        "groups": _("Groups"),
        "health_en": _("Effect on health"),
        "health_zh": _("Effect on health"),
        "iaqi": "IAQI",
        "item": _("Item"),
        "items": _("Items"),
        "level": _("Level"),
        "level_zh": _("Level"),
        "limit": _("Limit"),
        "lower": pgettext("column of a table", "from"),
        "method": _("Method"),
        "minimum": _("At least"),
        "minimum_february": _("At least, in February"),
        "of": pgettext("column of a table", "of"),
        "operation": _("Operation"),
        "per": pgettext("column of a table", "per"),
        "report": _("Report"),
        "rule": _("Rule"),
        "state": _("State"),
        "table": _("Table"),
        "upper": pgettext("column of a table", "up to"),
        "use_averaging": pgettext("column of a table", "instead"),
        "value": _("Value"),
        "weight": _("Weight"),
        "year": _("Year"),
        "alternative": _("Alternative"),
        "aqi": "AQI",
        "before": _("Before"),
        "beside": _("Beside"),
        "compare": _("Comparison"),
        "condition": _("Condition"),
        "critical": _("Critical value"),
        "dust": _("With dust"),
        "figure": _("Figure"),
        "grade_zh": _("Grade"),
        "hours": _("Hours"),
        "n": "n",
        "order": _("Order"),
        "percentile": _("Percentile"),
        "period": _("Period"),
        "region": _("Region"),
        "statistic": _("Statistic"),
        "zh": _("Name"),
        "zone": _("Zone"),
    }


def _fact_columns() -> dict[str, str]:
    return {
        "clause": _("Clause"),
        "from": _("From"),
        "note": _("Note"),
        "source": _("Source"),
        "to": _("To"),
        "unit": _("Unit"),
    }
