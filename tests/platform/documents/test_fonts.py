"""The fonts of the documents: what they cover, how they are made, and when they are missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from fenhe.base.errors import FenheError
from fenhe.platform.documents import bulletin, fontmaking, fonts, pdf, typeface, word
from fenhe.platform.web import assets
from tests.platform.documents.reports import shanxi

SIGNS = "µ³₀₁₂₃₄₅₆₇₈₉≤≥×%±−–—…·“”‘’，。、；：？！（）《》〔〕【】°℃〓"


def gb2312() -> str:
    pairs = (bytes((row, cell)) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
    return "".join(pair.decode("gb2312", "ignore") for pair in pairs)


@pytest.mark.parametrize("name", [fonts.REGULAR, fonts.BOLD])
def test_both_weights_cover_gb2312_and_the_signs(name: str) -> None:
    font = TTFont(fonts.path_of(name))
    have = font.getBestCmap()
    wanted = gb2312() + SIGNS + "".join(map(chr, range(0x20, 0x7F)))
    assert len(gb2312()) == 7445
    assert [char for char in wanted if ord(char) not in have] == []
    assert "glyf" in font
    assert "CFF " not in font
    assert font["OS/2"].fsType == 0  # installable: may be embedded
    assert font["name"].getDebugName(1) == fonts.FAMILY


def test_subscripts_are_small_figures_below_the_line() -> None:
    font = TTFont(fonts.path_of(fonts.REGULAR))
    have, glyphs = font.getBestCmap(), font["glyf"]
    small, large = glyphs[have[ord("₂")]], glyphs[have[ord("2")]]
    assert small.yMin < 0 <= large.yMin + 20
    assert small.yMax - small.yMin < 0.7 * (large.yMax - large.yMin)
    assert font["hmtx"][have[ord("₂")]][0] < font["hmtx"][have[ord("2")]][0]


def test_licence_travels_with_the_fonts() -> None:
    text = fonts.path_of(fonts.LICENCE).read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in text


def test_what_can_not_be_printed_is_shown_as_such() -> None:
    assert fonts.shown("太原\x00\u200b\ue000市\u3000a\nb") == "太原〓市 a b"
    assert fonts.shown("\ud800") == fonts.MISSING_GLYPH


def lock_digest() -> str:
    return assets._digest(assets.checkout_root() / "package-lock.json")


def copied(folder: Path) -> Path:
    for name in (*fontmaking.SOURCES.values(), fonts.LISTING):
        (folder / name).write_bytes((fonts.FOLDER / name).read_bytes())
    return folder


def test_fonts_in_place_are_not_made_again(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    assert fontmaking.is_current(lock_digest(), folder)
    assert not fontmaking.is_current("0" * 64, folder)
    (folder / fonts.BOLD).unlink()
    assert not fontmaking.is_current(lock_digest(), folder)


def test_fonts_made_by_other_code_are_made_again(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    found = json.loads((folder / fonts.LISTING).read_text())
    (folder / fonts.LISTING).write_text(json.dumps({**found, "recipe": "0" * 64}))
    assert not fontmaking.is_current(lock_digest(), folder)
    (folder / fonts.LISTING).write_text("{")
    assert not fontmaking.is_current(lock_digest(), folder)


def test_without_fonts_the_error_names_what_is_missing_and_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    document = bulletin.monthly(shanxi(), "zh-CN")
    monkeypatch.setattr(typeface, "path_of", lambda name: fonts.path_of(name, tmp_path))
    typeface.register.cache_clear()
    for renderer in (pdf, word):
        with pytest.raises(
            fonts.MissingFonts, match=r"NotoSansSC-Regular\.ttf is missing"
        ) as error:
            renderer.render(document)
        assert isinstance(error.value, FenheError)
        assert "fenhe.platform.web.assets" in str(error.value)
    typeface.register.cache_clear()
