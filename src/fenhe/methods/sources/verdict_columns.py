"""Private columns the steps of a verdict share, and the averaging periods there are."""

from __future__ import annotations

from fenhe.methods import intake, moments

SECONDS = {"1h": moments.HOUR, "24h": moments.DAY, "5min": 300, "instant": 1, "sampled": 1}
PM = "a34013"
SCALE = 6

_P = f"{intake.PRIVATE}over_"


def named(part: str) -> str:
    """Return the name of a private column of the verdict."""
    return f"{_P}{part}"


ITEM, SET, CONDITION, SECTOR, AREA = (
    named(n) for n in ("item", "set", "condition", "sector", "area")
)
DAY, SERIAL, KEY, V, PERMIT, TWICE, RUN, FIRST, SINCE, PMV = (
    named(n)
    for n in ("day", "serial", "key", "v", "permit", "twice", "run", "first", "since", "pm")
)
PIECE, TOP, FLOOR, DIGITS, ORDER, OTOP, ODIGITS, PDIGITS, FROM, C, ABOVE, RAW = (
    named(n)
    for n in (
        "piece", "top", "floor", "digits", "order", "otop", "odigits", "pdigits", "from", "c",
        "above", "raw",
    )
)  # fmt: skip
EXEMPT, STATE, MULTIPLE, OVER, EPISODE, UNKNOWN, LATE, USED = (
    named(n) for n in ("exempt", "state", "multiple", "over", "episode", "unknown", "late", "used")
)

ORDERLY = named("row")
PERMITTED, SETTLED, ORDERED = 1, 2, 3
