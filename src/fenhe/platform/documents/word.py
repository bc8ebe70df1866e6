"""Render a document as Word (.docx): real styles, fonts embedded, the same bytes every time."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import docx
from docx.document import Document as WordDocument
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK, WD_TAB_ALIGNMENT
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Emu, Mm, Pt, RGBColor
from docx.table import Table as WordTable
from docx.text.paragraph import Paragraph as WordParagraph

from fenhe.platform.documents import charts, measures, painting, wordstyles
from fenhe.platform.documents.fonts import MISSING_GLYPH, shown
from fenhe.platform.documents.linebreak import fitted
from fenhe.platform.documents.model import (
    DASH,
    BarChart,
    Block,
    Bullets,
    Document,
    Heading,
    PageBreak,
    Paragraph,
    Table,
)
from fenhe.platform.documents.typeface import register, width

SIDE = Mm(20)
PAGE = (Mm(210), Mm(297))
WIDE = PAGE[0].pt - 2 * SIDE.pt
SMALL = 7.5
SHORT = 20
PARAGRAPHS = {"text": "Normal", "answer": "Answer", "note": "Note"}
ALIGNMENTS = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
}
GREY = RGBColor(0x59, 0x59, 0x59)
# A zip can not tell an earlier date than this one, which stands for "no date".
NO_DATE = (1980, 1, 1, 0, 0, 0)


def render(document: Document) -> bytes:
    """Return ``document`` as .docx; the same document gives the same bytes.

    Raises ``MissingFonts`` where the set-up could not bring the fonts.
    """
    register()
    word = docx.Document()
    wordstyles.set_styles(word)
    wordstyles.set_properties(word, document)
    _page(word, document)
    word.add_paragraph(shown(document.title), style="Title")
    word.add_paragraph(shown(document.subtitle), style="Subtitle")
    for block in document.blocks:
        _add(word, block)
    text = "".join(map(shown, document.texts())) + DASH + MISSING_GLYPH + "…"
    wordstyles.embed_fonts(word, text)
    _drop_thumbnail(word)
    out = io.BytesIO()
    word.save(out)
    return _same_dates(out.getvalue())


def _drop_thumbnail(word: WordDocument) -> None:
    rels = word.part.package.rels
    for key in [k for k, rel in rels.items() if rel.reltype == RELATIONSHIP_TYPE.THUMBNAIL]:
        del rels[key]


def _same_dates(data: bytes) -> bytes:
    """Return the zip with the moment of writing taken out of it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, NO_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            target.writestr(entry, source.read(name))
    return out.getvalue()


def _page(word: WordDocument, document: Document) -> None:
    section = word.sections[0]
    section.page_width, section.page_height = PAGE
    section.left_margin = section.right_margin = SIDE
    section.top_margin, section.bottom_margin = Mm(24), Mm(22)
    section.header_distance, section.footer_distance = Mm(12), Mm(10)
    frame = document.frame
    head = section.header.paragraphs[0]
    _ends(head, frame.head_left, "bottom")
    head.add_run("\t" + shown(frame.head_right))
    foot = section.footer.paragraphs[0]
    room = WIDE - width(shown(frame.pages.format(page=88, pages=88)), SMALL) - 10
    _ends(foot, fitted(shown(frame.foot), lambda part: width(part, SMALL), room), "top")
    foot.add_run("\t")
    for piece in re.split(r"(\{pages?\})", frame.pages):
        if piece in ("{page}", "{pages}"):
            _field(foot, "PAGE" if piece == "{page}" else "NUMPAGES")
        elif piece:
            foot.add_run(shown(piece))
    if frame.under:
        under = fitted(shown(frame.under), lambda part: width(part, SMALL), WIDE)
        section.footer.add_paragraph(under, style=foot.style)


def _ends(paragraph: WordParagraph, left: str, edge: str) -> None:
    """Begin a line with text at the left, a tab stop at the right, and a rule at an edge."""
    properties = paragraph._p.get_or_add_pPr()
    rule = parse_xml(
        f"<w:pBdr {nsdecls('w')}><w:{edge} w:val='single' w:sz='4' w:space='3' "
        f"w:color='BFBFBF'/></w:pBdr>"
    )
    properties.insert_element_before(rule, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc")
    paragraph.paragraph_format.tab_stops.add_tab_stop(Pt(WIDE), WD_TAB_ALIGNMENT.RIGHT)
    paragraph.add_run(shown(left))


def _field(paragraph: WordParagraph, code: str) -> None:
    """Add a field that the program which opens the file fills."""
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), code)
    run = OxmlElement("w:r")
    text = OxmlElement("w:t")
    text.text = "1"
    run.append(text)
    field.append(run)
    paragraph._p.append(field)


def _add(word: WordDocument, block: Block) -> None:
    match block:
        case Heading(text=text, level=level):
            word.add_paragraph(shown(text), style=f"Heading {level}")
        case Paragraph(text=text, kind=kind):
            word.add_paragraph(shown(text), style=PARAGRAPHS[kind])
        case Bullets(items=items):
            for item in items:
                word.add_paragraph(shown(item), style="List Bullet")
        case Table():
            _add_table(word, block)
        case BarChart():
            _add_chart(word, block)
        case PageBreak():
            word.add_paragraph().add_run().add_break(WD_BREAK.PAGE)


def _add_chart(word: WordDocument, chart: BarChart) -> None:
    caption = word.add_paragraph(shown(chart.caption), style="Caption")
    caption.paragraph_format.keep_with_next = True
    picture = charts.lay_out(chart, WIDE)
    paragraph = word.add_paragraph()
    paragraph.paragraph_format.line_spacing = 1
    run = paragraph.add_run()
    shape = run.add_picture(io.BytesIO(painting.png(picture)), width=Emu(int(Pt(WIDE))))
    for side in ("distT", "distB", "distL", "distR"):  # some readers make room without them
        shape._inline.set(side, "0")
    about = shape._inline.docPr
    about.set("name", "chart")
    about.set("descr", shown(f"{chart.caption}: {chart.describes}"))


def _add_table(word: WordDocument, table: Table) -> None:
    caption = word.add_paragraph(shown(table.caption), style="Caption")
    caption.paragraph_format.keep_with_next = True
    grid = word.add_table(rows=len(table.rows) + 1, cols=len(table.columns))
    grid.alignment, grid.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    _rules(grid)
    widths = [Pt(one) for one in measures.column_widths(table, WIDE)]
    for column, one in zip(grid.columns, widths, strict=True):
        column.width = one
    rows = list(grid.rows)
    _head(rows[0], table, widths)
    short = len(table.rows) <= SHORT
    for number, (row, cells) in enumerate(zip(rows[1:], table.rows, strict=True)):
        _row_property(row, "w:cantSplit")
        keep = short and (number + 1 < len(table.rows) or bool(table.notes))
        for place, (cell, text) in enumerate(zip(row.cells, table.texts(cells), strict=True)):
            cell.width = widths[place]
            paragraph = _cell(cell, text, table.columns[place].align)
            paragraph.runs[0].bold = True if number in table.strong else None
            paragraph.paragraph_format.keep_with_next = True if keep else None
    for note in table.notes:
        word.add_paragraph(shown(note), style="Note")
    if not table.notes:  # two tables in a row would be one, and the next text needs air
        word.add_paragraph(style="Note")


def _head(row: Any, table: Table, widths: list[Pt]) -> None:
    _row_property(row, "w:cantSplit")
    _row_property(row, "w:tblHeader")
    for cell, column, wide in zip(row.cells, table.columns, widths, strict=True):
        cell.width = wide
        paragraph = _cell(cell, column.header, column.align)
        paragraph.runs[0].bold, paragraph.runs[0].font.size = True, Pt(measures.HEAD)
        paragraph.paragraph_format.keep_with_next = True
        if column.unit:
            paragraph.add_run().add_break()
            unit = paragraph.add_run(shown(column.unit))
            unit.font.size, unit.font.color.rgb = Pt(measures.UNIT), GREY
        properties = cell._tc.get_or_add_tcPr()
        properties.append(
            parse_xml(
                f"<w:tcBorders {nsdecls('w')}><w:bottom w:val='single' w:sz='5' w:space='0' "
                "w:color='1A1A1A'/></w:tcBorders>"
            )
        )
        bottom = OxmlElement("w:vAlign")
        bottom.set(qn("w:val"), "bottom")
        properties.append(bottom)


def _cell(cell: Any, text: str, align: str) -> WordParagraph:
    paragraph: WordParagraph = cell.paragraphs[0]
    paragraph._p.style = "Cell"  # by id: a look-up by name walks all styles every time
    paragraph.alignment = ALIGNMENTS[align]
    paragraph.add_run(shown(text))
    return paragraph


def _row_property(row: Any, tag: str) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement(tag))


def _rules(grid: WordTable) -> None:
    """Set the rules of the table and the air at the sides of its cells."""
    properties = grid._tbl.tblPr
    lines = "".join(
        f"<w:{edge} w:val='single' w:sz='{size}' w:space='0' w:color='{colour}'/>"
        for edge, size, colour in (
            ("top", 8, "1A1A1A"),
            ("bottom", 8, "1A1A1A"),
            ("insideH", 2, "BFBFBF"),
        )
    )
    air = "".join(
        f"<w:{side} w:w='{int(measures.PADDING * 20)}' w:type='dxa'/>" for side in ("left", "right")
    )
    later = ("w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook")
    borders = parse_xml(f"<w:tblBorders {nsdecls('w')}>{lines}</w:tblBorders>")
    margins = parse_xml(f"<w:tblCellMar {nsdecls('w')}>{air}</w:tblCellMar>")
    properties.insert_element_before(borders, *later)
    properties.insert_element_before(margins, "w:tblLook")
