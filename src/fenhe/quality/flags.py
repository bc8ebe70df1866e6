"""The quality code of a value, and the vocabulary of flags that lead to it.

A flag is an interval on a series with a check code from this list; a value's quality is
the largest code of the flags that cover it. Missing beats all, and a missing value is
never a number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from fenhe.base.errors import BadInput


class Quality(IntEnum):
    """What is known of a value; the larger code wins."""

    NOT_CHECKED = 0
    PASS = 1
    ANNOTATED = 2  # suspect, or a person left a note: still counts
    VOID = 3  # excluded from every statistic
    MISSING = 9


@dataclass(frozen=True)
class Word:
    """One flag code: its names, and the quality it gives the values it covers."""

    code: str
    zh: str
    en: str
    quality: Quality


# Codes are stored with flags and never change their meaning; add, do not rename.
VOCABULARY: tuple[Word, ...] = (
    Word("void", "作废", "void", Quality.VOID),
    Word("note", "批注", "note", Quality.ANNOTATED),
    Word("repeated_hour", "同一小时出现不同数值", "an hour told twice", Quality.ANNOTATED),
    Word("pm25_above_pm10", "PM2.5 大于 PM10", "PM2.5 above PM10", Quality.ANNOTATED),
    Word("cap", "疑似仪器上限值", "looks like a cap", Quality.ANNOTATED),
    Word("flat", "数值不变", "flat line", Quality.ANNOTATED),
    Word("spike", "突变", "spike", Quality.ANNOTATED),
    Word("rate", "变化过快", "rate of change", Quality.ANNOTATED),
    Word("range", "超出合理范围", "beyond the plausible range", Quality.ANNOTATED),
    Word("negative", "负值", "negative", Quality.MISSING),
    Word("sentinel", "缺测代码", "code for missing", Quality.MISSING),
    Word("gap", "缺测", "gap", Quality.MISSING),
)
_BY_CODE = {word.code: word for word in VOCABULARY}

# QARTOD primary flags: 1 pass, 2 not evaluated, 3 suspect, 4 fail, 9 missing
_QARTOD = {
    Quality.NOT_CHECKED: 2,
    Quality.PASS: 1,
    Quality.ANNOTATED: 3,
    Quality.VOID: 4,
    Quality.MISSING: 9,
}
_NAMES = {
    Quality.NOT_CHECKED: ("未检查", "not checked"),
    Quality.PASS: ("通过", "passed"),
    Quality.ANNOTATED: ("存疑", "annotated"),
    Quality.VOID: ("作废", "void"),
    Quality.MISSING: ("缺测", "missing"),
}


def word(code: str) -> Word:
    """Return the vocabulary entry of a flag code; ``BadInput`` lists the known ones."""
    if code not in _BY_CODE:
        raise BadInput(f"unknown flag '{code}'; known are {', '.join(_BY_CODE)}")
    return _BY_CODE[code]


def quality_of(codes: Iterable[str]) -> Quality:
    """Return the quality of a value covered by these flags, NOT_CHECKED without any."""
    return max((word(code).quality for code in codes), default=Quality.NOT_CHECKED)


def name(quality: int, language: str = "en") -> str:
    """Return a quality code in words, ``zh`` or ``en``."""
    zh, en = _NAMES[Quality(quality)]
    return zh if language.startswith("zh") else en


def to_qartod(quality: int) -> int:
    """Return the QARTOD primary flag of a quality code."""
    return _QARTOD[Quality(quality)]


def from_qartod(flag: int) -> Quality:
    """Return the quality code of a QARTOD primary flag; ``BadInput`` for any other number."""
    for quality, known in _QARTOD.items():
        if known == flag:
            return quality
    raise BadInput(f"{flag} is no QARTOD flag; known are 1, 2, 3, 4 and 9")
