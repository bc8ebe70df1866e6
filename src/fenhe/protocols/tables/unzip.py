"""Measure a zip file before anything opens it."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from fenhe.base.errors import BadInput, Place
from fenhe.protocols.tables.sheet_xml import column_number
from fenhe.protocols.tables.table import Limits

# A sheet of repeated numbers packs up to about 30 : 1; deflate ends at 1032 : 1.
# Both numbers are tuning values against bombs, not limits of any rule.
_MAX_RATIO = 100
_RATIO_MATTERS_FROM = 64 * 1024 * 1024
_MAX_PARTS = 10_000
_MAX_GRID = 100_000_000
_PIECE = 1 << 20
_LOCAL_HEADER = 30
_CELL = re.compile(rb'\br="([A-Z]{1,3})?([0-9]{1,7})"')


def check(path: Path, name: str, limits: Limits) -> None:
    """Refuse a zip file that unpacks beyond the limits or out of proportion.

    First by the sizes its directory states, then by counting while each part is
    unpacked piece by piece and thrown away; nothing is held. A sheet that names a far
    corner, and so a huge empty grid, is refused as well.
    """
    size = path.stat().st_size
    most = limits.unpacked_bytes
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as raw:
            parts = archive.infolist()
            _check_total(sum(part.file_size for part in parts), size, most, name)
            if len(parts) > _MAX_PARTS:
                raise BadInput("it has more parts than any workbook", place=Place(name))
            total = 0
            for part in parts:
                grid = _Grid(name, limits.cells) if "worksheets/" in part.filename else None
                for piece in _unpack(raw, part, name):
                    total += len(piece)
                    _check_total(total, size, most, name)
                    if grid:
                        grid.add(piece)
    except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError) as error:
        raise BadInput(f"the zip content is damaged: {error}", place=Place(name)) from None


def _check_total(total: int, packed: int, most: int | None, name: str) -> None:
    if most is not None and total > most:
        raise BadInput(
            f"unpacked it is larger than {most // 2**20} MB; nothing was read", place=Place(name)
        )
    if total > _RATIO_MATTERS_FROM and total > packed * _MAX_RATIO:
        raise BadInput(
            f"it unpacks to more than {_MAX_RATIO} times its size, as a zip bomb does; "
            "nothing was read",
            place=Place(name),
        )


def _unpack(raw: BinaryIO, part: zipfile.ZipInfo, name: str) -> Iterator[bytes]:
    """Yield a part's real content, whatever size the directory claims for it."""
    if part.flag_bits & 1:
        raise BadInput("the workbook is encrypted", place=Place(name))
    raw.seek(part.header_offset)
    header = raw.read(_LOCAL_HEADER)
    name_length, extra_length = struct.unpack("<HH", header[26:30])
    raw.seek(name_length + extra_length, 1)
    left = part.compress_size
    unpacker = zlib.decompressobj(-15) if part.compress_type == zipfile.ZIP_DEFLATED else None
    while left > 0 and (packed := raw.read(min(_PIECE, left))):
        left -= len(packed)
        if unpacker is None:
            yield packed
            continue
        while packed:
            yield unpacker.decompress(packed, _PIECE)
            packed = unpacker.unconsumed_tail


class _Grid:
    """The farthest row and column a sheet names, seen piece by piece."""

    def __init__(self, name: str, cells: int | None) -> None:
        self.name = name
        self.most = min(cells or _MAX_GRID, _MAX_GRID)
        self.row = self.column = 0
        self.kept = b""

    def add(self, piece: bytes) -> None:
        """Look at one more piece; an address cut in two is seen with the next."""
        data = self.kept + piece
        for letters, digits in _CELL.findall(data):
            self.row = max(self.row, int(digits))
            if letters:
                self.column = max(self.column, column_number(letters.decode()))
        self.kept = data[-16:]
        if self.row * self.column > self.most:
            raise BadInput(
                f"a sheet reaches to row {self.row} and column {self.column}, a grid of more "
                f"than {self.most} cells; nothing was read",
                place=Place(self.name),
            )
