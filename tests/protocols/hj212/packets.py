"""The public packets: real, official and derived frames with what they say."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[2] / "data" / "hj212"
_ESCAPE = re.compile(r"\\(r|n|\\|x[0-9a-f]{2})")
_PLAIN = {"r": "\r", "n": "\n", "\\": "\\"}


@dataclass(frozen=True)
class Packet:
    id: str
    category: str
    data: bytes
    keys: tuple[bytes, ...]
    expect: str
    frames: int
    crc: str
    flag_version: str
    need_ack: str
    has_packet_no: str
    header: dict[str, str]
    cp: dict[str, Any]


def _data(row: dict[str, str]) -> bytes:
    if row["frame_hex"]:
        return bytes.fromhex(row["frame_hex"])
    return _ESCAPE.sub(
        lambda m: _PLAIN.get(m[1]) or chr(int(m[1][1:], 16)), row["frame_escaped"]
    ).encode("latin-1")


@cache
def packets() -> tuple[Packet, ...]:
    with (DATA / "packets_public.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return tuple(
        Packet(
            row["id"], row["category"], _data(row),
            (bytes.fromhex(row["key_hex"]),) if row["key_hex"] else (),
            row["expect"], int(row["n_frames"]), row["crc_verdict"], row["flag_version"],
            row["need_ack"], row["has_packet_no"],
            json.loads(row["header_json"]), json.loads(row["cp_json"]),
        )
        for row in rows
    )  # fmt: skip


def packet(name: str) -> Packet:
    return next(one for one in packets() if one.id == name)


@cache
def lines() -> tuple[dict[str, Any], ...]:
    """The packets of device simulators and public test logs."""
    text = (DATA / "hj212_packets.jsonl").read_text(encoding="utf-8")
    return tuple(json.loads(line) for line in text.splitlines())


@cache
def real_frames() -> tuple[bytes, ...]:
    """Every frame there is, as bytes."""
    return (
        *(one.data for one in packets()),
        *(line["packet"].encode() + b"\r\n" for line in lines()),
    )
