"""The small code each observation carries, rebuilt from its flags; the larger code wins."""

from __future__ import annotations

from enum import IntEnum


class Quality(IntEnum):
    """What is known about the quality of one value."""

    NOT_CHECKED = 0
    PASS = 1
    ANNOTATED = 2  # suspect, or a person left a note: still counts
    VOID = 3  # excluded from every statistic
    MISSING = 9
