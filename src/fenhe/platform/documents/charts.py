"""Lay a bar chart out as rectangles and texts, which PDF and Word then paint alike.

Lengths are points; x runs right, y down from the upper left corner; the y of a text is
its baseline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fenhe.platform.documents.fonts import shown
from fenhe.platform.documents.linebreak import fitted
from fenhe.platform.documents.model import DASH, BarChart, Key
from fenhe.platform.documents.typeface import width

SIZE = 8.0
ROW = 15.0
BAR = 10.0
GAP = 5.0
NAME_SHARE = 0.3
INK = "#1a1a1a"
LIGHT_INK = "#ffffff"
RULE = "#8c8c8c"
DARK = 0.55  # relative brightness below which a bar's own text is white


@dataclass(frozen=True)
class Box:
    """A filled rectangle with a thin edge."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True)
class Text:
    """A line of text at a baseline."""

    x: float
    y: float
    text: str
    anchor: Literal["start", "middle", "end"] = "start"
    colour: str = INK
    size: float = SIZE


@dataclass(frozen=True)
class Picture:
    """A chart laid out: its size and what to paint, in order."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    texts: tuple[Text, ...]


def lay_out(chart: BarChart, total_width: float) -> Picture:
    """Return the chart as boxes and texts within ``total_width`` points."""
    left = min(max((width(shown(b.name), SIZE) for b in chart.bars), default=0.0) + GAP,
               total_width * NAME_SHARE)  # fmt: skip
    right = max((width(shown(b.total or DASH), SIZE) for b in chart.bars), default=0.0) + GAP
    room = total_width - left - right
    longest = max((sum(p.value for p in b.parts) for b in chart.bars), default=0.0)
    scale = room / longest if longest > 0 else 0.0
    boxes, texts, top = _legend(chart.keys, left)
    for number, bar in enumerate(chart.bars):
        y = top + number * ROW
        base = y + BAR / 2 + SIZE * 0.36
        name = fitted(shown(bar.name), lambda part: width(part, SIZE), left - GAP)
        texts.append(Text(left - GAP, base, name, "end"))
        x = left
        for part in bar.parts:
            long = part.value * scale
            colour = chart.keys[part.key].colour
            boxes.append(Box(x, y, long, BAR, colour))
            if part.label and width(part.label, SIZE - 1) + 2 <= long:
                ink = LIGHT_INK if _brightness(colour) < DARK else INK
                texts.append(Text(x + long / 2, base, part.label, "middle", ink, SIZE - 1))
            x += long
        total = shown(bar.total) if bar.total is not None else (DASH if not bar.parts else "")
        texts.append(Text(x + GAP / 2, base, total))
    height = top + len(chart.bars) * ROW
    return Picture(total_width, height, tuple(boxes), tuple(texts))


def _legend(keys: tuple[Key, ...], left: float) -> tuple[list[Box], list[Text], float]:
    boxes: list[Box] = []
    texts: list[Text] = []
    x = left
    for key in keys:
        if key.name:
            boxes.append(Box(x, 1.0, BAR, BAR * 0.8, key.colour))
            texts.append(Text(x + BAR + 3, SIZE, shown(key.name)))
            x += BAR + width(shown(key.name), SIZE) + 14
    return boxes, texts, ROW + 2 if boxes else 0.0


def _brightness(colour: str) -> float:
    """Return how bright a colour is to the eye, 0 to 1."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
