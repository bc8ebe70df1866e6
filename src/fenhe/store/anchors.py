"""What the store notes of the raw logs of streams, so that neither can be changed alone."""

from __future__ import annotations

import polars as pl

from fenhe.store import schema
from fenhe.store.commits import CommitLog
from fenhe.store.lake import Lake
from fenhe.store.raw import sha256_of
from fenhe.store.rawlog.committer import Known
from fenhe.store.rawlog.entries import Segment
from fenhe.store.rawlog.streams import Streams
from fenhe.store.rawlog.verify import Anchor

ACTOR = "maintenance"
# A segment that was imported is a raw file named stream/<gateway>/<number>.seg.
_TAKEN = """
SELECT f.sha256 AS id, regexp_extract(f.name, '([0-9]+)[.]seg$', 1)::BIGINT AS number,
       coalesce(max(r.last_row), 0)::BIGINT AS taken
FROM raw_file f LEFT JOIN import_log i USING (raw) LEFT JOIN receipt r USING ("import")
WHERE regexp_matches(f.name, ?) GROUP BY f.sha256, f.name
"""


def known(lake: Lake, gateway: str) -> Known:
    """Return the highest segment the store knows of a gateway, and how far it took each."""
    taken = _taken(lake, gateway)
    top = lake.read("SELECT max(number) AS top FROM stream_segment WHERE gateway = ?", [gateway])
    numbers = [*taken["number"], *top["top"].drop_nulls()]
    return Known(max(numbers, default=0), dict(taken.select("id", "taken").iter_rows()))


def gateways(lake: Lake) -> list[str]:
    """Return the gateways of which the store knows a segment."""
    found = lake.read(
        "SELECT gateway FROM stream_segment UNION "
        "SELECT split_part(name, '/', 2) FROM raw_file WHERE starts_with(name, 'stream/')"
    )
    return sorted(found["gateway"].to_list())


def anchors(lake: Lake, gateway: str) -> dict[int, Anchor]:
    """Return what the store knows of a gateway's segments, by number."""
    rows = _taken(lake, gateway).iter_rows(named=True)
    found = {row["number"]: Anchor(row["id"], row["number"], taken=row["taken"]) for row in rows}
    noted = lake.read(
        "SELECT id, number, head, bytes FROM stream_segment WHERE gateway = ?", [gateway]
    )
    for segment_id, number, head, size in noted.iter_rows():
        taken = found[number].taken if number in found else 0
        found[number] = Anchor(segment_id, number, head, size, taken)
    return found


def note(lake: Lake, commits: CommitLog, streams: Streams) -> int:
    """Note the head of every sealed segment that was not noted yet; return how many."""
    with lake.writer:
        new = [segment for gateway in streams.names() for segment in _new(lake, streams, gateway)]
        if not new:
            return 0
        with commits.begin(ACTOR, f"{len(new)} sealed segments of raw logs noted") as commit:
            rows = [_row(segment) | {"commit": commit.number} for segment in new]
            commit.session.insert("stream_segment", schema.frame("stream_segment", rows))
    return len(new)


def noted(lake: Lake, gateway: str) -> pl.DataFrame:
    """Return the noted segments of a gateway with the moment of the commit that noted them."""
    return lake.read(
        "SELECT s.*, c.known_at FROM stream_segment s JOIN commit_log c USING (commit) "
        "WHERE s.gateway = ? ORDER BY s.number",
        [gateway],
    )


def _taken(lake: Lake, gateway: str) -> pl.DataFrame:
    return lake.read(_TAKEN, [f"^stream/{gateway}/[0-9]+[.]seg$"])


def _new(lake: Lake, streams: Streams, gateway: str) -> list[Segment]:
    shelf = streams.shelf(gateway)
    found = lake.read("SELECT number FROM stream_segment WHERE gateway = ?", [gateway])
    there = set(found["number"])
    segments = (shelf.segment(number) for number in shelf.numbers() if number not in there)
    return [segment for segment in segments if segment is not None and segment.sealed]


def _row(segment: Segment) -> dict[str, object]:
    names = ("id", "gateway", "number", "former", "head", "entries", "bytes")
    moments = {"first_at": segment.first_at, "last_at": segment.last_at}
    whole = {"sha256": sha256_of(segment.path)}
    return {name: getattr(segment, name) for name in names} | whole | moments
