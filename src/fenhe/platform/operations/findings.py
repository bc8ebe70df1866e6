"""What a check found, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class Level(Enum):
    """How bad it is: the exit code of the doctor is the largest."""

    OK = 0
    WARN = 1
    FAIL = 2


@dataclass(frozen=True)
class Finding:
    """One check: its name, how bad, what was found, and what to do when it is not well."""

    check: str
    level: Level
    message: str
    remedy: str = ""

    def plain(self) -> dict[str, Any]:
        """Return it as plain data, the level as a word."""
        return asdict(self) | {"level": self.level.name.lower()}


def from_plain(told: dict[str, Any]) -> Finding:
    """Return the finding that ``plain`` gave."""
    return Finding(**told | {"level": Level[told["level"].upper()]})


def ok(check: str, message: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(check, Level.OK, message)


def warn(check: str, message: str, remedy: str) -> Finding:
    """Return a finding that should be seen to."""
    return Finding(check, Level.WARN, message, remedy)


def fail(check: str, message: str, remedy: str) -> Finding:
    """Return a finding that something is broken."""
    return Finding(check, Level.FAIL, message, remedy)


def worst(findings: Iterable[Finding]) -> int:
    """Return 0, 1 or 2: the largest level; 0 when there are none."""
    return max((finding.level.value for finding in findings), default=0)
