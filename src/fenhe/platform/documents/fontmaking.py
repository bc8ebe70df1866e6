"""Put the document fonts in place: runs at set-up, in a source checkout only.

The fonts come as TrueType files from the npm package of Noto Sans SC. They have no
subscript digits (SO₂, PM₂.₅), so ten glyphs are drawn from the font's own figures. Tables
for typesetting that no renderer here uses are left out.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from fenhe.platform.documents.fonts import BOLD, FOLDER, LICENCE, LISTING, REGULAR, listing

PACKAGE = "@expo-google-fonts/noto-sans-sc"
SOURCES = {
    "400Regular/NotoSansSC_400Regular.ttf": REGULAR,
    "700Bold/NotoSansSC_700Bold.ttf": BOLD,
    "LICENSE_FONT": LICENCE,
}
SUBSCRIPT_ZERO = 0x2080
SUBSCRIPT_SIZE = 0.62
SUBSCRIPT_DROP = -130  # font units below the baseline, of 1000 to the em
UNUSED = ("GSUB", "GPOS", "GDEF", "BASE", "STAT", "vhea", "vmtx")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def recipe() -> str:
    """Return what tells whether fonts were made by this code."""
    return _digest(Path(__file__))


def is_current(lock_digest: str, folder: Path = FOLDER) -> bool:
    """Tell whether ``folder`` holds exactly what that lock and this code give, unchanged."""
    found = listing(folder)
    files = found.get("files")
    if found.get("lock") != lock_digest or found.get("recipe") != recipe():
        return False
    if not isinstance(files, dict) or set(files) != set(SOURCES.values()):
        return False
    return all(
        (folder / name).is_file() and _digest(folder / name) == sha for name, sha in files.items()
    )


def make(node_modules: Path, lock_digest: str, folder: Path = FOLDER) -> None:
    """Make the fonts from the installed package and list them with their SHA-256."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for source, name in SOURCES.items():
        origin = node_modules / PACKAGE / source
        if name.endswith(".ttf"):
            _font(origin, folder / name)
        else:
            shutil.copyfile(origin, folder / name)
    digests = {name: _digest(folder / name) for name in SOURCES.values()}
    found = {"lock": lock_digest, "recipe": recipe(), "files": digests}
    (folder / LISTING).write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def _font(origin: Path, target: Path) -> None:
    from fontTools.ttLib import TTFont

    font = TTFont(origin, recalcTimestamp=False, recalcBBoxes=False)
    for tag in UNUSED:
        if tag in font:
            del font[tag]
    _add_subscripts(font)
    font.save(target)


def _add_subscripts(font: Any) -> None:
    from fontTools.pens.transformPen import TransformPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    glyphs, best = font.getGlyphSet(), font.getBestCmap()
    for digit in range(10):
        code = SUBSCRIPT_ZERO + digit
        if code in best:
            continue
        name, source = f"uni{code:04X}", best[ord("0") + digit]
        pen = TTGlyphPen(None)
        move = (SUBSCRIPT_SIZE, 0, 0, SUBSCRIPT_SIZE, 0, SUBSCRIPT_DROP)
        glyphs[source].draw(TransformPen(pen, move))
        glyph = pen.glyph()
        font.setGlyphOrder([*font.getGlyphOrder(), name])
        font["glyf"][name] = glyph
        glyph.recalcBounds(font["glyf"])
        width = round(font["hmtx"][source][0] * SUBSCRIPT_SIZE)
        font["hmtx"][name] = (width, glyph.xMin)
        for table in font["cmap"].tables:
            if table.isUnicode():
                table.cmap[code] = name
