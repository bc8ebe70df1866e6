"""The bytes of a record: fixed part, peer, payload, chain value, checksum. Pure.

A record, little-endian: mark (4 bytes), size of the whole record (4), number (8), moment in
microseconds since 1970 UTC (8), connection (8), length of the peer (2), kind (1), the peer in
UTF-8, the payload, the chain value (32), CRC-32 of everything before it (4). The chain value
is SHA-256 of the former record's chain value followed by this record up to its own chain
value; a header has no former one, so its chain value is the SHA-256 of the header itself.

A header bears the mark ``HEADER_MARK``, the records after it the first four bytes of the
header's chain value. A sender never knows these, so that no payload can pass for a record.
"""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import NamedTuple
from zlib import crc32

from fenhe.base.errors import BadInput

HEADER_MARK = b"\xf0RL1"
FIXED = struct.Struct("<4sIQqQHB")
_CRC = struct.Struct("<I")
CHAIN, CRC = 32, _CRC.size
SMALLEST = FIXED.size + CHAIN + CRC
LARGEST = 32 << 20  # bytes of a record; a size above it is damage, not a size
_TAIL = CHAIN + CRC
_MOST_PEER = 255


class Record(NamedTuple):
    """One whole record and where it begins; ``chain`` as written, not yet proved."""

    offset: int
    size: int
    number: int
    at_us: int
    kind: int
    connection: int
    peer: bytes
    payload: bytes
    chain: bytes
    body: bytes  # the record up to its chain value

    @property
    def end(self) -> int:
        """Where the next record begins."""
        return self.offset + self.size


class Packer:
    """Makes the records of one segment, one after the other."""

    def __init__(self, mark: bytes, number: int, chain: bytes) -> None:
        """``number`` and ``chain`` are those of the last record there is."""
        self.mark, self.number, self.chain = mark, number, chain

    def pack(self, at_us: int, kind: int, connection: int, peer: str, payload: bytes) -> bytes:
        """Return the bytes of the next record. Raises ``BadInput`` for one that is too large."""
        other = peer.encode()[:_MOST_PEER]
        size = SMALLEST + len(other) + len(payload)
        if size > LARGEST:
            raise BadInput(f"an entry of {size} bytes is more than the {LARGEST} a raw log takes")
        number = self.number + 1
        fixed = FIXED.pack(self.mark, size, number, at_us, connection, len(other), kind)
        body = fixed + other + payload
        chain = sha256(self.chain + body).digest()
        self.number, self.chain = number, chain
        return body + chain + _CRC.pack(crc32(chain, crc32(body)))


def read(data: bytes, at: int, mark: bytes, base: int = 0) -> Record | None:
    """Return the record at ``data[at:]``, or None when there is no whole and sound one.

    ``base``: where ``data`` begins in its file, for the offset told.
    """
    left = len(data) - at
    if left < SMALLEST:
        return None
    found, size, number, at_us, connection, peer_size, kind = FIXED.unpack_from(data, at)
    if found != mark or size > left or size < SMALLEST + peer_size:
        return None
    end = at + size
    chained = end - _TAIL
    if crc32(data[at : end - CRC]) != _CRC.unpack_from(data, end - CRC)[0]:
        return None
    start = at + FIXED.size
    middle = start + peer_size
    return Record(
        base + at,
        size,
        number,
        at_us,
        kind,
        connection,
        data[start:middle],
        data[middle:chained],
        data[chained : end - CRC],
        data[at:chained],
    )


def wanted(data: bytes, at: int, mark: bytes) -> int:
    """Return how many bytes are needed from ``at`` to read the record; 0: there is none."""
    head = data[at : at + len(mark)]
    if head != mark[: len(head)]:
        return 0
    if len(data) - at < FIXED.size:
        return FIXED.size
    size = int.from_bytes(data[at + 4 : at + 8], "little")
    return size if SMALLEST <= size <= LARGEST else 0


def chain_after(former: bytes, record: Record) -> bytes:
    """Return the chain value the record must have when the one before it has ``former``."""
    return sha256(former + record.body).digest()
