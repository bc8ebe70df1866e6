"""The Word file: real styles, Chinese fonts inside, the text of the PDF, the same bytes."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from fontTools.ttLib import TTFont
from lxml import etree
from PIL import Image

from fenhe.platform.documents import bulletin, word, wordfonts
from fenhe.platform.documents.fonts import FAMILY, shown
from fenhe.platform.documents.model import BarChart, Document, Heading, Table, texts_of
from tests.platform.documents.reports import many, shanxi, with_names, without_values
from tests.platform.documents.test_pdf import HOSTILE, read, squeezed, text_of

R_ID = qn("r:id")


@pytest.fixture(scope="module", params=["zh-CN", "en"])
def document(request: pytest.FixtureRequest) -> Document:
    return bulletin.monthly(shanxi(), request.param)


@pytest.fixture(scope="module")
def data(document: Document) -> bytes:
    return word.render(document)


def part(data: bytes, name: str) -> Any:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return etree.fromstring(file.read(name))


def body_texts(data: bytes) -> list[str]:
    """Return the texts of paragraphs and cells in order, a cell's lines joined."""
    found = []
    for element in docx.Document(io.BytesIO(data)).element.body.iterchildren():
        paragraphs = element.iter(qn("w:p")) if element.tag != qn("w:p") else [element]
        texts = ("".join(t.text or "" for t in p.iter(qn("w:t"))) for p in paragraphs)
        found += [text for text in texts if text]
    return found


def test_text_is_that_of_the_pdf(document: Document, data: bytes) -> None:
    wanted = [document.title, document.subtitle]
    for block in document.blocks:
        if isinstance(block, BarChart):
            wanted.append(block.caption)  # the rest is in the picture
        elif isinstance(block, Table):
            wanted += [block.caption, *(c.header + c.unit for c in block.columns)]
            wanted += [cell for row in block.rows for cell in block.texts(row)]
            wanted += block.notes
        else:
            wanted += texts_of(block)
    assert body_texts(data) == [shown(text) for text in wanted]
    paper = text_of(read(document))
    assert [t for t in body_texts(data) if squeezed(t) not in paper and "µ" not in t] == []


def test_every_part_is_well_formed_and_without_a_date(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        assert file.namelist()[0] == "[Content_Types].xml"
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        names = [name for name in file.namelist() if name.endswith((".xml", ".rels"))]
        assert len(names) > 10
        assert all(etree.fromstring(file.read(name)) is not None for name in names)


def test_same_document_same_bytes(document: Document, data: bytes) -> None:
    assert word.render(document) == data


def test_one_family_for_every_script(data: bytes) -> None:
    for name in ("word/styles.xml", "word/document.xml"):
        for fonts in part(data, name).iter(qn("w:rFonts")):
            assert fonts.get(qn("w:eastAsia")) == FAMILY
            assert fonts.get(qn("w:ascii")) == FAMILY
            assert fonts.get(qn("w:eastAsiaTheme")) is None
    defaults = part(data, "word/styles.xml").find(qn("w:docDefaults"))
    assert defaults.find(f".//{qn('w:lang')}").get(qn("w:eastAsia")) == "zh-CN"


def test_fonts_are_inside_and_open_again(document: Document, data: bytes) -> None:
    table = part(data, "word/fontTable.xml")
    (family,) = table
    assert family.get(qn("w:name")) == FAMILY
    targets = {
        rel.get("Id"): rel.get("Target") for rel in part(data, "word/_rels/fontTable.xml.rels")
    }
    used = {ord(char) for text in document.texts() for char in shown(text)}
    for tag, style in (("w:embedRegular", "Regular"), ("w:embedBold", "Bold")):
        entry = family.find(qn(tag))
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            stored = file.read(f"word/{targets[entry.get(R_ID)]}")
        assert stored[:4] != b"\x00\x01\x00\x00"
        plain = wordfonts.scrambled(stored, entry.get(qn("w:fontKey")))
        font = TTFont(io.BytesIO(plain))
        assert font["name"].getDebugName(1) == FAMILY
        assert font["name"].getDebugName(2) == style
        assert used - set(font.getBestCmap()) == set()
        assert len(plain) < 400_000
    settings = part(data, "word/settings.xml")
    assert settings.find(qn("w:embedTrueTypeFonts")) is not None
    assert settings.find(qn("w:saveSubsetFonts")) is not None


def test_scrambling_is_that_of_the_standard() -> None:
    # The key's bytes from last to first, over the first 32 bytes, twice.
    key = "{00112233-4455-6677-8899-AABBCCDDEEFF}"
    scrambled = wordfonts.scrambled(bytes(40), key)
    assert scrambled[:16].hex() == "ffeeddccbbaa99887766554433221100"
    assert scrambled[16:32] == scrambled[:16]
    assert scrambled[32:] == bytes(8)


def test_headings_are_headings_and_tables_repeat_their_head(
    document: Document, data: bytes
) -> None:
    opened = docx.Document(io.BytesIO(data))
    styled = [p.text for p in opened.paragraphs if str(p.style.name).startswith("Heading")]
    assert styled == [b.text for b in document.blocks if isinstance(b, Heading)]
    assert len(opened.tables) == sum(isinstance(b, Table) for b in document.blocks)
    for table in opened.tables:
        heads = [row._tr.trPr.find(qn("w:tblHeader")) is not None for row in table.rows]
        assert heads == [True] + [False] * (len(heads) - 1)
        assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)


def test_page_is_a4_with_fields_for_its_number(document: Document, data: bytes) -> None:
    section = docx.Document(io.BytesIO(data)).sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    footer = part(data, "word/footer1.xml")
    fields = [field.get(qn("w:instr")) for field in footer.iter(qn("w:fldSimple"))]
    assert fields == ["PAGE", "NUMPAGES"]
    assert document.frame.foot in "".join(footer.itertext())
    assert document.frame.under in "".join(footer.itertext())


def test_charts_are_pictures_with_words_for_who_can_not_see_them(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        names = [n for n in file.namelist() if n.startswith("word/media/")]
        sizes = [Image.open(io.BytesIO(file.read(name))).size for name in names]
    assert len(names) == 2
    assert all(wide > 1900 for wide, _high in sizes)
    about = [e.get("descr") for e in part(data, "word/document.xml").iter(qn("wp:docPr"))]
    assert all("6.62" in text or "80.0%" in text for text in about)


def test_properties_name_the_data_and_not_the_machine(document: Document, data: bytes) -> None:
    core = docx.Document(io.BytesIO(data)).core_properties
    assert (core.title, core.language) == (document.title, document.language)
    assert core.created is not None
    assert core.created.replace(tzinfo=None) == document.made
    assert core.created == core.modified
    assert core.comments == ""


def test_names_are_text_and_never_markup() -> None:
    made = bulletin.monthly(with_names(without_values(shanxi()), *HOSTILE), "zh-CN")
    texts = body_texts(word.render(made))
    assert all(shown(name) in texts for name in HOSTILE)
    assert texts.count("—") > 20


def test_many_places() -> None:
    made = bulletin.monthly(many(shanxi(), 130), "zh-CN")
    tables = docx.Document(io.BytesIO(word.render(made))).tables
    assert len(tables[0].rows) == 131


def test_no_places() -> None:
    made = bulletin.monthly(replace(shanxi(), places=()), "zh-CN")
    assert "本月各地均无综合指数。" in body_texts(word.render(made))
