"""Where a line of Chinese, Latin or mixed text may end.

Chinese breaks between any two characters, except that closing punctuation may not begin
a line and opening punctuation may not end one; Latin words and numbers stay whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

MAY_NOT_BEGIN = frozenset("，。、；：？！）》」』】〕〉％‰℃’”…—·,.;:!?)]}%～〓")
MAY_NOT_END = frozenset("（《「『【〔〈“‘([{")
# Spaces; a Latin word with its marks, which may be cut after a hyphen or slash; any other
# single character.
_TOKEN = re.compile(
    r"\s+|[^\s\u2e80-\U0003ffff\u2014\u2018-\u201d\u2026\-/]+[\-/]?|[\s\S]", re.UNICODE
)

Measure = Callable[[str], float]


def clusters(text: str) -> Iterator[str]:
    """Yield the pieces of ``text`` between which a line may end; spaces trail their piece."""
    held = ""
    for match in _TOKEN.finditer(text):
        token = match.group()
        joins = not held or token.isspace() or token[0] in MAY_NOT_BEGIN
        joins = joins or held.rstrip()[-1:] in MAY_NOT_END
        if joins:
            held += token
        else:
            yield held
            held = token
    if held:
        yield held


def break_lines(text: str, measure: Measure, first: float, later: float) -> list[str]:
    """Return the lines of ``text``, none wider than ``first`` (line one) or ``later``.

    A piece that is wider than a whole line is cut between characters. Spaces at the end
    of a line are dropped. An empty text is one empty line.
    """
    lines: list[str] = []
    line = ""
    for piece in clusters(text):
        room = later if lines else first
        if line and measure((line + piece).rstrip()) > room:
            lines.append(line.rstrip())
            line, room = "", later
        line += piece
        while measure(line.rstrip()) > room and len(line.rstrip()) > 1:
            cut = _longest(line, measure, room)
            lines.append(line[:cut])
            line, room = line[cut:], later
    lines.append(line.rstrip())
    return lines


def _longest(text: str, measure: Measure, room: float) -> int:
    """Return how many characters fit, at least one."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle]) <= room:
            low = middle
        else:
            high = middle - 1
    return low


def fitted(text: str, measure: Measure, room: float) -> str:
    """Return ``text``, cut with an ellipsis when it is wider than ``room``."""
    if measure(text) <= room:
        return text
    return text[: _longest(text, lambda part: measure(part + "…"), room)].rstrip() + "…"
