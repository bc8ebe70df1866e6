"""Fonts inside a Word file: subset to what is used, and scrambled as ECMA-376 asks.

ECMA-376 part 4 keeps embedded fonts as ``.odttf``: the first 32 bytes are combined (XOR)
with a key that the font table names as a GUID. It is a mark of purpose, no secret.
"""

from __future__ import annotations

import io
import uuid

from fenhe.platform.documents.fonts import path_of

SCRAMBLED = 32


def subset(name: str, text: str) -> bytes:
    """Return the font file ``name`` with the glyphs of ``text`` alone, same bytes each time.

    The names stay, so that Word finds the family; the basic Latin letters stay too, for
    the numbers of pages. Raises ``MissingFonts``.
    """
    from fontTools import subset as tools
    from fontTools.ttLib import TTFont

    options = tools.Options()
    options.name_IDs = ["*"]
    options.notdef_outline = True
    options.hinting = False
    options.prune_unicode_ranges = options.prune_codepage_ranges = False  # stays Chinese to Word
    options.recalc_timestamp = False
    font = TTFont(path_of(name), recalcTimestamp=False)
    chooser = tools.Subsetter(options)
    latin = "".join(map(chr, range(0x20, 0x7F)))
    chooser.populate(text=text + latin)
    chooser.subset(font)
    out = io.BytesIO()
    font.save(out, reorderTables=True)
    return out.getvalue()


def key_of(font: bytes) -> str:
    """Return the GUID a font is scrambled by, in braces; it follows from the font's bytes."""
    return "{" + str(uuid.uuid5(uuid.NAMESPACE_OID, font.hex())).upper() + "}"


def scrambled(font: bytes, key: str) -> bytes:
    """Return ``font`` scrambled by the GUID ``key``; applied twice it gives the font again.

    The key's bytes are taken from its last digit to its first and used twice over.
    """
    mask = bytes.fromhex(key.strip("{}").replace("-", ""))[::-1] * 2
    head = bytes(byte ^ part for byte, part in zip(font[:SCRAMBLED], mask, strict=True))
    return head + font[SCRAMBLED:]
