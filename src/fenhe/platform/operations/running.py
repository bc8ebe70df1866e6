"""What runs in this process besides the pages; health and metrics ask here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fenhe.platform.worker import Worker


@dataclass
class Running:
    """The threads of the owner; None where this process does not serve."""

    worker: Worker | None = None


now = Running()
