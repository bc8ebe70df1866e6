"""Lines end where Chinese and Latin may end, and nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenhe.platform.documents.linebreak import MAY_NOT_BEGIN, break_lines, clusters, fitted


def ten(text: str) -> float:
    """Measure: Chinese is 10 wide, all else 5."""
    return sum(10.0 if ord(char) >= 0x2E80 else 5.0 for char in text)


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("空气质量月报", 30, ["空气质", "量月报"]),
        ("空气质，量", 30, ["空气", "质，量"]),
        ("空气（质）", 30, ["空气", "（质）"]),
        ("浓度PM2.5为 12.5 高", 45, ["浓度PM2.5", "为 12.5", "高"]),
        ("twelve cities", 35, ["twelve", "cities"]),
        ("abcdefgh", 20, ["abcd", "efgh"]),
        ("", 20, [""]),
        ("2026-03-01", 30, ["2026-", "03-01"]),
    ],
)
def test_lines(text: str, room: float, lines: list[str]) -> None:
    assert break_lines(text, ten, room, room) == lines


def test_first_line_may_be_shorter() -> None:
    assert break_lines("空气质量月报", ten, 20, 40) == ["空气", "质量月报"]


@given(
    st.text(alphabet="空气质量（）“”，。、 abcXYZ0123456789.-/%", max_size=60), st.integers(20, 80)
)
def test_nothing_is_lost_and_nothing_sticks_out(text: str, room: int) -> None:
    lines = break_lines(text, ten, room, room)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(ten(line) <= room for line in lines)


@given(st.text(alphabet="空气，。）a1 .", min_size=1, max_size=40))
def test_no_piece_begins_with_closing_punctuation(text: str) -> None:
    pieces = list(clusters(text))
    assert "".join(pieces) == text
    assert [piece for piece in pieces[1:] if piece[0] in MAY_NOT_BEGIN] == []


def test_too_long_is_cut_with_an_ellipsis() -> None:
    assert fitted("空气质量月报", ten, 60) == "空气质量月报"
    assert fitted("空气质量月报", ten, 45) == "空气质量…"
    assert ten(fitted("空气质量月报", ten, 45)) <= 50
