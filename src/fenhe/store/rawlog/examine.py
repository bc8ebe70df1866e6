"""Proving one segment: every record whole, numbered, chained to the one before it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fenhe.store.rawlog import heads
from fenhe.store.rawlog.entries import HEADER, KINDS, NOTE, SEAL, moment
from fenhe.store.rawlog.heads import Header, Seal
from fenhe.store.rawlog.records import Record, chain_after
from fenhe.store.rawlog.scan import Gap, scan
from fenhe.store.rawlog.shelf import opened

Told = Callable[[int], None]
_STEP = 1 << 20  # bytes between two words on the progress


@dataclass(frozen=True)
class Problem:
    """Something that is not as it was written: the segment's file, the entry (None: the whole).

    ``code``: header, changed, missing, order, time, kind, damaged, seal, unsealed, former,
    place, removed, unknown.
    """

    segment: str
    entry: int | None
    code: str
    text: str

    def __str__(self) -> str:
        where = "" if self.entry is None else f", entry {self.entry}"
        return f"{self.segment}{where}: {self.text}"


@dataclass
class Proof:
    """What reading a whole segment showed; ``head`` is the chain value proved last."""

    name: str
    header: Header | None = None
    seal: Seal | None = None
    entries: int = 0
    head: str = ""
    removals: list[bytes] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, entry: int | None, code: str, text: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(self.name, entry, code, text))


def examine(path: Path, name: str, size: int | None = None, told: Told = lambda _: None) -> Proof:
    """Read a segment (its first ``size`` bytes) and prove it by itself, not its place in the log.

    Raises ``FileNotFoundError``. ``told`` hears how many bytes were read since the last time.
    """
    proof = Proof(name)
    with opened(path) as handle:
        proof.header = heads.read_header(handle)
        end = os.fstat(handle).st_size if size is None else size
        if proof.header is None:
            proof.add(None, "header", "it has no sound header")
            return proof
        proof.head = proof.header.id
        _Walk(proof, proof.header, told).read(handle, end)
    return proof


def glance(path: Path, name: str) -> Proof:
    """Return what header and seal of a sealed segment say, without reading what lies between.

    One without a seal is read and proved.
    """
    with opened(path) as handle:
        header = heads.read_header(handle)
        size = os.fstat(handle).st_size
        seal = None if header is None else heads.read_seal(handle, header.mark, size)
    if header is None or seal is None:
        return examine(path, name)
    return Proof(name, header, seal, seal.entries, seal.head)


class _Walk:
    """Goes through the records of a segment."""

    def __init__(self, proof: Proof, header: Header, told: Told) -> None:
        self._proof, self._mark, self._told = proof, header.mark, told
        self._chain, self._at = bytes.fromhex(header.id), 0
        self._number, self._place = 0, header.size
        self._said = 0
        self._first: int | None = None

    def read(self, handle: int, end: int) -> None:
        for found in scan(handle, self._mark, self._place, end):
            if isinstance(found, Gap):
                self._gap(found)
            else:
                self._record(found)
            if self._place - self._said >= _STEP:
                self._told(self._place - self._said)
                self._said = self._place
        self._told(end - self._said)

    def _gap(self, gap: Gap) -> None:
        self._place = gap.offset + gap.size
        text = f"{gap.size} bytes from byte {gap.offset} are no whole and sound record"
        self._proof.add(gap.after + 1, "damaged", text)
        self._number = -1  # whatever comes next, its number can not be told

    def _record(self, record: Record) -> None:
        proof, number, before = self._proof, record.number, self._number
        if proof.seal is not None:
            proof.add(number, "order", "it stands after the seal")
        after_gap = before < 0
        if not after_gap and number != before + 1:
            code = "missing" if number > before else "order"
            proof.add(before + 1, code, f"entry {number} follows entry {before}")
        elif not after_gap and chain_after(self._chain, record) != record.chain:
            text = f"its hash does not follow from entry {before}: one of both was changed"
            proof.add(number, "changed", text)
        if record.at_us < self._at:
            proof.add(number, "time", f"its moment {moment(record.at_us)} is before the last one")
        self._number, self._chain, self._place = number, record.chain, record.end
        self._at = max(self._at, record.at_us)
        proof.head = record.chain.hex()
        if record.kind == SEAL:
            self._seal(record)
        elif record.kind >= len(KINDS) or record.kind == HEADER:
            proof.add(number, "kind", f"it is of kind {record.kind}, which there is not")
        else:
            proof.entries += 1
            self._first = record.at_us if self._first is None else self._first
            if record.kind == NOTE and record.connection == 0:
                proof.removals += [record.payload] if b'"removed"' in record.payload else []

    def _seal(self, record: Record) -> None:
        proof = self._proof
        proof.seal = heads.seal_of(record)
        if proof.seal is None:
            proof.add(record.number, "seal", "the seal can not be read")
        elif proof.seal.entries != proof.entries or record.number != proof.entries + 1:
            text = f"the seal counts {proof.seal.entries} entries, there are {proof.entries}"
            proof.add(None, "seal", text)
