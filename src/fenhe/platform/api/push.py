"""Taking data that is pushed: kept byte by byte first, stored once, answered with its receipt.

The order matters. The bytes are durable before anything reads them; the key is noted before
the import begins; the answer is noted after the store has committed. Whatever moment the process
ends at, the same request with the same key finds what was done and goes on from there.
"""

from __future__ import annotations

import hashlib
import io
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import polars as pl
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from pydantic import BaseModel, Field

from fenhe.base.errors import FenheError
from fenhe.platform import owner
from fenhe.platform.api import envelope, errors
from fenhe.platform.api.access import Asker
from fenhe.platform.api.errors import ApiError
from fenhe.platform.api.models import ApiToken, Push
from fenhe.platform.monitoring import imports
from fenhe.platform.monitoring.acts import finished
from fenhe.platform.monitoring.intake import Receive
from fenhe.platform.monitoring.models import Import
from fenhe.platform.workflow.acts import append
from fenhe.protocols.tables import feeds
from fenhe.protocols.tables.parse import REASONS
from fenhe.protocols.tables.reader import Limits
from fenhe.store import RawFile, Receipt, Store

TYPES = {
    "application/json": ".json",
    "application/x-ndjson": ".jsonl",
    "text/csv": ".csv",
}
ROWS = 50_000
LIMITS = Limits(file_bytes=settings.API_BODY_LIMIT, unpacked_bytes=None, cells=1_000_000)
SHOWN = 1000
KEPT = timedelta(days=30)  # how long a key is remembered
COUNTS = ("received", "stored", "corrected", "duplicate", "rejected")
# cells that are refused are told on the receipt of a push; they refuse no more than themselves
TOLERATED = frozenset({"no_values"})
Number = Annotated[int, Field(ge=0, le=2**62)]


class RejectedCell(BaseModel):
    """One cell that is not a value of a known site, as it was written."""

    row: int = Field(description="of the body: of an array the first is 1, of CSV the header is")
    column: str | None
    text: str | None
    reason: str = Field(description="a code; unknown_station:… can be mended by entering it")
    reason_zh: str
    reason_en: str
    where: str


class ReceiptOfPush(BaseModel):
    """What became of the values: received = stored + duplicate + rejected."""

    receipt: int = Field(description="number of the import")
    feed: str
    received: int
    stored: int
    corrected: int
    duplicate: int
    rejected: int
    commit: int
    raw_sha256: str = Field(description="SHA-256 of the body, which is kept")


class Pushed(BaseModel):
    """The answer to a push."""

    data: ReceiptOfPush
    rejected: list[RejectedCell] = Field(description=f"the first {SHOWN}")


BODY: dict[str, Any] = {
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
            "description": "one text a batch; remembered for 30 days",
        },
        {
            "in": "query",
            "name": "feed",
            "required": False,
            "schema": {"type": "string", "minLength": 1},
            "description": "id of a feed description, where the body does not name one",
        },
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": envelope.SCHEMA},
            "text/csv": {"schema": {"type": "string"}},
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    },
}


@dataclass(frozen=True)
class Job:
    """A request as it came: whose, under which key and feed, and its bytes."""

    asker: Asker
    token: ApiToken
    key: str
    feed: str
    ending: str
    content: bytes

    @property
    def digest(self) -> str:
        """What tells this request from another under the same key."""
        told = f"{self.feed}\n{self.ending}\n".encode() + self.content
        return hashlib.sha256(told).hexdigest()

    @property
    def name(self) -> str:
        """The name the bytes come by: of this key alone."""
        mark = hashlib.sha256(self.key.encode()).hexdigest()[:24]
        return f"push-{self.token.pk}-{mark}{self.ending}"


class _Locks:
    """One lock a name, in a fixed number of stripes."""

    def __init__(self, stripes: int = 64) -> None:
        self._locks = [threading.Lock() for _ in range(stripes)]

    def of(self, name: str) -> threading.Lock:
        return self._locks[hash(name) % len(self._locks)]


_keys, _bodies = _Locks(), _Locks()


def take(request: HttpRequest, asker: Asker) -> tuple[int, dict[str, Any], bool]:
    """Take what a request brings; return status, answer, and whether it was answered before.

    Raises ``ApiError`` for a request that can not be taken at all; nothing is kept then.
    """
    job = _job(request, asker)
    with _keys.of(f"{job.token.pk} {job.key}"):
        known = Push.objects.filter(token=job.token, key=job.key).first()
        if known is not None and known.request != job.digest:
            raise ApiError(
                409, "this key was used for another body", code="key_reused", where=KEY_PLACE
            )
        if known is not None and known.status is not None:
            return known.status, known.answer or {}, True
        status, answer = _answer(job, known)
        Push.objects.filter(token=job.token, key=job.key).update(status=status, answer=answer)
        return status, answer, known is not None


KEY_PLACE = "header.Idempotency-Key"


def _job(request: HttpRequest, asker: Asker) -> Job:
    assert asker.token is not None  # noqa: S101
    key = request.headers.get("Idempotency-Key", "")
    if not (0 < len(key) <= 200 and key.isascii() and key.isprintable() and " " not in key):
        said = "a push needs a key of 1 to 200 signs without blanks"
        raise ApiError(400, said, code="no_key", where=KEY_PLACE)
    kind = (request.content_type or "").lower()
    if kind not in TYPES:
        raise ApiError(415, f"send one of {', '.join(TYPES)}", where="header.Content-Type")
    content = read_body(request)
    ending = TYPES[kind]
    feed = _feed(request, asker.token, envelope.feed_named(content) if ending == ".json" else "")
    return Job(asker, asker.token, key, feed, ending, content)


def read_body(request: HttpRequest, limit: int | None = None) -> bytes:
    """Return the body. Raises 413 for one that is too large."""
    limit = limit or settings.API_BODY_LIMIT
    content = request.read(limit + 1)
    if len(content) > limit:
        raise ApiError(413, f"at most {limit // 2**20} MB at a time", where="body")
    return content


def _feed(request: HttpRequest, token: ApiToken, named: str) -> str:
    asked = request.GET.get("feed", "")
    if asked and named and asked != named:
        raise ApiError(422, "feed is told twice, differently", where="feed")
    feed = asked or named or token.feed
    if token.feed and feed != token.feed:
        raise ApiError(403, f"the token pushes under {token.feed} alone", code="scope")
    if not feed:
        raise ApiError(422, "say under which feed, in the body or with ?feed=", where="feed")
    feeds.load(feed)
    return feed


def _answer(job: Job, known: Push | None) -> tuple[int, dict[str, Any]]:
    act = Receive(RawFile("", 0, Path(), job.name), job.feed, LIMITS, tolerated=TOLERATED)
    act.check(job.asker.actor)
    store = owner.store()
    act.raw = store.raw.keep(io.BytesIO(job.content), job.name)
    if known is None:
        Push.objects.create(token=job.token, key=job.key, request=job.digest)
        _forget_old()
    try:
        envelope.check(job.content, job.feed, job.ending, ROWS)
        with _bodies.of(f"{job.feed} {act.raw.sha256}"):
            receipt = _done(store, job, act.raw) if known is not None else None
            receipt = receipt or act.run(job.asker.actor).receipt
    except FenheError as error:
        found = errors.of_domain(error, known=True)
        return found.status, errors.body(found.code, found.message, found.where)
    return 201, _told(store, receipt, act.raw)


def _done(store: Store, job: Job, raw: RawFile) -> Receipt | None:
    """Return the receipt of a push that was stored when the process ended before answering."""
    rows = store.receipts("import", job.feed).filter(
        pl.col("name") == job.name, pl.col("raw_sha256") == raw.sha256, "closed"
    )
    if rows.is_empty():
        return None
    row = rows.row(0, named=True)
    receipt = Receipt(row["import"], job.feed, **{name: row[name] for name in COUNTS}, closed=True)
    _close_records(job, raw, receipt)
    return receipt


def _close_records(job: Job, raw: RawFile, receipt: Receipt) -> None:
    """Write into record and log what the process that ended could not."""
    mine = Import.objects.filter(file_name=job.name, sha256=raw.sha256)
    left = mine.first()
    if left is None or mine.filter(state=Import.State.LOADED).exists():
        return
    finished(left, imports.Loaded(raw, receipt))
    counts = {name: getattr(receipt, name) for name in COUNTS}
    after = {"feed": job.feed, "file_name": job.name, "sha256": raw.sha256, **counts}
    append(Receive.event, job.asker.actor, after=after, reason="told after a restart")


def _told(store: Store, receipt: Receipt, raw: RawFile) -> dict[str, Any]:
    return {
        "data": {
            "receipt": receipt.import_id,
            "feed": receipt.feed,
            **{name: getattr(receipt, name) for name in COUNTS},
            "commit": receipt.commit or store.last_commit,
            "raw_sha256": raw.sha256,
        },
        "rejected": rejected(store, receipt.import_id)[:SHOWN] if receipt.rejected else [],
    }


def rejected(store: Store, number: int) -> list[dict[str, Any]]:
    """Return the rejected cells of an import with their reasons in words."""
    found = []
    for row in store.quarantine(import_id=number).iter_rows(named=True):
        code = row["reason"].partition(":")[0]
        zh, en = WORDS.get(code, (row["reason"], row["reason"]))
        found.append(
            {
                "row": row["raw_row"],
                "column": row["column"],
                "text": row["text"],
                "reason": row["reason"],
                "reason_zh": zh,
                "reason_en": en,
                "where": f"row {row['raw_row']}, {row['column']}",
            }
        )
    return found


STATION_REASONS = {
    "unknown_station": ("站点未知", "nobody knows the station"),
    "ambiguous_station": ("站点不唯一", "the station fits several sites"),
    "station_outside_dates": ("站点当日无效", "the station is not known on that day"),
}
WORDS = {**REASONS, **STATION_REASONS}


def _forget_old() -> None:
    """Forget some keys that are past their time."""
    old = Push.objects.filter(at__lt=timezone.now() - KEPT).order_by("at")[:50]
    Push.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()
