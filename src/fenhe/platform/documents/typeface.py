"""The two typefaces as the PDF library knows them, and how wide text is in them."""

from __future__ import annotations

from functools import cache

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from fenhe.platform.documents.fonts import BOLD, REGULAR, path_of

PLAIN = "FenheSans"
STRONG = "FenheSansBold"


@cache
def register() -> None:
    """Make both typefaces known to the PDF library; raise ``MissingFonts`` without them."""
    pdfmetrics.registerFont(TTFont(PLAIN, str(path_of(REGULAR)), shapable=False))
    pdfmetrics.registerFont(TTFont(STRONG, str(path_of(BOLD)), shapable=False))
    pdfmetrics.registerFontFamily(PLAIN, normal=PLAIN, bold=STRONG, italic=PLAIN, boldItalic=STRONG)


def width(text: str, size: float, face: str = PLAIN) -> float:
    """Return the width of ``text`` in points."""
    return float(pdfmetrics.stringWidth(text, face, size))
