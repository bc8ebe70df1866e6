"""Styles, settings, fonts and file properties of a Word document."""

from __future__ import annotations

from typing import Any

from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Pt, RGBColor

from fenhe.platform.documents import wordfonts
from fenhe.platform.documents.fonts import BOLD, FAMILY, REGULAR
from fenhe.platform.documents.model import Document

INK = RGBColor(0x1A, 0x1A, 0x1A)
GREY = RGBColor(0x59, 0x59, 0x59)
TINT = "EEF3F8"
FONT_TYPE = "application/vnd.openxmlformats-officedocument.obfuscatedFont"
FONT_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/font"
TABLE_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.fontTable+xml"
# Style: size, bold, colour, space before and after, line height, in points.
SIZES = {
    "Normal": (10, False, INK, 0, 5, 16),
    "Title": (20, True, INK, 0, 2, 28),
    "Subtitle": (12, False, GREY, 0, 14, 18),
    "Heading 1": (13, True, INK, 14, 5, 19),
    "Heading 2": (10.5, True, INK, 10, 3, 16),
    "Caption": (9, True, INK, 6, 3, 13),
    "List Bullet": (9.5, False, INK, 0, 2, 15),
    "Header": (7.5, False, GREY, 0, 0, 11),
    "Footer": (7.5, False, GREY, 0, 0, 11),
    "Answer": (12, False, INK, 6, 12, 19),
    "Note": (7.5, False, GREY, 1, 2, 11.5),
    "Cell": (8, False, INK, 2, 2, 11),
}


def set_styles(word: WordDocument) -> None:
    """Give the styles one family, also for East Asian text, and the house's sizes."""
    for name in ("Answer", "Note", "Cell"):
        made = word.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        made.base_style = word.styles["Normal"]
        made.quick_style = True
    for fonts in word.styles.element.iter(qn("w:rFonts")):
        _one_family(fonts)
    for name in SIZES:
        _set_style(word, name)
    for lang in word.styles.element.iter(qn("w:lang")):
        lang.set(qn("w:val"), "en-US")
        lang.set(qn("w:eastAsia"), "zh-CN")
    for name in ("Title", "Subtitle"):
        word.styles[name].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    shade = parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{TINT}"/>')
    edges = "".join(
        f"<w:{edge} w:val='single' w:sz='4' w:space='{space}' w:color='{TINT}'/>"
        for edge, space in (("top", 6), ("left", 4), ("bottom", 6), ("right", 4))
    )
    frame = parse_xml(f"<w:pBdr {nsdecls('w')}>{edges}</w:pBdr>")
    properties = word.styles["Answer"].element.get_or_add_pPr()
    for element in (frame, shade):
        properties.insert_element_before(element, "w:tabs", "w:spacing", "w:ind", "w:jc")
    word.styles["Answer"].paragraph_format.left_indent = Pt(5)
    word.styles["Answer"].paragraph_format.right_indent = Pt(5)
    for lang in word.settings.element.iter(qn("w:themeFontLang")):
        lang.set(qn("w:eastAsia"), "zh-CN")
    for zoom in word.settings.element.iter(qn("w:zoom")):
        zoom.set(qn("w:percent"), "100")


def _one_family(fonts: Any) -> None:
    """Name the family for every script; a theme's fonts would win over it."""
    for attribute in list(fonts.attrib):
        del fonts.attrib[attribute]
    for script in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{script}"), FAMILY)


def _set_style(word: WordDocument, name: str) -> None:
    size, bold, colour, before, after, leading = SIZES[name]
    style = word.styles[name]
    properties = style.element.get_or_add_rPr()
    _one_family(properties.get_or_add_rFonts())
    for tag in ("w:spacing", "w:kern", "w:i", "w:iCs"):
        for element in properties.findall(qn(tag)):
            properties.remove(element)
    style.font.size, style.font.bold = Pt(size), bold
    style.font.color.rgb = colour
    paragraph = style.element.get_or_add_pPr()
    for tag in ("w:pBdr", "w:tabs"):
        for element in paragraph.findall(qn(tag)):
            paragraph.remove(element)
    form = style.paragraph_format
    form.space_before, form.space_after = Pt(before), Pt(after)
    form.line_spacing = Pt(leading)
    form.widow_control = True


def set_properties(word: WordDocument, document: Document) -> None:
    """Write title, language and the date of the data; nothing of the machine or its clock."""
    core = word.core_properties
    core.title, core.subject = document.title, document.subject
    core.author = core.last_modified_by = document.author
    core.keywords = ", ".join(document.keywords)
    core.language, core.comments = document.language, ""
    core.created = core.modified = document.made
    core.revision = 1


def embed_fonts(word: WordDocument, text: str) -> None:
    """Put both weights, with the glyphs of ``text``, into the file and its font table."""
    part = word.part
    old = [key for key, rel in part.rels.items() if rel.reltype == RELATIONSHIP_TYPE.FONT_TABLE]
    for key in old:
        del part.rels[key]
    table = Part(PackURI("/word/fontTable.xml"), TABLE_TYPE, b"", part.package)
    entries = ""
    for number, (name, tag) in enumerate(((REGULAR, "embedRegular"), (BOLD, "embedBold")), start=1):
        font = wordfonts.subset(name, text)
        key = wordfonts.key_of(font)
        uri = PackURI(f"/word/fonts/font{number}.odttf")
        inner = Part(uri, FONT_TYPE, wordfonts.scrambled(font, key), part.package)
        rel = table.relate_to(inner, FONT_RELATION)
        entries += f'<w:{tag} r:id="{rel}" w:fontKey="{key}" w:subsetted="1"/>'
    table._blob = _font_table(entries).encode()
    part.relate_to(table, RELATIONSHIP_TYPE.FONT_TABLE)
    settings = word.settings.element
    for tag in ("w:embedTrueTypeFonts", "w:saveSubsetFonts"):
        settings.insert_element_before(OxmlElement(tag), "w:proofState", "w:defaultTabStop")


def _font_table(entries: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<w:fonts {nsdecls("w", "r")}><w:font w:name="{FAMILY}">'
        '<w:charset w:val="86"/><w:family w:val="swiss"/><w:pitch w:val="variable"/>'
        f"{entries}</w:font></w:fonts>"
    )
