"""Sub-packets: which sets stay incomplete. The values of each part are stored as it comes."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

# Three times the longest waiting time there is by default (HJ 212-2017, table 10: 10 s)
PATIENCE = timedelta(seconds=30)
MOST = 20_000  # sets held
SET = "set"  # the column of what is told of an incomplete set
_Key = tuple[str, str, str, str]


@dataclass
class _Open:
    total: int
    since: datetime
    parts: dict[int, int] = field(default_factory=dict)  # number -> entry


class Sets:
    """Follows sub-packets by MN, ST, CN and DataTime, in the order they came in."""

    def __init__(self) -> None:
        self._open: OrderedDict[_Key, _Open] = OrderedDict()

    def add(self, frames: pl.DataFrame, now: datetime | None, row: int) -> pl.DataFrame:
        """Take judged frames; return the sets given up by ``now`` as refused cells at ``row``."""
        parts = frames.filter(
            pl.col("refused").is_null(),
            pl.col("pnum").is_not_null(),
            pl.col("pno").is_not_null(),
            pl.col("data_time").is_not_null(),
        )
        for head in parts.iter_rows(named=True):
            self._take(head)
        return _told(self._due(now), row)

    def _take(self, head: dict[str, object]) -> None:
        pnum, pno = str(head["pnum"]), str(head["pno"])
        if not (pnum.isdigit() and pno.isdigit() and int(pnum) > 1):
            return
        key = (str(head["mn_of"]), str(head["st"]), str(head["cn"]), str(head["data_time"]))
        at, total = head["at"], int(pnum)
        assert isinstance(at, datetime)  # noqa: S101 (a column of the log)
        found = self._open.get(key)
        if found is None or found.total != total:
            found = self._open[key] = _Open(total, at)
        found.parts.setdefault(int(pno), int(str(head["raw_row"])))
        if len(found.parts) >= total:
            del self._open[key]

    def _due(self, now: datetime | None) -> list[tuple[_Key, _Open]]:
        over = []
        while self._open:
            key, first = next(iter(self._open.items()))
            late = now is not None and first.since + PATIENCE <= now
            if not late and len(self._open) <= MOST:
                break
            over.append((key, self._open.pop(key)))
        return over


def _told(given_up: list[tuple[_Key, _Open]], row: int) -> pl.DataFrame:
    rows = [
        (
            row,
            SET,
            f"MN {key[0]} CN {key[2]} entries {', '.join(map(str, sorted(one.parts.values())))}",
            f"part_missing:{len(one.parts)}/{one.total}",
        )
        for key, one in given_up
    ]
    names = ("raw_column", "text", "reason")
    return pl.DataFrame(rows, {"raw_row": pl.Int64} | dict.fromkeys(names, pl.String), orient="row")
