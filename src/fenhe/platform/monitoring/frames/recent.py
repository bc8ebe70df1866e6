"""The last frames of each device, in memory: where in the log they are, what became of them."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

KEPT = 30  # frames of one device
MOST = 20_000  # devices, known or not
_guard = threading.Lock()
_last: dict[str, deque[Seen]] = {}


@dataclass(frozen=True)
class Seen:
    """One frame: its place (segment, entry), when it came, what it was, why it was refused."""

    raw_sha256: str
    raw_row: int
    at: datetime
    mn: str
    st: str
    cn: str
    data_time: datetime | None
    verdict: str
    refused: str

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return dict(vars(self))


def note(segment: str, heads: pl.DataFrame) -> None:
    """Keep the last of some judged frames."""
    named = heads.filter(pl.col("mn_of").is_not_null())
    last = named.group_by("mn_of", maintain_order=True).tail(KEPT)
    with _guard:
        for row in last.iter_rows(named=True):
            mn = row["mn_of"]
            if mn not in _last and len(_last) >= MOST:
                continue
            _last.setdefault(mn, deque(maxlen=KEPT)).append(_seen(segment, row))


def _seen(segment: str, row: dict[str, Any]) -> Seen:
    texts = {name: row[name] or "" for name in ("st", "cn", "verdict", "refused")}
    return Seen(
        segment, row["raw_row"], row["at"], row["mn_of"], data_time=row["data_time"], **texts
    )


def of(mn: str, most: int = KEPT) -> list[Seen]:
    """Return the last frames of a device since this process began, the newest first."""
    with _guard:
        return list(reversed(_last.get(mn.strip().upper(), ())))[:most]


def forget() -> None:
    """Forget everything."""
    with _guard:
        _last.clear()
