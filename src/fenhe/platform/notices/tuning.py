"""The limits in force: the defaults with what this installation set otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from fenhe.platform.notices import kinds
from fenhe.platform.notices.models import Threshold


class Tuning:
    """The limits as they are at one moment; asking costs no query."""

    def __init__(self, own: Mapping[str, float] | None = None) -> None:
        self._own = own or {}

    def __call__(self, kind: str, name: str) -> float:
        """Return a limit of a kind."""
        key = f"{kind}.{name}"
        return self._own[key] if key in self._own else kinds.limit(key).value

    def common(self, name: str) -> float:
        """Return a limit that holds for all kinds."""
        return self(kinds.COMMON, name)


def load() -> Tuning:
    """Read what this installation set; a limit that no longer exists is left out."""
    rows = Threshold.objects.values_list("key", "value")
    return Tuning({key: value for key, value in rows if key in kinds.all_limits()})
