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


# Codes are stored with flags and never change their meaning; add, do not rename. Between flags
# of one quality the earlier word leads: people, then marks, then the logger, then checks.
VOCABULARY: tuple[Word, ...] = (
    Word("void", "作废", "void", Quality.VOID),
    Word("note", "批注", "note", Quality.ANNOTATED),
    Word("accepted", "人工确认有效", "accepted by a person", Quality.PASS),
    # what the operator declares of the instrument: the data are no measurement of the source
    Word("mark_calibration", "标记：校准", "marked: calibration", Quality.VOID),
    Word("mark_standard_check", "标记：标样核查", "marked: standard-sample check", Quality.VOID),
    Word("mark_maintenance", "标记：日常维护", "marked: maintenance", Quality.VOID),
    Word("mark_fault", "标记：设备故障", "marked: instrument fault", Quality.VOID),
    # what the operator declares of the plant: the data stay measurements
    Word("mark_stopped", "标记：停运", "marked: stopped", Quality.ANNOTATED),
    Word("mark_startup", "标记：启动", "marked: start-up", Quality.ANNOTATED),
    Word("mark_shutdown", "标记：停机", "marked: shut-down", Quality.ANNOTATED),
    Word("mark_process_fault", "标记：设施故障", "marked: plant fault", Quality.ANNOTATED),
    Word("mark_condition", "标记：非正常工况", "marked: abnormal condition", Quality.ANNOTATED),
    # what the data logger says of its own value
    Word("logger_stopped", "数采仪：停运", "logger: out of service (F)", Quality.VOID),
    Word("logger_maintenance", "数采仪：维护", "logger: maintenance (M)", Quality.VOID),
    Word("logger_set", "数采仪：设定值", "logger: set by hand (S)", Quality.VOID),
    Word("logger_fault", "数采仪：故障", "logger: fault (D)", Quality.VOID),
    Word("logger_calibration", "数采仪：校准", "logger: calibration (C)", Quality.VOID),
    Word("logger_over_range", "数采仪：超测量上限", "logger: above range (T)", Quality.VOID),
    Word("logger_link", "数采仪：通讯异常", "logger: link down (B)", Quality.VOID),
    Word("logger_power", "数采仪：电源故障", "logger: power fault (P)", Quality.VOID),
    Word("logger_abnormal", "数采仪：异常数据", "logger: abnormal (2)", Quality.VOID),
    Word("logger_unknown", "数采仪：未知标记", "logger: unknown letter", Quality.VOID),
    # checks made here: they suspect, a person decides
    Word("logger_disagrees", "数采仪统计值不符", "logger's mean disagrees", Quality.ANNOTATED),
    Word("conversion_disagrees", "折算值不符", "converted value disagrees", Quality.ANNOTATED),
    Word("repeated_hour", "同一小时出现不同数值", "an hour told twice", Quality.ANNOTATED),
    Word("pm25_above_pm10", "PM2.5 大于 PM10", "PM2.5 above PM10", Quality.ANNOTATED),
    Word("cross", "参数间关系不符", "parameters contradict", Quality.ANNOTATED),
    Word("neighbour", "与邻近点位不符", "unlike its neighbours", Quality.ANNOTATED),
    Word("out_of_control", "失控时段", "out of control", Quality.ANNOTATED),
    Word("drift", "校准间漂移", "drift between calibrations", Quality.ANNOTATED),
    Word("repeat", "数据段重复", "repeated pattern", Quality.ANNOTATED),
    Word("cap", "疑似仪器上限值", "looks like a cap", Quality.ANNOTATED),
    Word("flat", "数值不变", "flat line", Quality.ANNOTATED),
    Word("low_variance", "波动过小", "low variance", Quality.ANNOTATED),
    Word("spike", "突变", "spike", Quality.ANNOTATED),
    Word("rate", "变化过快", "rate of change", Quality.ANNOTATED),
    Word("range", "超出合理范围", "beyond the plausible range", Quality.ANNOTATED),
    Word("negative", "负值", "negative", Quality.MISSING),
    Word("sentinel", "缺测代码", "code for missing", Quality.MISSING),
    Word("gap", "缺测", "gap", Quality.MISSING),
)
_BY_CODE = {word.code: word for word in VOCABULARY}
_ORDER = {code: place for place, code in enumerate(_BY_CODE)}

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


def leading(codes: Iterable[str]) -> str | None:
    """Return the flag that is named first when several cover a value; None without any.

    The one of the worst quality; among those the earlier word of the vocabulary.
    """
    return min(codes, key=lambda code: (-word(code).quality, _ORDER[code]), default=None)


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
