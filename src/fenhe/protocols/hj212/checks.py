"""What deviates from the editions in a frame that could be read."""

from __future__ import annotations

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
_CONDITION = "45"  # key production conditions: the value may be a letter
_REQUIRED = ("QN", "PW", "MN", "Flag")


def of_header(fields: Mapping[str, str], edition: int | None) -> list[Problem]:
    """Return the deviations of the header."""
    found = []
    if not fields.get("CN"):
        found.append(problem("cn_missing"))
    needed = ("ST",) if edition == 2005 else ("ST", *_REQUIRED)
    found += [problem("field_missing", name) for name in needed if name not in fields]
    found += [problem("field_empty", n) for n in ("ST", "MN", "PW") if fields.get(n) == ""]
    if (qn := fields.get("QN")) is not None and not times.is_qn(qn):
        found.append(problem("qn_form"))
    if fields.get("ST") and fields["ST"] not in tables.known_systems():
        found.append(problem("st_unknown", fields["ST"][:8]))
    if fields.get("CN") and fields["CN"] not in tables.known_commands():
        found.append(problem("cn_unknown", fields["CN"][:8]))
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
    seen = set()
    for code, suffix, text in area.factors:
        if (code, suffix) in seen:
            found.append(problem("value_twice", f"{code}-{suffix}"))
        seen.add((code, suffix))
        if suffix in NUMBERS and number(text) is None and fields.get("ST") != _CONDITION:
            found.append(problem("value_no_number", f"{code}-{suffix}"))
    return found, remarks


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
