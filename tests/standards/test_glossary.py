"""The glossary: complete in both languages, found under any name, its page current."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fenhe.base.errors import BadInput
from fenhe.cli.glossary import markdown
from fenhe.standards import catalogue, glossary, source

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "glossary.md"


def test_the_page_is_what_the_program_writes() -> None:
    expected = markdown(glossary.load())
    # to renew it: fenhe glossary --markdown > docs/reference/glossary.md
    assert PAGE.read_text(encoding="utf-8") == expected


def test_every_word_has_both_languages_and_every_item_a_unit() -> None:
    book = glossary.load()
    for term in book.terms:
        assert re.search("[\u4e00-\u9fff]", term.zh), term.code
        assert re.search("[A-Za-z]", term.en), term.code
        assert not re.search("[\u4e00-\u9fff]", term.en), term.code
    assert all(term.units for term in book.section("item"))


def test_no_name_means_two_words() -> None:
    book = glossary.load()
    for section in book.titles:
        seen: dict[str, str] = {}
        for term in book.section(section):
            for name in {glossary.fold(n) for n in (term.code, term.symbol, *term.aliases)}:
                assert seen.setdefault(name, term.code) == term.code


def test_every_item_of_every_table_is_a_word() -> None:
    codes = {term.code for term in glossary.load().section("item")}
    used = {
        row["item"]
        for edition in catalogue().all_editions
        for table in edition.tables.values()
        if "item" in table.columns
        for row in table
    }
    assert used <= codes
    assert {"so2", "no2", "co", "o3", "pm10", "pm25"} <= used


@pytest.mark.parametrize("text", ["PM2.5", "pm25", "PM25", "pm2_5", " Pm 2.5 "])
def test_items_are_found_under_any_name(text: str) -> None:
    assert glossary.item(text).code == "pm25"


def test_unknown_words_list_the_known_ones() -> None:
    with pytest.raises(BadInput, match="unknown averaging 'decade'; known: 1h"):
        glossary.averaging("decade")


def test_a_wrong_unit_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "glossary.toml"
    text = '[section]\nitem = ["监测项目", "Items"]\n\n[item]\n'
    text += 'so2 = { zh = "二氧化硫", en = "x", units = ["ppb"] }\n'
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"glossary.toml, row 5: unknown unit 'ppb'"):
        glossary.parse(source.read(path, path.name))
