"""The only errors the codec raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenhe.base.errors import BadInput, FenheError

if TYPE_CHECKING:
    from fenhe.protocols.hj212.frame import Frame


class Hj212Error(FenheError):
    """Base of what the codec raises."""


class BadFrame(Hj212Error):
    """Strict decoding refuses a frame; ``frame`` is what could be read of it."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        found = "; ".join(f"{p.code}: {p.text}" for p in frame.problems)
        super().__init__(f"{frame.verdict}: {found}")


class BadMessage(Hj212Error, BadInput):
    """A message that can not be written as a frame of its edition."""
