"""Times of the wire: ``YYYYMMDDhhmmss`` of the Beijing clock, with ``zzz`` milliseconds."""

from __future__ import annotations

from datetime import datetime, timedelta

from fenhe.base import beijing

_SECONDS = 14
_MILLISECONDS = 17
_FIRST = datetime(1, 1, 1) + beijing.OFFSET


def read(text: str) -> datetime | None:
    """Return 14 or 17 digits as a naive Beijing time of whole seconds; None for no time.

    Milliseconds are dropped; hour 24 is no time, nor is what has no UTC.
    """
    if len(text) not in (_SECONDS, _MILLISECONDS) or not (text.isascii() and text.isdigit()):
        return None
    try:
        found = datetime(
            int(text[:4]), int(text[4:6]), int(text[6:8]),
            int(text[8:10]), int(text[10:12]), int(text[12:14]),
        )  # fmt: skip
    except ValueError:
        return None
    return found if found >= _FIRST else None


def write(moment: datetime) -> str:
    """Return 14 digits of a naive Beijing time."""
    return f"{moment:%Y%m%d%H%M%S}".rjust(_SECONDS, "0")


def write_qn(moment: datetime) -> str:
    """Return 17 digits of a naive Beijing time: a QN."""
    return f"{write(moment)}{moment.microsecond // 1000:03d}"


def is_qn(text: str) -> bool:
    """Whether a text is a possible QN: 17 digits that are a time."""
    return len(text) == _MILLISECONDS and read(text) is not None


def later(qn: str, milliseconds: int) -> str:
    """Return a QN moved by milliseconds; a text that is no QN stays as it is."""
    found = read(qn)
    if found is None or len(qn) != _MILLISECONDS:
        return qn
    try:
        return write_qn(found + timedelta(milliseconds=int(qn[_SECONDS:]) + milliseconds))
    except OverflowError:
        return qn
