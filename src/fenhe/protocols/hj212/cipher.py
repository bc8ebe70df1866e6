"""SM4 of the data area (HJ 212-2025, 6.4): ECB over full blocks, the rest stays plain.

Length and check sum of a frame are those of the plain segment.
"""

from __future__ import annotations

import re
from typing import Any

from fenhe.base.errors import MissingExtra
from fenhe.protocols.hj212.errors import BadMessage

BLOCK = 16
_NAME = re.compile(rb"\s*[A-Za-z0-9_\-]+\s*=")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# one way to match only: a run of separators belongs to the byte behind it, the last to none
_PRINTED = re.compile(rb"\s*\{\s*(0[xX][0-9a-fA-F]{1,2}(?:[\s,]+0[xX][0-9a-fA-F]{1,2})*)[\s,]*\}")
_BYTE = re.compile(rb"0[xX]([0-9a-fA-F]{1,2})")


def encrypt(area: bytes, key: bytes) -> bytes:
    """Return a data area with its full blocks encrypted."""
    full = len(area) - len(area) % BLOCK
    return _run(_cipher(key).encryptor(), area, full)


def decrypt(area: bytes, key: bytes) -> bytes:
    """Return a data area with its full blocks decrypted."""
    full = len(area) - len(area) % BLOCK
    return _run(_cipher(key).decryptor(), area, full)


def read_key(text: str) -> bytes:
    """Return a key written as 32 hexadecimal digits; ``BadMessage`` for anything else."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != BLOCK:
        raise BadMessage(f"a key has {BLOCK} bytes: write {2 * BLOCK} hexadecimal digits")
    return key


def looks_plain(area: bytes) -> bool:
    """Whether a data area can be text: empty, or ``name=`` first and no control characters."""
    if not area.strip():
        return True
    return _NAME.match(area) is not None and _CONTROL.search(area) is None


def unprinted(area: bytes) -> bytes | None:
    """Return the bytes of a cipher text that was sent as ``{0xE4,0x3E,…}``; None if it was not.

    What follows the braces is the plain rest of fewer than 16 bytes.
    """
    match = _PRINTED.match(area)
    if match is None:
        return None
    block = bytes(int(digits, 16) for digits in _BYTE.findall(match.group(1)))
    return block + area[match.end() :]


def _cipher(key: bytes) -> Any:
    if len(key) != BLOCK:
        raise BadMessage(f"a key has {BLOCK} bytes, not {len(key)}")
    try:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    except ImportError:
        raise MissingExtra("cipher", "a data area encrypted with SM4") from None
    return Cipher(algorithms.SM4(key), modes.ECB())  # noqa: S305


def _run(context: Any, area: bytes, full: int) -> bytes:
    return bytes(context.update(area[:full])) + area[full:]
