"""What a workbook holds that reading its values alone would lose: errors, bare formulas."""

from __future__ import annotations

import html
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_ADDRESS = re.compile(r'<c\b[^>]*\br="([A-Z]+)[0-9]+"')
# a cell with an error value, or with a formula and no stored result
_ODD = re.compile(
    r'<c\b(?=[^>]*\br="(?P<letters>[A-Z]+)(?P<row>[0-9]+)")(?P<rest>[^>]*)>'
    r"(?:<f\b[^>]*/>|<f\b[^>]*>(?P<formula>[^<]*)</f>)?\s*"
    r"(?:<v\s*/>|<v>(?P<value>[^<]*)</v>|(?=</c>))"
)


@dataclass(frozen=True)
class OddCell:
    """A cell with no plain value; row and column count from 0 inside the used range."""

    row: int
    column: int
    text: str


def odd_cells(path: Path, sheet: str) -> Iterator[OddCell]:
    """Yield the error cells of a sheet as their code (``#N/A``), formulas as ``=…``.

    Only formulas whose result the writing program did not store are given. The caller has
    measured the unpacked size before.
    """
    with zipfile.ZipFile(path) as archive:
        part = _part(archive, sheet)
        text = archive.read(part).decode("utf-8", errors="replace") if part else ""
    if 't="e"' not in text and "<f" not in text:
        return
    first = min((column_number(letters) for letters in _ADDRESS.findall(text)), default=1)
    for match in _ODD.finditer(text):
        is_error = 't="e"' in match["rest"]
        if is_error or (match["formula"] is not None and not match["value"]):
            shown = match["value"] if is_error else f"={match['formula']}"
            yield OddCell(
                int(match["row"]) - 1,
                column_number(match["letters"]) - first,
                html.unescape(shown or "#ERROR"),
            )


def _part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """Return the name of the part that holds a sheet."""
    names = set(archive.namelist())
    try:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - measured
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    except (KeyError, ElementTree.ParseError):
        return None
    wanted = next(
        (s.get(_LINK) for s in book.iter(f"{_MAIN}sheet") if s.get("name") == sheet), None
    )
    for link in links:
        if link.get("Id") == wanted:
            target = link.get("Target", "")
            part = target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
            return part if part in names else None
    return None


def column_number(letters: str) -> int:
    """Return the number of a column: A 1, Z 26, AA 27."""
    value = 0
    for letter in letters:
        value = value * 26 + ord(letter) - 64
    return value
