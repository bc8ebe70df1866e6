"""Receipts: for every batch, received = stored + duplicate + rejected, and it is checked."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from fenhe.base.errors import BadInput
from fenhe.store import schema
from fenhe.store.commits import Commit
from fenhe.store.errors import ReceiptUnbalanced
from fenhe.store.lake import Lake

_COUNTS = ["received", "stored", "corrected", "duplicate", "rejected"]
FRAMES = ("received", "accepted", "duplicate", "rejected")
_KIND = "split_part(q.reason, ':', 1)"
# the last finished import of each file under each feed stands beside
_REFUSED = """quarantine q JOIN import_log i USING ("import") JOIN raw_file f USING (raw)
LEFT JOIN (
    SELECT feed, raw, max("import") AS last FROM import_log
    WHERE "import" IN (SELECT "import" FROM receipt WHERE closed) GROUP BY feed, raw
) l ON l.feed = i.feed AND l.raw = i.raw
"""
_OPEN = """(f.name LIKE 'stream/%' OR q."import" >= coalesce(l.last, 0))
AND NOT EXISTS (
    FROM mended m WHERE m.raw = i.raw AND m.raw_row = q.raw_row AND m."column" = q."column"
    AND m.commit > q.commit)
"""
_SUMS = ", ".join(f"sum(r.{name})::BIGINT AS {name}" for name in _COUNTS)
_VIEWS = {
    "batch": "SELECT r.* FROM receipt r WHERE {where} ORDER BY r.commit",
    "import": (
        'SELECT r."import", any_value(r.feed) AS feed, any_value(i.name) AS name, '
        "any_value(f.sha256) AS raw_sha256, any_value(i.actor) AS actor, "
        "min(c.known_at) AS began_at, max(c.known_at) AS known_at, "
        f"{_SUMS}, max(r.last_row) AS last_row, bool_or(r.closed) AS closed "
        'FROM receipt r JOIN import_log i USING ("import") JOIN raw_file f USING (raw) '
        "JOIN commit_log c ON c.commit = r.commit "
        'WHERE {where} GROUP BY r."import" ORDER BY r."import"'
    ),
    "hour": (
        f"SELECT r.feed, r.hour, {_SUMS} FROM receipt r WHERE {{where}} "
        "GROUP BY r.feed, r.hour ORDER BY r.hour, r.feed"
    ),
}


@dataclass(frozen=True)
class Receipt:
    """What became of the values of one batch, or of a whole import once ``closed``.

    ``corrected`` is the part of ``stored`` that replaced a value of another file.
    ``commit`` is 0 when there was nothing to commit.
    """

    import_id: int
    feed: str
    received: int = 0
    stored: int = 0
    corrected: int = 0
    duplicate: int = 0
    rejected: int = 0
    last_row: int = 0
    closed: bool = False
    commit: int = 0

    def check(self) -> None:
        """Raise ``ReceiptUnbalanced`` unless every received value is accounted for."""
        if self.received != self.stored + self.duplicate + self.rejected:
            raise ReceiptUnbalanced(self.received, self.stored, self.duplicate, self.rejected)

    def plus(self, other: Receipt) -> Receipt:
        """Return the counts of both, the later position and commit, closed if either is."""
        sums = {name: getattr(self, name) + getattr(other, name) for name in _COUNTS}
        return replace(
            self,
            last_row=max(self.last_row, other.last_row),
            closed=self.closed or other.closed,
            commit=max(self.commit, other.commit),
            **sums,
        )


def write(receipt: Receipt, batch: int, commit: Commit) -> None:
    """Check the balance and add the receipt to the commit it accounts for."""
    receipt.check()
    row = {name: getattr(receipt, name) for name in (*_COUNTS, "feed", "last_row", "closed")}
    hour = commit.known_at.replace(minute=0, second=0, microsecond=0)
    row |= {"import": receipt.import_id, "batch": batch, "hour": hour, "commit": commit.number}
    commit.session.insert("receipt", schema.frame("receipt", [row]))


def read(
    lake: Lake, by: str = "batch", feed: str | None = None, import_id: int | None = None
) -> pl.DataFrame:
    """Return receipts per ``batch``, per ``import``, or per feed and ``hour`` received (UTC)."""
    if by not in _VIEWS:
        raise BadInput(f"receipts can be read by {', '.join(_VIEWS)}; not by '{by}'")
    where, parameters = _where({"r.feed": feed, 'r."import"': import_id})
    return lake.read(_VIEWS[by].format(where=where), parameters)


@dataclass(frozen=True)
class Cells:
    """Which refused cells are meant; None: any.

    ``kinds``: what a reason begins with, up to its colon. ``still_open``: of a file imported more
    than once under a feed those of its last import, of a stream those not taken up since.
    """

    feed: str | None = None
    import_id: int | None = None
    kinds: tuple[str, ...] | None = None
    still_open: bool = False

    def where(self) -> tuple[str, list[object]]:
        """Return the condition on ``_REFUSED`` and its parameters."""
        where, parameters = _where({"i.feed": self.feed, 'q."import"': self.import_id})
        if self.kinds is not None:
            where += f" AND {_KIND} IN ({', '.join('?' for _ in self.kinds) or 'NULL'})"
            parameters += self.kinds
        return f"{where} AND {_OPEN if self.still_open else 'true'}", parameters


def quarantine(lake: Lake, cells: Cells, page: tuple[int, int] | None = None) -> pl.DataFrame:
    """Return the rejected cells: import, feed, name, raw_sha256, raw_row, column, text, reason.

    ``page``: so many, after so many, the newest first; all in order of import and row without.
    """
    where, parameters = cells.where()
    order = 'q."import", q.raw_row, q."column"'
    if page is not None:
        order = 'q.commit DESC, q.raw_row, q."column" LIMIT ? OFFSET ?'
        parameters = [*parameters, *page]
    return lake.read(
        'SELECT q."import", i.feed, i.name, f.sha256 AS raw_sha256, q.raw_row, q."column", '
        f"q.text, q.reason, q.commit FROM {_REFUSED} WHERE {where} ORDER BY {order}",
        parameters,
    )


def kinds(lake: Lake, cells: Cells) -> dict[str, int]:
    """Return how many rejected cells there are of each kind of reason, most first."""
    where, parameters = cells.where()
    found = lake.read(
        f"SELECT {_KIND} AS kind, count(*) AS n FROM {_REFUSED} WHERE {where} "
        "GROUP BY kind ORDER BY n DESC, kind",
        parameters,
    )
    return dict(found.iter_rows())


def frames(lake: Lake, feed: str | None = None) -> pl.DataFrame:
    """Return frames by feed and hour they came in: received = accepted + duplicate + rejected."""
    where, parameters = _where({"feed": feed})
    sums = ", ".join(f"sum({name})::BIGINT AS {name}" for name in FRAMES)
    return lake.read(
        f"SELECT feed, hour, {sums} FROM frame_receipt WHERE {where} "
        "GROUP BY feed, hour ORDER BY hour, feed",
        parameters,
    )


def _where(wanted: dict[str, object]) -> tuple[str, list[object]]:
    given = {name: value for name, value in wanted.items() if value is not None}
    return " AND ".join(["true", *(f"{name} = ?" for name in given)]), list(given.values())
