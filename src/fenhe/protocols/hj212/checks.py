"""What deviates from the editions in a frame that could be read."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fenhe.protocols.hj212 import tables, times
from fenhe.protocols.hj212.frame import Area, packet_numbers
from fenhe.protocols.hj212.numbers import number
from fenhe.protocols.hj212.problems import Problem, problem, remark

#: Suffixes whose text is a number.
NUMBERS = frozenset((
    "Rtd", "Min", "Avg", "Max", "ZsRtd", "ZsMin", "ZsAvg", "ZsMax", "Cou", "RS", "RT", "Data",
    "DayData", "NightData", "Ala", "UpValue", "LowValue", "SampleRd", "StandardValue",
))  # fmt: skip
_PLAIN = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?(?:;-?[0-9]{1,15}(?:\.[0-9]{1,15})?)*")
_CONDITION = "45"  # key production conditions: the value may be a letter
_NEEDED = ("ST", "QN", "PW", "MN", "Flag")
_NEEDED_2005 = ("ST",)
_FILLED = ("ST", "MN", "PW")


def of_header(fields: Mapping[str, str], edition: int | None) -> list[Problem]:
    """Return the deviations of the header."""
    found = []
    st, cn, qn = fields.get("ST"), fields.get("CN"), fields.get("QN")
    if not cn:
        found.append(problem("cn_missing"))
    elif cn not in tables.known_commands():
        found.append(problem("cn_unknown", cn[:8]))
    if st and st not in tables.known_systems():
        found.append(problem("st_unknown", st[:8]))
    if qn is not None and not times.is_qn(qn):
        found.append(problem("qn_form"))
    for name in _NEEDED_2005 if edition == 2005 else _NEEDED:
        if name not in fields:
            found.append(problem("field_missing", name))
    for name in _FILLED:
        if fields.get(name) == "":
            found.append(problem("field_empty", name))
    if fields.get("RF", "1") != "1":
        found.append(problem("rf_undefined"))
    return found


def of_numbers(
    fields: Mapping[str, str], flag: int | None, edition: int | None
) -> tuple[list[Problem], list[Problem]]:
    """Return the deviations and remarks about packet numbers."""
    given = "PNUM" in fields or "PNO" in fields
    told = flag is not None and bool(flag & 2)
    if not given:
        return _none_given(fields, told, edition)
    found = []
    if packet_numbers(fields.get("PNUM"), fields.get("PNO")) is None:
        found.append(problem("packet_numbers_wrong"))
    if flag is not None and not told and edition != 2005:
        found.append(problem("packet_bit_missing"))
    names = list(fields)
    both = "PNUM" in fields and "PNO" in fields
    if both and edition != 2005 and names.index("PNO") < names.index("PNUM"):
        found.append(problem("packet_order"))
    return found, []


def _none_given(
    fields: Mapping[str, str], told: bool, edition: int | None
) -> tuple[list[Problem], list[Problem]]:
    # requests of 2005 set both bits of Flag and give no numbers: the standard's own examples
    if not told or edition == 2005:
        return [], []
    if fields.get("ST", "").startswith(tables.STATION_CLASSES):
        return [], [remark("station_numbers")]
    return [problem("packet_numbers_missing")], []


def of_area(
    area: Area, fields: Mapping[str, str], edition: int | None
) -> tuple[list[Problem], list[Problem]]:
    """Return the deviations and remarks about the items of the data area."""
    found, remarks = _time(area, fields, edition)
    if len({(code, suffix) for code, suffix, _ in area.factors}) != len(area.factors):
        found.append(problem("value_twice", _first_twice(area)))
    if fields.get("ST") != _CONDITION:
        found += _no_numbers(area)
    return found, remarks


def _first_twice(area: Area) -> str:
    seen = set()
    for code, suffix, _ in area.factors:
        if (code, suffix) in seen:
            return f"{code}-{suffix}"
        seen.add((code, suffix))
    return ""


def _no_numbers(area: Area) -> list[Problem]:
    texts = [text for _, suffix, text in area.factors if suffix in NUMBERS]
    # one look at all of them: what is left to look at one by one is rare
    if not texts or _PLAIN.fullmatch(";".join(texts)):
        return []
    return [
        problem("value_no_number", f"{code}-{suffix}")
        for code, suffix, text in area.factors
        if suffix in NUMBERS and number(text) is None
    ]


def _time(
    area: Area, fields: Mapping[str, str], edition: int | None
) -> tuple[list[Problem], list[Problem]]:
    text = area.get("DataTime")
    if text is None:
        data = fields.get("CN", "").startswith("2") and bool(area.factors)
        alarm = area.get("AlarmTime") is not None
        return ([problem("time_missing")] if data and not alarm else []), []
    if times.read(text) is None:
        return [problem("time_impossible", text[:20])], []
    if len(text) == 14:
        return [], []
    if edition == 2005:
        return [], [remark("time_digits")]
    return [problem("time_digits")], []
