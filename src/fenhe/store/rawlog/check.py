"""Check an export of a raw log. Needs Python 3.8 or later and nothing else; it changes nothing.

    python3 check.py                        check everything in the folder this file lies in
    python3 check.py FOLDER                 ... in another folder
    python3 check.py FOLDER --list          ... and list the entries (tab-separated)
    python3 check.py FOLDER --entry 12 345  write the bytes of entry 345 of segment 12 to stdout

What is checked, and how a file is laid out, is told in PROCEDURE.txt. Exit code 0: everything
holds; 1: something does not, and the lines say what; 2: this is no export.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import struct
import sys
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

HEADER_MARK = b"\xf0RL1"
FIXED = struct.Struct("<4sIQqQHB")
KINDS = ("header", "in", "out", "open", "close", "note", "seal")
LEAST = FIXED.size + 36
NOTHING = "0" * 64


class Segment:
    """One segment file, read record by record; what does not hold is in ``problems``."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        self.problems: list[str] = []
        self.entries: dict[int, tuple[Any, ...]] = {}
        self.said: dict[str, Any] = {}
        self.id = self.head = ""
        self.sealed = False
        self._read()

    def _read(self) -> None:
        place, number, last = 0, 0, 0
        mark, chain = HEADER_MARK, b""
        while place < len(self.data):
            record = self._record(place, mark)
            if record is None:
                text = f"entry {number}: no whole and sound record at byte {place}"
                self.problems.append(text)
                return
            size, found, at, connection, kind, peer, payload, hashed = record
            self._number(found, number, kind)
            value = hashlib.sha256(chain + self.data[place : place + size - 36]).digest()
            if value != hashed:
                self.problems.append(
                    f"entry {number}: its hash does not follow from the one before"
                )
            if at < last:
                self.problems.append(f"entry {number}: its moment is before that of the one before")
            if number == 0:
                self.said, self.id, mark = json.loads(payload), value.hex(), value[:4]
            elif KINDS[kind] == "seal":
                self._seal(json.loads(payload), number)
            else:
                self.entries[number] = (at, KINDS[kind], connection, peer, payload, place, size)
                last = at
            chain, place, number = hashed, place + size, number + 1
        self.head = chain.hex()

    def _record(self, place: int, mark: bytes) -> tuple[Any, ...] | None:
        left = len(self.data) - place
        if left < LEAST:
            return None
        found, size, number, at, connection, peer_size, kind = FIXED.unpack_from(self.data, place)
        if found != mark or not LEAST + peer_size <= size <= left or kind >= len(KINDS):
            return None
        record = self.data[place : place + size]
        if zlib.crc32(record[:-4]) != int.from_bytes(record[-4:], "little"):
            return None
        middle = FIXED.size + peer_size
        peer = record[FIXED.size : middle].decode("utf-8", "replace")
        return size, number, at, connection, kind, peer, record[middle:-36], record[-36:-4]

    def _number(self, found: int, number: int, kind: int) -> None:
        if found != number:
            self.problems.append(f"entry {number}: the record says it is entry {found}")
        if self.sealed:
            self.problems.append(f"entry {number}: it stands after the seal")
        if (kind == 0) != (number == 0):
            self.problems.append(f"entry {number}: a header stands only at the beginning")

    def _seal(self, said: dict[str, Any], number: int) -> None:
        self.sealed = True
        if said["entries"] != number - 1:
            text = f"the seal counts {said['entries']} entries, there are {number - 1}"
            self.problems.append(text)


def sums(folder: Path) -> Iterator[str]:
    """Yield what does not hold of the list of hashes."""
    listed = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    for line in listed:
        sha, name = line.split("  ", 1)
        path = folder / name
        if not path.is_file():
            yield f"{name}: it is missing"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != sha:
            yield f"{name}: its bytes are not those of SHA256SUMS"


def chain(links: list[dict[str, Any]]) -> Iterator[str]:
    """Yield where the heads of the segments do not follow one from the other."""
    head, before = NOTHING, 0
    for link in links:
        if link["number"] != before + 1:
            yield f"segment {before + 1}: it is not in the chain"
        elif link["former"] != head:
            yield f"segment {link['number']}: it does not follow from the segment before"
        head, before = link["head"], link["number"]


def placed(link: dict[str, Any], segment: Segment, gateway: str) -> Iterator[str]:
    """Yield where a segment is not the one the chain tells of."""
    said = segment.said
    told = (said.get("gateway"), said.get("number"), said.get("former"))
    if told != (gateway, link["number"], link["former"]):
        yield "its header tells of another place in the chain"
    if (segment.id, segment.head) != (link["id"], link["head"]):
        yield "its hashes are not those of the chain"
    if len(segment.entries) != link["entries"]:
        yield f"it has {len(segment.entries)} entries, the chain tells of {link['entries']}"


def check(folder: Path, listing: bool = False) -> list[str]:
    """Return everything that does not hold; print a line for each segment."""
    proof = json.loads((folder / "proof.json").read_text(encoding="utf-8"))
    problems = [*sums(folder), *chain(proof["chain"])]
    for link in proof["chain"]:
        if not link["exported"]:
            continue
        segment = Segment(folder / link["file"])
        found = [*segment.problems, *placed(link, segment, proof["gateway"])]
        problems += [f"{link['file']}: {text}" for text in found]
        state = "sealed" if segment.sealed else "open when it was exported"
        print(f"{link['file']}: {len(segment.entries)} entries, {state}, head {segment.head}")
        if listing:
            show(segment)
    return problems


def show(segment: Segment) -> None:
    """Print the entries: number, moment, kind, connection, peer, byte, size, hash of payload."""
    for number, (at, kind, link, peer, payload, place, size) in segment.entries.items():
        moment = (datetime(1970, 1, 1) + timedelta(microseconds=at)).isoformat() + "Z"
        sha = hashlib.sha256(payload).hexdigest()
        print(number, moment, kind, link, peer, place, size, sha, sep="\t")


def write_entry(folder: Path, number: int, entry: int) -> int:
    """Write the bytes of one entry to the standard output; say so when it is not there."""
    path = folder / "segments" / f"{number:08d}.seg"
    found = Segment(path).entries.get(entry) if path.is_file() else None
    if found is None:
        sys.stderr.write(f"there is no entry {entry} of segment {number} in this export\n")
        return 1
    sys.stdout.buffer.write(found[4])
    return 0


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Check an export of a raw log.")
    parser.add_argument("folder", nargs="?", default=str(Path(__file__).resolve().parent))
    parser.add_argument("--list", action="store_true", help="list the entries")
    parser.add_argument("--entry", nargs=2, type=int, metavar=("SEGMENT", "ENTRY"))
    asked = parser.parse_args()
    folder = Path(asked.folder)
    if not (folder / "proof.json").is_file():
        print(f"{folder} is no export of a raw log: it has no proof.json")
        return 2
    if asked.entry:
        return write_entry(folder, *asked.entry)
    problems = check(folder, asked.list)
    for text in problems:
        print(f"DOES NOT HOLD: {text}")
    print("everything holds" if not problems else f"{len(problems)} things do not hold")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
