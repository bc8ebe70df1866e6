"""Passwords and keys kept out of what people see."""

from __future__ import annotations

import re

from fenhe.protocols.hj212.frame import Area

MASK = "******"
_NAMES = frozenset({"pw", "newpw", "newsk"})
# one that a misplaced separator has put into another field or text
_WITHIN = re.compile(r"(pw|newsk)(\s*=\s*)[^;,&\s]+", re.IGNORECASE)


def text(name: str, value: str) -> str:
    """Return a value as it may be shown: that of a password or key is masked."""
    if name.strip().casefold() in _NAMES and value:
        return MASK
    return within(value)


def within(value: str) -> str:
    """Return a text with passwords and keys inside it masked."""
    return _WITHIN.sub(rf"\1\2{MASK}", value)


def area(given: Area) -> Area:
    """Return a data area as it may be shown."""
    return Area(
        tuple((within(name), text(name, value)) for name, value in given.top),
        tuple((within(c), within(s), text(s, value)) for c, s, value in given.factors),
    )
