"""Render a document as an A4 PDF: fonts embedded, bookmarks, the same bytes every time."""

from __future__ import annotations

import calendar
import hashlib
import io
import time
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    KeepTogether,
    PageTemplate,
    Spacer,
)
from reportlab.platypus import Frame as TextFrame
from reportlab.platypus import PageBreak as NewPage
from reportlab.platypus import Paragraph as BaseParagraph
from reportlab.platypus import Table as Grid

from fenhe.platform.documents import charts, measures
from fenhe.platform.documents.fonts import shown
from fenhe.platform.documents.linebreak import break_lines, fitted
from fenhe.platform.documents.model import (
    BarChart,
    Block,
    Bullets,
    Document,
    Heading,
    PageBreak,
    Paragraph,
    Table,
)
from fenhe.platform.documents.typeface import PLAIN, STRONG, register, width

SIDE = 20 * mm
TOP = 24 * mm
BOTTOM = 22 * mm
WIDE = A4[0] - 2 * SIDE
INK = HexColor("#1a1a1a")
GREY = HexColor("#595959")
RULE = HexColor("#bfbfbf")
TINT = HexColor("#eef3f8")
SMALL = 7.5
ROOM_UNDER_HEADING = 45 * mm
# Tables up to this many rows are not cut at the end of a page.
SHORT = 20


def _style(name: str, size: float, leading: float, **more: Any) -> ParagraphStyle:
    settings = {
        "fontName": PLAIN,
        "bulletFontName": PLAIN,
        "textColor": INK,
        "wordWrap": "CJK",
        **more,
    }
    return ParagraphStyle(name, fontSize=size, leading=leading, **settings)


STYLES = {
    "title": _style("title", 20, 28, fontName=STRONG, alignment=TA_CENTER, spaceAfter=2),
    "subtitle": _style("subtitle", 12, 18, alignment=TA_CENTER, textColor=GREY, spaceAfter=14),
    "h1": _style("h1", 13, 19, fontName=STRONG, spaceBefore=12, spaceAfter=5),
    "h2": _style("h2", 10.5, 16, fontName=STRONG, spaceBefore=8, spaceAfter=3),
    "text": _style("text", 10, 16, spaceAfter=5),
    "answer": _style(
        "answer", 12, 19, backColor=TINT, borderPadding=(7, 9, 8, 9), leftIndent=9, rightIndent=9,
        spaceBefore=8, spaceAfter=24,
    ),
    "note": _style("note", SMALL, 11.5, textColor=GREY, spaceAfter=2),
    "bullet": _style("bullet", 9.5, 15, leftIndent=16, bulletIndent=2, spaceAfter=2),
    "caption": _style("caption", 9, 13, fontName=STRONG, alignment=TA_LEFT),
}  # fmt: skip
ALIGNMENTS = {"left": TA_LEFT, "center": TA_CENTER, "right": TA_RIGHT}


class Text(BaseParagraph):  # type: ignore[misc]
    """A paragraph of plain text that breaks as Chinese and Latin want."""

    def __init__(self, text: str, style: ParagraphStyle, bullet: str | None = None) -> None:
        super().__init__(escape(shown(text)) or " ", style, bulletText=bullet)

    def breakLinesCJK(self, maxWidths: Any) -> Any:  # noqa: N802, N803 the library's name
        """Break by ``linebreak``; the library's own way cuts words and numbers."""
        if len(self.frags) != 1 or getattr(self, "_splitpara", False):
            return super().breakLinesCJK(maxWidths)
        frag, style = self.frags[0], self.style
        widths = maxWidths if isinstance(maxWidths, list | tuple) else [maxWidths]
        self.height = 0
        lines = break_lines(
            frag.text,
            lambda part: width(part, style.fontSize, style.fontName),
            widths[0],
            widths[-1],
        )
        spaced = [
            (widths[min(n, len(widths) - 1)] - width(line, style.fontSize, style.fontName), [line])
            for n, line in enumerate(lines)
        ]
        return frag.clone(kind=0, lines=spaced, ascent=frag.fontSize, descent=-0.2 * frag.fontSize)


class Title(Text):
    """A heading that leaves a bookmark."""

    def __init__(self, text: str, style: ParagraphStyle, key: str, level: int) -> None:
        super().__init__(text, style)
        self.mark = (shown(text), key, level)

    def draw(self) -> None:
        """Draw the text and set its bookmark."""
        text, key, level = self.mark
        # A second-level heading with none of the first above it stands in the first level.
        level = min(level, self.canv._doc.outline.currentlevel + 1)
        self.canv.bookmarkPage(key, fit="FitH", top=self.canv.absolutePosition(0, self.height)[1])
        self.canv.addOutlineEntry(text, key, level)
        super().draw()


class Chart(Flowable):  # type: ignore[misc]
    """A chart, painted as vectors."""

    def __init__(self, chart: BarChart) -> None:
        super().__init__()
        self.picture = charts.lay_out(chart, WIDE)
        self.width, self.height = self.picture.width, self.picture.height + 6
        self.spaceAfter = 8

    def draw(self) -> None:
        """Paint boxes and texts."""
        canvas, top = self.canv, self.height
        canvas.setLineWidth(0.4)
        for box in self.picture.boxes:
            canvas.setFillColor(HexColor(box.colour))
            canvas.setStrokeColor(HexColor(charts.RULE))
            canvas.rect(box.x, top - box.y - box.height, box.width, box.height, fill=1)
        for text in self.picture.texts:
            canvas.setFillColor(HexColor(text.colour))
            canvas.setFont(PLAIN, text.size)
            draw = {
                "start": canvas.drawString,
                "middle": canvas.drawCentredString,
                "end": canvas.drawRightString,
            }[text.anchor]
            draw(text.x, top - text.y, text.text)


def _cell(
    text: str, align: str, size: float = measures.CELL, ink: Any = INK, *, strong: bool = False
) -> Text:
    face = STRONG if strong else PLAIN
    style = _style("cell", size, 11, alignment=ALIGNMENTS[align], fontName=face, textColor=ink)
    return Text(text, style)


def _table(table: Table) -> Iterator[Flowable]:
    head: list[list[Any]] = []
    for column in table.columns:
        cell = [_cell(column.header, column.align, size=measures.HEAD, strong=True)]
        if column.unit:
            cell.append(_cell(column.unit, column.align, size=measures.UNIT, ink=GREY))
        head.append(cell)
    rows = [
        [
            _cell(text, column.align, strong=number in table.strong)
            for text, column in zip(table.texts(row), table.columns, strict=True)
        ]
        for number, row in enumerate(table.rows)
    ]
    caption = [Text(table.caption, STYLES["caption"])] + [""] * (len(table.columns) - 1)
    grid = Grid(
        [caption, head, *rows],
        colWidths=measures.column_widths(table, WIDE),
        repeatRows=2,
        style=_lines(len(rows)),
        spaceBefore=4,
        spaceAfter=4,
    )
    yield grid
    for note in table.notes:
        yield Text(note, STYLES["note"])
    yield Spacer(1, 6)


def _lines(rows: int) -> list[tuple[Any, ...]]:
    """Return the rules of a table: strong above and below, thin between the rows."""
    last = rows + 1
    return [
        ("FONTNAME", (0, 0), (-1, -1), PLAIN),
        ("SPAN", (0, 0), (-1, 0)),
        ("NOSPLIT", (0, 0), (0, min(last, 4))),
        ("LEFTPADDING", (0, 0), (-1, -1), measures.PADDING),
        ("RIGHTPADDING", (0, 0), (-1, -1), measures.PADDING),
        ("LEFTPADDING", (0, 0), (-1, 0), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("VALIGN", (0, 1), (-1, 1), "BOTTOM"),
        ("LINEABOVE", (0, 1), (-1, 1), 1, INK),
        ("LINEBELOW", (0, 1), (-1, 1), 0.6, INK),
        ("LINEBELOW", (0, 2), (-1, -1), 0.3, RULE),
        ("LINEBELOW", (0, -1), (-1, -1), 1, INK),
        ("LINEBELOW", (0, "splitlast"), (-1, "splitlast"), 1, INK),
    ]


def _flow(block: Block, number: int) -> Iterator[Flowable]:
    match block:
        case Heading(text=text, level=level):
            yield Title(text, STYLES[f"h{level}"], f"part-{number}", level - 1)
        case Paragraph(text=text, kind=kind):
            yield Text(text, STYLES[kind])
        case Bullets(items=items):
            for item in items:
                yield Text(item, STYLES["bullet"], bullet="•")
        case Table():
            yield from _table(block)
        case BarChart(caption=caption):
            yield Text(caption, STYLES["caption"])
            yield Spacer(1, 4)
            yield Chart(block)
        case PageBreak():
            yield NewPage()


def _stays_whole(block: Block) -> bool:
    return isinstance(block, BarChart) or (isinstance(block, Table) and len(block.rows) <= SHORT)


def _story(document: Document) -> list[Flowable]:
    """Return the flow of the document.

    A heading stays with what follows it; a chart or short table is never cut, and the
    paragraph that leads to it stays with it.
    """
    story: list[Flowable] = [
        Text(document.title, STYLES["title"]),
        Text(document.subtitle, STYLES["subtitle"]),
    ]
    held: list[Flowable] = []
    for number, block in enumerate(document.blocks):
        flow = list(_flow(block, number))
        if isinstance(block, Heading) or (held and isinstance(block, Paragraph)):
            held += flow
        elif _stays_whole(block):
            story.append(KeepTogether([*held, *flow]))
            held = []
        else:
            story += _released(held) + flow
            held = []
    return story + _released(held)


def _released(held: list[Flowable]) -> list[Flowable]:
    return [CondPageBreak(ROOM_UNDER_HEADING), *held] if held else []


UNDER = 10  # points between the two lines of the foot


def _furniture(canvas: Canvas, document: Document, page: int, pages: int) -> None:
    """Draw what stands on every page: head, foot, number of the page."""
    frame = document.frame
    canvas.saveState()
    canvas.setFont(PLAIN, SMALL)
    canvas.setFillColor(GREY)
    canvas.setStrokeColor(RULE)
    canvas.setLineWidth(0.5)
    head, foot = A4[1] - 15 * mm, 13 * mm
    count = shown(frame.pages.format(page=page, pages=pages))
    _ends(canvas, shown(frame.head_left), shown(frame.head_right), head)
    _ends(canvas, shown(frame.foot), count, foot)
    _ends(canvas, shown(frame.under), "", foot - UNDER)
    canvas.line(SIDE, head - 4, A4[0] - SIDE, head - 4)
    canvas.line(SIDE, foot + 9, A4[0] - SIDE, foot + 9)
    canvas.restoreState()


def _ends(canvas: Canvas, left: str, right: str, y: float) -> None:
    """Draw one text at each end of a line; the left one gives way."""
    room = WIDE - width(right, SMALL) - 10
    canvas.drawString(SIDE, y, fitted(left, lambda part: width(part, SMALL), room))
    canvas.drawRightString(A4[0] - SIDE, y, right)


class _Moment:
    """A fixed moment in the shape the library wants its clock in."""

    tzname, dhh, dmm = "UTC", 0, 0

    def __init__(self, document: Document) -> None:
        self.lt = document.made.utctimetuple()
        self.t = float(calendar.timegm(self.lt))
        self.YMDhms = tuple(self.lt)[:6]

    @property
    def asctime(self) -> str:
        return time.asctime(self.lt)


def _build(document: Document, pages: int) -> tuple[bytes, int]:
    """Make the file for a known number of pages; return it with how many it has."""

    def canvas_of(*args: Any, **options: Any) -> Canvas:
        canvas = Canvas(*args, **{**options, "invariant": 1})
        canvas._doc._timeStamp = _Moment(document)
        canvas._doc.signature = hashlib.md5(repr(document).encode(), usedforsecurity=False)
        return canvas

    def on_page(canvas: Canvas, template: BaseDocTemplate) -> None:
        _furniture(canvas, document, template.page, pages)

    out = io.BytesIO()
    maker = BaseDocTemplate(
        out, pagesize=A4, title=document.title, author=document.author, subject=document.subject,
        creator="Fenhe", producer="Fenhe", keywords=list(document.keywords),
        lang=document.language, displayDocTitle=True, initialFontName=PLAIN,
        pageCompression=1,
    )  # fmt: skip
    body = TextFrame(SIDE, BOTTOM, WIDE, A4[1] - TOP - BOTTOM, 0, 0, 0, 0)
    maker.addPageTemplates(PageTemplate("page", [body], onPage=on_page))
    maker.build(_story(document), canvasmaker=canvas_of)
    return out.getvalue(), maker.page


def render(document: Document) -> bytes:
    """Return ``document`` as PDF; the same document gives the same bytes.

    Raises ``MissingFonts`` where the set-up could not bring the fonts.
    """
    register()
    _, pages = _build(document, 0)
    return _build(document, pages)[0]
