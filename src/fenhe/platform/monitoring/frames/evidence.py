"""From a value back to the bytes that carried it, and forward to what became of each field."""

from __future__ import annotations

from typing import Any

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.platform import owner
from fenhe.platform.monitoring.frames import mapping, reading, values
from fenhe.platform.registry.devices import folded
from fenhe.protocols import hj212
from fenhe.protocols.hj212 import secret
from fenhe.store.rawlog import Entry, Segment

_BEFORE = 50  # entries before one in which the gateway's note on it is looked for


def frame_of(sha256: str, raw_row: int) -> dict[str, Any]:
    """Return a received frame by its place in a raw log: bytes, fields, what became of them.

    Keys: ``segment`` (id, gateway, number, sealed), ``entry``, ``at`` (naive UTC), ``peer``,
    ``connection``, ``size``, ``text`` (escaped, passwords masked), ``verdict``, ``edition``,
    ``crc_ok``, ``length_ok``, ``encrypted``, ``problems`` (code, text), ``header`` (name, text),
    ``top``, ``factors`` (code, suffix, text), ``device``, ``refused`` (why the frame was, empty
    if it was not), ``values`` (raw_column, site, item, statistic, start, end, value, decimals,
    unit by the registry of today) and ``rejected`` (raw_column, text, reason). Raises
    ``BadInput`` when there is no such entry, ``RawDamaged`` when its bytes are not sound.
    """
    segment, entry, note = _entry(sha256, raw_row)
    known = mapping.load()
    read = reading.read([(entry, note)], known.keys)
    prepared = values.prepare(read, known)
    frame = hj212.decode(entry.payload, keys=_keys(entry.payload, known))
    head = prepared.heads.row(0, named=True)
    return {
        "segment": _segment(segment),
        "entry": entry.number,
        "at": entry.at,
        "peer": entry.peer,
        "connection": entry.connection,
        "size": len(entry.payload),
        "text": secret.within(escaped(entry.payload)),
        **_decoded(frame),
        "device": head["mn_of"] if head["device"] is not None else None,
        "refused": head["refused"] or "",
        "values": prepared.observations.drop("raw_row").to_dicts(),
        "rejected": prepared.rejected.drop("raw_row").to_dicts(),
    }


def _entry(sha256: str, raw_row: int) -> tuple[Segment, Entry, str | None]:
    store = owner.store()
    segment = store.streams.find(sha256)
    if segment is None:
        raise BadInput(f"there is no segment {sha256} of a raw log")
    shelf = store.streams.shelf(segment.gateway)
    entries = list(shelf.read(sha256, max(raw_row - 1 - _BEFORE, 0), raw_row))
    if not entries or entries[-1].number != raw_row or entries[-1].kind != "in":
        raise BadInput(f"entry {raw_row} of {segment.name} is not something received")
    found = dict(reading.received(entries).entries)
    return segment, entries[-1], found.get(entries[-1])


def _keys(payload: bytes, known: mapping.Mapping) -> tuple[bytes, ...]:
    mn = hj212.decode(payload).mn
    return known.keys.get(folded(mn), ()) if mn else ()


def _segment(segment: Segment) -> dict[str, Any]:
    names = ("id", "gateway", "number", "sealed", "name")
    return {name: getattr(segment, name) for name in names}


def _decoded(frame: hj212.Frame) -> dict[str, Any]:
    shown = secret.area(frame.cp)
    return {
        "verdict": frame.verdict,
        "edition": frame.edition,
        "crc_ok": frame.crc_ok,
        "length_ok": frame.length_ok,
        "encrypted": frame.encrypted,
        "problems": [
            {"code": one.code, "text": secret.within(one.text), "zh": one.zh}
            for one in frame.problems
        ],
        "header": {name: secret.text(name, text) for name, text in frame.header.items()},
        "data_time": frame.data_time,
        "retransmitted": frame.retransmitted,
        "top": [list(item) for item in shown.top],
        "factors": [list(item) for item in shown.factors],
    }


def escaped(payload: bytes) -> str:
    r"""Return bytes as text: UTF-8 where it is, ``\xNN`` and ``\r`` where it is not."""
    text = payload.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def of_device(mn: str, most: int = 30) -> list[dict[str, Any]]:
    """Return the last frames of a device as plain data, newest first; see ``recent``."""
    from fenhe.platform.monitoring.frames import recent

    return [
        {**seen.plain(), "beijing": f"{beijing.to_beijing(seen.at):%Y-%m-%d %H:%M:%S}"}
        for seen in recent.of(mn, most)
    ]
