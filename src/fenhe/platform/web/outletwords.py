"""Outlets in the reader's words: items of HJ 212, units, marks, states, lengths of time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from fenhe.base import beijing
from fenhe.base.errors import FenheError
from fenhe.base.instants import naive_utc
from fenhe.platform.monitoring.frames import quantities
from fenhe.platform.web import levels
from fenhe.protocols.hj212 import tables
from fenhe.quality import flags
from fenhe.quality import marks as vocabulary

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SIGNS = {"over": "✕", "silent": "△", "never": "…", "ok": "✓", "unlimited": "✓"}
WRONG = ("over", "silent")
# formulas are known to every reader; the tables' names are longer
_SHORT = {
    "a21026": "SO₂", "a21002": "NOx", "a21001": "NH₃", "a21005": "CO", "a19001": "O₂",
    "w01018": "COD", "w21011": "TP", "w21001": "TN", "w01001": "pH",
}  # fmt: skip
_SHORT_EN = {"a34013": "PM", "a00000": "flow", "w00000": "flow", "a01011": "velocity"}
_RAISED = {"m3": "m³", "Nm3": "Nm³", "m2": "m²", "degC": "°C"}


@cache
def _names() -> Mapping[str, tuple[str, str]]:
    return {one.code.lower(): (one.zh, one.en) for one in tables.factors(quantities.EDITION)}


def item_name(code: str) -> str:
    """Return what an item is called; one in no table keeps its code."""
    if code.startswith(quantities.FACILITY) and code[2:].isdigit():
        return _("facility %(n)s") % {"n": code[2:]}
    zh, en = _names().get(code, (code, code))
    if zh == code:
        return _process_name(code)
    return en if levels.english() else zh


def _process_name(code: str) -> str:
    """Return a factor of a process with the number of its device, where the standard names one.

    The standard names them in Chinese alone: in English the code stands.
    """
    if levels.english():
        return code
    found = {one.zh for one in tables.process_of(code)}
    return f"{found.pop()} {code[-2:]}" if len(found) == 1 else code


def item_label(code: str) -> str:
    """Return the short form of an item: a formula where there is one, else its name."""
    short = _SHORT_EN.get(code) if levels.english() else None
    return short or _SHORT.get(code) or item_name(code)


def unit_text(unit: str) -> str:
    """Return a unit as people write it: ``mg/m³`` for ``mg/m3``; nothing for what has none."""
    if unit in {"", "1"}:
        return ""
    return "/".join(_RAISED.get(part, part) for part in unit.split("/"))


def unit_of(item: str, statistic: str = "1h") -> str:
    """Return the unit in which an outlet's item is kept, as people write it."""
    return unit_text(quantities.unit_of(item, statistic))


def state_text(state: str) -> str:
    """Return the state of an outlet in words."""
    words = {
        "over": _("above a limit"),
        "silent": _("silent"),
        "never": _("no data yet"),
        "ok": _("within the limits"),
        "unlimited": _("data come in"),
    }
    return words[state]


def medium_text(medium: str) -> str:
    """Return what leaves an outlet."""
    return _("flue gas") if medium == "gas" else _("waste water")


def averaging_text(averaging: str) -> str:
    """Return over what time a limit holds."""
    words = {
        "instant": _("spot value"),
        "5min": _("5 minutes"),
        "hour": _("hour"),
        "day": _("day"),
        "month": _("month"),
        "year": _("year"),
    }
    return words.get(averaging, averaging)


def age_text(seconds: float | None) -> str:
    """Return how long ago something was; a dash for never."""
    if seconds is None:
        return "—"
    if seconds < 90:
        return _("%(n)d s ago") % {"n": max(int(seconds), 0)}
    if seconds < 2 * 3600:
        return _("%(n)d min ago") % {"n": int(seconds // 60)}
    if seconds < 48 * 3600:
        return _("%(n)d h ago") % {"n": int(seconds // 3600)}
    return _("%(n)d days ago") % {"n": int(seconds // 86_400)}


def ago(moment: datetime | None, at: datetime) -> str:
    """Return how long before ``at`` a moment was, in words."""
    return age_text(None if moment is None else (at - moment).total_seconds())


def clock(moment: datetime | None, *, seconds: bool = True) -> str:
    """Return a moment (naive UTC, or aware) on Beijing's clock; empty for None."""
    if moment is None:
        return ""
    utc = moment if moment.tzinfo is None else naive_utc(moment)
    return f"{beijing.to_beijing(utc):{'%Y-%m-%d %H:%M:%S' if seconds else '%Y-%m-%d %H:%M'}}"


def span_text(start: datetime, end: datetime) -> str:
    """Return a span on Beijing's clock, the day once where it is one: ``2026-11-25 11:00–12:00``.

    Midnight at the end of a day is written 24:00.
    """
    first = f"{beijing.to_beijing(start):%Y-%m-%d %H:%M}"
    last = beijing.to_beijing(end)
    if end > start and f"{last:%H:%M}" == "00:00":
        text = f"{last - timedelta(days=1):%Y-%m-%d} 24:00"
    else:
        text = f"{last:%Y-%m-%d %H:%M}"
    return f"{first}–{text[11:] if text[:10] == first[:10] else text}"


def flag_name(check: str) -> str:
    """Return a flag's name; a code of no vocabulary is shown as it is."""
    try:
        word = flags.word(check)
    except FenheError:
        return check
    return word.en if levels.english() else word.zh


def is_flag(check: str) -> bool:
    """Say whether a code is of the vocabulary of flags."""
    try:
        flags.word(check)
    except FenheError:
        return False
    return True


@cache
def _mark_words() -> Mapping[tuple[str, str], tuple[str, str]]:
    cells = [row.cells for row in vocabulary.codes()]
    return {(str(one["of"]), str(one["code"])): (str(one["zh"]), str(one["en"])) for one in cells}


def mark_name(kind: str, code: str) -> str:
    """Return a mark in words; a code of no row is shown with the word of its kind."""
    words = _mark_words()
    found = words.get((kind, code))
    if found is None:
        zh, en = words.get((kind, "*"), (code, code))
        found = (f"{zh}（{code}）", f"{en} ({code})")
    return found[1] if levels.english() else found[0]


def number(value: float | None, decimals: int | None) -> str:
    """Return a value with the decimals its logger wrote; a dash for none."""
    if value is None:
        return "—"
    return f"{value:.{decimals or 0}f}"


def frame_text(verdict: str) -> str:
    """Return what the codec says of a frame; a word it has no words for is shown as it is."""
    words = {
        "accept": _("sound"),
        "accept_after_decrypt": _("sound, decrypted"),
        "accept_lenient": _("accepted with deviations"),
        "accept_resync": _("found again after damage"),
        "accept_merge": _("joined from parts"),
        "reject_crc": _("checksum is wrong"),
        "reject_length": _("length is wrong"),
        "reject_structure": _("not a frame of HJ 212"),
        "incomplete": _("cut off"),
        "garbage": _("no frame"),
    }
    return words.get(verdict, verdict)


def verdict_text(state: str) -> str:
    """Return how a value stands to a limit."""
    words = {
        "over": pgettext("limit", "above"),
        "within": pgettext("limit", "within"),
        "exempt": pgettext("limit", "exempt"),
        "invalid": pgettext("limit", "not valid"),
        "stopped": pgettext("limit", "stopped"),
        "none": _("not judged"),
    }
    return words.get(state, state)
