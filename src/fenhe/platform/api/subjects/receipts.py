"""Receipts: received = stored + duplicate + rejected; and what was rejected."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Path, Query, Router
from pydantic import BaseModel, Field

from fenhe.platform import owner
from fenhe.platform.api import cursors, push, times
from fenhe.platform.api.frame import Asked, Listed, get
from fenhe.platform.monitoring import queries

ACT = "monitoring.feeds"
router = Router()


class ReceiptRow(BaseModel):
    """What became of one import."""

    receipt: int = Field(description="number of the import")
    feed: str
    name: str = Field(description="the name the file came by")
    raw_sha256: str
    actor: str
    began_at_utc: str
    known_at_utc: str
    received: int
    stored: int
    corrected: int = Field(description="the part of stored that replaced another file's value")
    duplicate: int
    rejected: int
    closed: bool = Field(description="false: cut short; it goes on with the same bytes")
    balanced: bool


class Receipts(Listed):
    """A page of receipts."""

    data: list[ReceiptRow]


class ReceiptsAsked(Asked):
    """Which receipts."""

    feed: str | None = None


@get(router, "/receipts", ACT, Receipts, table=True)
def list_receipts(request: HttpRequest, asked: Query[ReceiptsAsked]) -> Any:
    """Receipts of imports and pushes, newest first."""
    rows = [_plain(row) for row in queries.receipts(asked.feed)]
    return cursors.page(request, rows, lambda row: [-row["receipt"]], asked.limit)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    moments = {f"{name}_utc": times.iso(row[name]) for name in ("began_at", "known_at")}
    return {**row, **moments, "receipt": row["import"]}


class Rejected(Listed):
    """A page of rejected cells."""

    data: list[push.RejectedCell]


@get(
    router,
    "/receipts/{receipt}/rejected",
    "monitoring.quarantine",
    Rejected,
    fails=(404,),
    table=True,
)
def list_rejected(request: HttpRequest, receipt: Path[push.Number], asked: Query[Asked]) -> Any:
    """The cells of one receipt that were rejected, as they were written, with the reason."""
    store = owner.store()
    if store.receipts("import", import_id=receipt).is_empty():
        raise Http404(f"there is no receipt {receipt}")
    rows = push.rejected(store, receipt)
    return cursors.page(request, rows, lambda row: [row["row"], row["column"] or ""], asked.limit)
