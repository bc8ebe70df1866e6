"""The Chinese fonts of the documents: where they lie, and what to do when they do not.

Noto Sans SC (SIL Open Font License 1.1), regular and bold, with TrueType outlines. The
set-up brings them (``fenhe.platform.web.assets``) and they are in the built wheel; where
npm could not be reached there are none, and only paper documents do without.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from fenhe.base.errors import FenheError

FOLDER = Path(__file__).parent / "fonts"
LISTING = "manifest.json"
FAMILY = "Noto Sans SC"
REGULAR = "NotoSansSC-Regular.ttf"
BOLD = "NotoSansSC-Bold.ttf"
LICENCE = "NotoSansSC.LICENSE"
NAMES = (REGULAR, BOLD, LICENCE)


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
    """Return the code points the fonts have; a renderer shows others as ``〓``."""
    from reportlab.pdfbase.ttfonts import TTFontFile

    return frozenset(TTFontFile(str(path_of(REGULAR))).charToGlyph)


def shown(text: str) -> str:
    """Return ``text`` with what no glyph exists for as the geta mark, the printers' sign for it.

    Control characters go, tabs and line breaks become spaces: neither PDF nor XML holds them.
    """
    have = coverage()
    spaced = (" " if char in "\t\n\r" else char for char in text)
    return "".join(
        char if ord(char) in have else "〓" for char in spaced if char.isprintable() or char == " "
    )


def listing(folder: Path = FOLDER) -> dict[str, object]:
    """Return the list of fonts with their SHA-256; empty when there is none."""
    try:
        found = json.loads((folder / LISTING).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
