"""Parameters that several methods of air have."""

from __future__ import annotations

from collections.abc import Sequence

from fenhe.base.errors import BadInput
from fenhe.methods.contract import Param
from fenhe.standards import glossary


def one_of(name: str, choices: Sequence[str], text: str) -> str:
    """Return the choice a text names, without case; ``BadInput`` lists them."""
    chosen = text.strip().lower()
    if chosen not in choices:
        known = ", ".join(c for c in choices if c)
        raise BadInput(f"{name}: '{text}' is none of {known}")
    return chosen


def grade(text: str) -> str:
    """Return the grade a text names: 1, 2, I or II."""
    return glossary.grade(text)


GRADE = Param("grade", "执行级别：1、2", "grade of the limits: 1 or 2", "2", grade)
