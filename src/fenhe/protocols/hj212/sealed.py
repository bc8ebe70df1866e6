"""Encrypted frames made plain, so that ``batch`` can read them with the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from fenhe.protocols.hj212 import cipher

#: The keys of all frames, or what gives those of a device by its MN as written.
Keys = Sequence[bytes] | Callable[[str], Sequence[bytes]]

# header of a frame of version 2 (Flag 8 to 11) up to its data area
_HEADER = re.compile(
    rb"##[0-9]{4}[^&]{0,120}?;MN=([^;,=&#\s]{1,64});Flag=(?:8|9|10|11);[^&]{0,40}CP=&&"
)
_BEHIND = len("&&0000\r\n")


def of_device(keys: Keys, mn: str | None) -> Sequence[bytes]:
    """Return the keys to try on a frame of a device."""
    if not callable(keys):
        return keys
    return () if mn is None else keys(mn)


def unsealed(frames: Sequence[bytes], keys: Keys) -> tuple[list[bytes], list[int]]:
    """Return the frames with their data areas decrypted where a key gives text, and which.

    Whether it is the right key is for the check sum to say.
    """
    plain = list(frames)
    opened: list[int] = []
    if not callable(keys) and not keys:
        return plain, opened
    for n, frame in enumerate(frames):
        head = _HEADER.match(frame)
        if head is None:
            continue
        area = frame[head.end() : -_BEHIND]
        if len(area) < cipher.BLOCK or cipher.looks_plain(area) or area.lstrip()[:1] == b"{":
            continue
        for key in of_device(keys, head.group(1).decode("utf-8", "replace")):
            text = cipher.decrypt(area, key)
            if cipher.looks_plain(text):
                plain[n] = frame[: head.end()] + text + frame[-_BEHIND:]
                opened.append(n)
                break
    return plain, opened
