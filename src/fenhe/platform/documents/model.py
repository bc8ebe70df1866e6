"""What a document is made of, whatever it is rendered to.

Text is plain text: nothing in it is markup. A cell that is None was not there to be
told; renderers show it as ``DASH``, never as a zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

DASH = "—"

Align = Literal["left", "center", "right"]


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 or 2; it also becomes a bookmark."""

    text: str
    level: Literal[1, 2] = 1


@dataclass(frozen=True)
class Paragraph:
    """Running text. ``answer`` is the sentence the document is read for, ``note`` is small."""

    text: str
    kind: Literal["text", "answer", "note"] = "text"


@dataclass(frozen=True)
class Bullets:
    """A list of short texts."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """A column of a table: header, unit under it, alignment, and share of the width."""

    header: str
    unit: str = ""
    align: Align = "right"
    share: float = 1.0


@dataclass(frozen=True)
class Table:
    """A table with a caption above it and notes below; ``strong`` are the rows set bold."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str | None, ...], ...]
    notes: tuple[str, ...] = ()
    strong: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        """Refuse a row that has not one cell for each column."""
        for number, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise ValueError(
                    f"{self.caption}: row {number} has {len(row)} cells "
                    f"for {len(self.columns)} columns"
                )

    def texts(self, row: Sequence[str | None]) -> list[str]:
        """Return the cells of a row as they are shown."""
        return [DASH if cell is None else cell for cell in row]


@dataclass(frozen=True)
class Part:
    """One piece of a bar: its length, what is written in it, and its place in the legend."""

    value: float
    label: str = ""
    key: int = 0


@dataclass(frozen=True)
class Bar:
    """A named bar; no parts when there is no value to draw. ``total`` is written behind it."""

    name: str
    parts: tuple[Part, ...]
    total: str | None = None


@dataclass(frozen=True)
class Key:
    """An entry of a legend: colour as ``#rrggbb``, and name."""

    colour: str
    name: str


@dataclass(frozen=True)
class BarChart:
    """Horizontal bars of one scale. ``describes`` is the text for who can not see it."""

    caption: str
    bars: tuple[Bar, ...]
    keys: tuple[Key, ...] = (Key("#3b6ea5", ""),)
    describes: str = ""


@dataclass(frozen=True)
class PageBreak:
    """What follows begins on a new page."""


Block = Heading | Paragraph | Bullets | Table | BarChart | PageBreak


@dataclass(frozen=True)
class Frame:
    """What stands on every page: left and right head, left foot, and how pages are counted.

    ``pages`` holds ``{page}`` and ``{pages}``; ``under`` is a second line of the foot.
    """

    head_left: str
    head_right: str
    foot: str
    pages: str = "{page} / {pages}"
    under: str = ""


@dataclass(frozen=True)
class Document:
    """A whole document; ``made`` (naive UTC) is the date written into the file itself."""

    title: str
    subtitle: str
    language: Literal["zh-CN", "en"]
    made: datetime
    author: str
    subject: str
    frame: Frame
    blocks: tuple[Block, ...]
    keywords: tuple[str, ...] = field(default=())

    def texts(self) -> Iterator[str]:
        """Yield every text of the document, in the order of its pages."""
        frame = self.frame
        yield from (self.title, self.subtitle, frame.head_left, frame.head_right)
        yield from (frame.foot, frame.pages)
        yield from filter(None, (frame.under,))
        for block in self.blocks:
            yield from texts_of(block)


def texts_of(block: Block) -> Iterator[str]:
    """Yield the texts of one block as a reader meets them."""
    match block:
        case Heading(text=text) | Paragraph(text=text):
            yield text
        case Bullets(items=items):
            yield from items
        case Table():
            yield block.caption
            for column in block.columns:
                yield from filter(None, (column.header, column.unit))
            for row in block.rows:
                yield from block.texts(row)
            yield from block.notes
        case BarChart():
            yield block.caption
            yield from (key.name for key in block.keys if key.name)
            for bar in block.bars:
                yield bar.name
                yield from (part.label for part in bar.parts if part.label)
                yield bar.total if bar.total is not None else DASH
