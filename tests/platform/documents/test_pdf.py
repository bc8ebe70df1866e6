"""The PDF: A4, fonts inside, Chinese that can be searched, the same bytes every time."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pypdf import PdfReader

from fenhe.platform.documents import bulletin, pdf, word
from fenhe.platform.documents.fonts import shown
from fenhe.platform.documents.model import (
    Bar,
    BarChart,
    Bullets,
    Column,
    Document,
    Frame,
    Heading,
    PageBreak,
    Part,
    Table,
)
from tests.platform.documents.reports import many, shanxi, with_names, without_values

HOSTILE = ("<b>粗体</b>", '&amp; "引号" <para>', "龘\ue000\x07市", "太" * 120, "X" * 150)
RENDER = """
import hashlib
import django
django.setup()
from fenhe.platform.documents import bulletin, pdf, word
from tests.platform.documents.reports import shanxi
for renderer in (pdf, word):
    print(hashlib.sha256(renderer.render(bulletin.monthly(shanxi(), "zh-CN"))).hexdigest())
"""


def read(document: Document) -> PdfReader:
    return PdfReader(io.BytesIO(pdf.render(document)))


def squeezed(text: str) -> str:
    return "".join(text.split())


def text_of(reader: PdfReader) -> str:
    return squeezed("".join(page.extract_text() for page in reader.pages))


def fonts_of(reader: PdfReader) -> Iterator[Any]:
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            yield font.get_object()


@pytest.fixture(scope="module", params=["zh-CN", "en"])
def document(request: pytest.FixtureRequest) -> Document:
    return bulletin.monthly(shanxi(), request.param)


def test_every_text_of_the_bulletin_is_in_the_file(document: Document) -> None:
    text = text_of(read(document))
    lost = [one for one in document.texts() if "{page}" not in one and squeezed(one) not in text]
    assert lost == []


def test_pages_are_a4_and_counted(document: Document) -> None:
    reader = read(document)
    total = len(reader.pages)
    assert total == 4
    for number, page in enumerate(reader.pages, start=1):
        assert [round(float(side)) for side in page.mediabox[2:]] == [595, 842]
        counted = document.frame.pages.format(page=number, pages=total)
        text = squeezed(page.extract_text())
        assert squeezed(counted) in text
        assert squeezed(document.frame.foot) in text
        assert squeezed(document.frame.under) in text


def test_every_font_is_inside_and_can_be_searched(document: Document) -> None:
    found = list(fonts_of(read(document)))
    assert found
    for font in found:
        assert "/FontFile2" in font["/FontDescriptor"]
        assert "/ToUnicode" in font
        assert "+NotoSansSC-" in font["/BaseFont"]


def test_the_file_tells_title_language_date_and_sections(document: Document) -> None:
    reader = read(document)
    about = reader.metadata
    assert about is not None
    assert about.title == document.title
    assert about.creation_date == about.modification_date
    assert about.creation_date_raw == "D:20161213013000+00'00'"
    root = reader.trailer["/Root"]
    assert root["/Lang"] == document.language
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    headings = [b.text for b in document.blocks if isinstance(b, Heading) and b.level == 1]
    assert [entry.title for entry in reader.outline if not isinstance(entry, list)] == headings


def test_same_report_same_bytes(document: Document) -> None:
    assert pdf.render(document) == pdf.render(document)


def test_same_report_same_bytes_in_any_process_zone_and_order() -> None:
    document = bulletin.monthly(shanxi(), "zh-CN")
    ours = [hashlib.sha256(made.render(document)).hexdigest() for made in (pdf, word)]
    env = {
        **os.environ,
        "PYTHONHASHSEED": "7",
        "TZ": "America/Lima",
        "SOURCE_DATE_EPOCH": "86400",
        "DJANGO_SETTINGS_MODULE": "fenhe.platform.settings",
    }
    command = [sys.executable, "-c", RENDER]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ours


def test_another_number_gives_another_file_and_another_id() -> None:
    first = bulletin.monthly(shanxi(), "en")
    other = bulletin.monthly(with_names(shanxi(), "Elsewhere"), "en")
    assert read(first).trailer["/ID"] != read(other).trailer["/ID"]


def test_names_are_text_and_never_markup() -> None:
    document = bulletin.monthly(with_names(without_values(shanxi()), *HOSTILE), "zh-CN")
    text = text_of(read(document))
    for name in HOSTILE:
        assert squeezed(shown(name)) in text
    assert "<b>粗体</b>" in text


def test_long_tables_flow_over_pages_with_their_headers() -> None:
    reader = read(bulletin.monthly(many(shanxi(), 130), "zh-CN"))
    pages = [squeezed(page.extract_text()) for page in reader.pages]
    assert len(pages) > 8
    with_table = [page for page in pages if "表1各地浓度" in page]
    assert len(with_table) == 4
    assert all("排名城市PM2.5" in page for page in with_table)
    whole = "".join(pages)
    assert all(f"第{n}县" in whole for n in range(1, 131))


def test_one_place() -> None:
    reader = read(bulletin.monthly(replace(shanxi(), places=shanxi().places[:1]), "zh-CN"))
    assert "太原市综合指数为12.86" in text_of(reader)


def test_every_kind_of_block_can_be_rendered() -> None:
    blocks = (
        Heading("甲", 2),
        Bullets(("一", "")),
        PageBreak(),
        Table("空表", (Column("列"),), ()),
        BarChart("图", (Bar("无", ()), Bar("零", (Part(0.0, "0"),), "0"))),
        BarChart("没有条", ()),
    )
    made = bulletin.monthly(shanxi(), "zh-CN")
    document = replace(made, blocks=blocks, frame=Frame("左" * 200, "右", "脚" * 200))
    reader = read(document)
    assert len(reader.pages) == 2
    assert "左…" in squeezed(reader.pages[0].extract_text())
