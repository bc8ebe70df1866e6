"""The Chinese fonts of the documents: where they lie, and what to do when they do not.

Noto Sans SC (SIL Open Font License 1.1), regular and bold, with TrueType outlines. The
set-up brings them (``fenhe.platform.web.assets``) and they are in the built wheel; where
npm could not be reached there are none, and only paper documents do without.
"""

from __future__ import annotations

import json
import unicodedata
from functools import cache
from pathlib import Path

from fenhe.base.errors import FenheError

FOLDER = Path(__file__).parent / "fonts"
LISTING = "manifest.json"
FAMILY = "Noto Sans SC"
REGULAR = "NotoSansSC-Regular.ttf"
BOLD = "NotoSansSC-Bold.ttf"
LICENCE = "NotoSansSC.LICENSE"
MISSING_GLYPH = "〓"


class MissingFonts(FenheError):
    """The fonts for PDF and Word are not on this machine; the text says how to get them."""


def path_of(name: str, folder: Path = FOLDER) -> Path:
    """Return the path of a font file; raise ``MissingFonts`` when it is not there."""
    path = folder / name
    if not path.is_file():
        raise MissingFonts(
            f"{name} is missing, without which no PDF or Word document can be made: "
            "in a checkout run 'python -m fenhe.platform.web.assets' where npm can be "
            "reached; an installed wheel carries it"
        )
    return path


@cache
def coverage() -> frozenset[int]:
    """Return the code points the fonts have; ``shown`` replaces others."""
    from reportlab.pdfbase.ttfonts import TTFontFile

    return frozenset(TTFontFile(str(path_of(REGULAR))).charToGlyph)


def shown(text: str) -> str:
    """Return ``text`` as it can be printed.

    What no glyph exists for becomes the geta mark, the printers' sign for it; any space
    becomes a plain one; control and formatting characters go, neither PDF nor XML hold them.
    """
    have = coverage()
    return "".join(_shown(char, have) for char in text)


def _shown(char: str, have: frozenset[int]) -> str:
    if char.isspace():
        return " "
    if unicodedata.category(char) in ("Cc", "Cf"):
        return ""
    return char if ord(char) in have else MISSING_GLYPH


def listing(folder: Path = FOLDER) -> dict[str, object]:
    """Return the list of fonts with their SHA-256; empty when there is none."""
    try:
        found = json.loads((folder / LISTING).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
