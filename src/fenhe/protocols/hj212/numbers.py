"""Numbers of the wire: decimal text, sometimes with an exponent, as float and decimals."""

from __future__ import annotations

import math
import re

_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,3}))?")
#: A float holds every whole number below this exactly.
EXACT = 2**53
#: The largest power of ten a float holds exactly.
MOST_DECIMALS = 22


def number(text: str) -> tuple[float, int] | None:
    """Return a text as float and the number of decimals it was written with; None for no number.

    ``value * 10**decimals`` stays below 2**53: more decimals than a float can carry are not
    counted. Sentinels are numbers here; what they mean is not the codec's affair.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    value = float(text)
    if not math.isfinite(value):
        return None
    written = len(match.group(1) or "") - int(match.group(2) or 0)
    return value, _carried(value, min(max(written, 0), MOST_DECIMALS))


def _carried(value: float, decimals: int) -> int:
    while decimals and abs(value) * 10**decimals >= EXACT:
        decimals -= 1
    return decimals
