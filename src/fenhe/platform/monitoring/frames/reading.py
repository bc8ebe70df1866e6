"""From entries of a raw log to decoded frames, with the entry each came in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from fenhe.platform.registry.devices import folded
from fenhe.protocols.hj212 import batch
from fenhe.store.rawlog import Entry

REFUSING = {"password": "wrong_password", "disabled": "disabled_device"}  # of the gateway's notes
_PLACED: dict[str, Any] = {
    "frame": pl.UInt32,
    "raw_row": pl.Int64,
    "at": pl.Datetime("us"),
    "note": pl.String,
}


@dataclass(frozen=True)
class Read:
    """Decoded frames. Every frame has ``raw_row`` (its entry), ``at`` (naive UTC), ``mn``.

    ``headers``: as of ``hj212.batch``, with ``raw_row``, ``at``, ``note`` (why the gateway
    refused it for good; null else). ``top`` and ``factors`` carry ``raw_row``.
    """

    headers: pl.DataFrame
    top: pl.DataFrame
    factors: pl.DataFrame
    payloads: dict[int, bytes]  # raw_row -> bytes


@dataclass(frozen=True)
class Taken:
    """The received pieces among entries, and those that must wait for what follows them."""

    entries: list[tuple[Entry, str | None]]  # with the gateway's refusal
    waiting: list[Entry]


def received(entries: Iterable[Entry]) -> Taken:
    """Return the pieces received, each with the refusal noted right before it.

    The gateway notes ``{"refused": …}`` for the next piece of the same connection. A note at the
    end whose piece has not been read yet is given back with all that follows it.
    """
    pending: dict[int, tuple[int, str]] = {}
    found: list[tuple[Entry, str | None]] = []
    every = list(entries)
    for place, entry in enumerate(every):
        if entry.kind == "note" and entry.connection:
            if said := _refusal(entry.payload):
                pending[entry.connection] = (place, said)
        elif entry.kind == "in":
            _, said = pending.pop(entry.connection, (0, ""))
            found.append((entry, REFUSING.get(said)))
        elif entry.kind == "close":
            pending.pop(entry.connection, None)
    if not pending:
        return Taken(found, [])
    first = every[min(place for place, _ in pending.values())]
    kept = [pair for pair in found if pair[0].number < first.number]
    return Taken(kept, [entry for entry in every if entry.number >= first.number])


def _refusal(payload: bytes) -> str:
    if not payload.startswith(b'{"refused"'):
        return ""
    try:
        said = json.loads(payload)
    except ValueError:
        return ""
    return str(said.get("refused", ""))


def read(pieces: Sequence[tuple[Entry, str | None]], keys: Mapping[str, tuple[bytes, ...]]) -> Read:
    """Decode pieces; a frame whose device has keys and whose check sum is not right, with them."""
    frames = [entry.payload for entry, _ in pieces]
    plain = _unsealed(batch.decode_many(frames), frames, keys)
    places = pl.DataFrame(
        [(n, entry.number, entry.at, note) for n, (entry, note) in enumerate(pieces)],
        _PLACED,
        orient="row",
    )
    row = places.select("frame", "raw_row")
    return Read(
        plain.headers.join(places, on="frame", maintain_order="left"),
        plain.top.join(row, on="frame", maintain_order="left"),
        plain.factors.join(row, on="frame", maintain_order="left"),
        {entry.number: entry.payload for entry, _ in pieces},
    )


def _unsealed(
    plain: batch.Batch, frames: list[bytes], keys: Mapping[str, tuple[bytes, ...]]
) -> batch.Batch:
    if not keys:
        return plain
    doubtful = plain.headers.filter(
        pl.col("mn").is_not_null(), ~pl.col("crc_ok").fill_null(value=False)
    )
    of_device: dict[tuple[bytes, ...], list[int]] = {}
    for number, mn in doubtful.select("frame", "mn").iter_rows():
        if mine := keys.get(folded(mn)):
            of_device.setdefault(mine, []).append(number)
    for mine, numbers in of_device.items():
        plain = _instead(plain, batch.one_by_one(frames, numbers, mine))
    return plain


def _instead(plain: batch.Batch, opened: batch.Batch) -> batch.Batch:
    """Return a batch with some of its frames as they were read with a key."""
    redone = opened.headers.select("frame")
    parts = []
    for name in ("headers", "top", "factors"):
        before, after = getattr(plain, name), getattr(opened, name)
        left = before.join(redone, on="frame", how="anti", maintain_order="left")
        parts.append(pl.concat([left, after]).sort("frame", maintain_order=True))
    return batch.Batch(*parts)
