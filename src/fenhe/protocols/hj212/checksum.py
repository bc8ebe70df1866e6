"""The check sum of HJ 212 (annex A), of one frame and of many at once.

For every byte the register becomes (its high byte) xor the byte, then is shifted right
eight times, xor 0xA001 whenever the bit shifted out was 1. The low byte of the register is
thrown away at every step, which is not what CRC-16/MODBUS does: only the high byte is state.

A step of that state is linear over xor and eight steps of it change nothing. So the eight
lanes of a segment, counted from its end, are first folded by xor and then stepped once each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

START = 0xFFFF
_POLYNOMIAL = 0xA001
_LANES = 8


def _entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
    return value


def _steps(table: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Return row k: what k steps make of each state."""
    rows = [tuple(range(256))]
    for _ in range(_LANES):
        rows.append(tuple(table[state] >> 8 for state in rows[-1]))
    # the fold below is right only because a whole round of steps changes nothing
    assert rows.pop() == rows[0]  # noqa: S101
    return tuple(rows)


_TABLE = tuple(_entry(value) for value in range(256))
_STEPS = _steps(_TABLE)
_FIRST = tuple(_STEPS[k][START >> 8] for k in range(_LANES))


def crc(data: bytes) -> int:
    """Return the check sum of a data segment; that of no bytes is 0xFFFF."""
    if not data:
        return START
    folded, words = int.from_bytes(data, "big"), -(-len(data) // _LANES)
    while words > 1:
        words = (words + 1) // 2
        bits = 64 * words
        folded = (folded >> bits) ^ (folded & ((1 << bits) - 1))
    state = _FIRST[(len(data) - 1) % _LANES]
    for lane in range(_LANES):
        state ^= _STEPS[lane][(folded >> 8 * lane) & 0xFF]
    return _TABLE[state]


def modbus(data: bytes) -> int:
    """Return CRC-16/MODBUS, which some devices send by mistake."""
    state = START
    for byte in data:
        state = (state >> 8) ^ _TABLE[(state ^ byte) & 0xFF]
    return state


def crc_many(segments: Iterable[bytes]) -> npt.NDArray[np.uint16]:
    """Return the check sums of many data segments."""
    given = list(segments)
    lengths = np.fromiter(map(len, given), dtype=np.int64, count=len(given))
    result = np.full(len(given), START, dtype=np.uint16)
    filled = lengths > 0
    if not filled.any():
        return result
    words = -(-lengths // _LANES)
    padded = b"".join([s.rjust(w, b"\0") for s, w in zip(given, words * _LANES, strict=True)])
    lengths, words = lengths[filled], words[filled]
    lanes = np.bitwise_xor.reduceat(np.frombuffer(padded, ">u8"), np.cumsum(words) - words)
    state = np.asarray(_FIRST, dtype=np.uint8)[(lengths - 1) % _LANES]
    for lane in range(_LANES):
        state ^= np.asarray(_STEPS[lane], dtype=np.uint8)[(lanes >> np.uint64(8 * lane)) & 0xFF]
    result[filled] = np.asarray(_TABLE, dtype=np.uint16)[state]
    return result
