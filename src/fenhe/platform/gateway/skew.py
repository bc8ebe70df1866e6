"""The clock of a device against ours, from the QN of its frames."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from fenhe.base.beijing import OFFSET

_QN = re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})")


def skew(qn: bytes, now: float) -> float | None:
    """Return QN minus arrival in seconds: above zero, the device is ahead; None: no moment.

    ``now``: seconds since 1970. QN is the Beijing time at which the device made the frame.
    """
    found = _QN.fullmatch(qn)
    if found is None:
        return None
    *parts, millis = (int(part) for part in found.groups())
    try:
        sent = datetime(*parts, tzinfo=UTC) - OFFSET  # type: ignore[misc, arg-type]
    except ValueError:
        return None
    return sent.timestamp() + millis / 1000 - now
