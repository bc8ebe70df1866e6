"""When a segment has had enough, and the next one begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Rotation:
    """A segment is sealed once it has ``size`` bytes, or its first entry is older than ``age``."""

    size: int = 64 << 20
    age: timedelta = timedelta(days=1)
