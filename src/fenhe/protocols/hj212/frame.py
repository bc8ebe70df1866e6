"""A decoded frame: what was read, what is wrong with it, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from fenhe.base import beijing
from fenhe.protocols.hj212 import times
from fenhe.protocols.hj212.problems import ACCEPTED, Problem

Top = tuple[str, str]
Factor = tuple[str, str, str]


@dataclass(frozen=True)
class Area:
    """The data area: plain items and factors, in the order of the wire, as text."""

    top: tuple[Top, ...] = ()
    factors: tuple[Factor, ...] = ()

    def get(self, name: str) -> str | None:
        """Return the first plain item of a name, case forgiven."""
        wanted = name.casefold()
        return next((text for key, text in self.top if key.casefold() == wanted), None)

    def all(self, name: str) -> tuple[str, ...]:
        """Return every plain item of a name, case forgiven."""
        wanted = name.casefold()
        return tuple(text for key, text in self.top if key.casefold() == wanted)


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One frame. Texts are repaired, ``header`` is as written; absent is None.

    ``edition`` is 2005, 2017 or 2025, None when it can not be told; ``flag_version`` the
    plain reading of Flag (``""`` without one). ``crc_ok`` is None for a cipher without a
    key. ``readable`` is False when there is no data area to speak of.
    """

    raw: bytes = field(repr=False)
    verdict: str
    edition: int | None = None
    flag_version: str = ""
    crc_ok: bool | None = False
    length_ok: bool = False
    problems: tuple[Problem, ...] = ()
    remarks: tuple[Problem, ...] = ()
    header: Mapping[str, str] = field(default_factory=dict, repr=False)
    qn: str | None = None
    st: str | None = None
    cn: str | None = None
    mn: str | None = None
    pw: str | None = field(default=None, repr=False)
    flag_text: str | None = None
    pnum: str | None = None
    pno: str | None = None
    rf: str | None = None
    cp: Area = Area()
    readable: bool = False
    encrypted: bool = False
    printed: bool = False
    parts: tuple[Frame, ...] = field(default=(), repr=False)

    @property
    def ok(self) -> bool:
        """Whether the record may be used."""
        return self.verdict in ACCEPTED and not any(p.code == "no_key" for p in self.problems)

    @cached_property
    def flag(self) -> int | None:
        """Flag as a number of 0 to 255."""
        return number_of(self.flag_text)

    @property
    def wants_answer(self) -> bool:
        """Whether Flag asks for an answer (bit 0)."""
        return bool((self.flag or 0) & 1)

    @property
    def has_numbers(self) -> bool:
        """Whether Flag says that packet numbers are given (bit 1)."""
        return bool((self.flag or 0) & 2)

    @property
    def retransmitted(self) -> bool:
        """Whether the record is marked as sent again (RF=1)."""
        return self.rf == "1"

    @property
    def request_qn(self) -> str | None:
        """QN of the request a reply belongs to: replies of 2005 carry it in the data area."""
        return self.qn or self.cp.get("QN")

    @property
    def numbers(self) -> tuple[int, int] | None:
        """``(PNUM, PNO)`` when both are given and fit, PNO from 1 to PNUM."""
        return packet_numbers(self.pnum, self.pno)

    @property
    def data_time(self) -> datetime | None:
        """DataTime as naive UTC; None when absent or impossible."""
        text = self.cp.get("DataTime")
        found = None if text is None else times.read(text)
        return None if found is None else beijing.to_utc(found)

    def with_problem(self, verdict: str, *problems: Problem) -> Frame:
        """Return the frame with further problems in front and another verdict."""
        return replace(self, verdict=verdict, problems=(*problems, *self.problems))


def number_of(flag: str | None) -> int | None:
    """Return the text of Flag as a number of 0 to 255; None for anything else."""
    if flag is None or not (flag.isascii() and flag.isdigit() and len(flag) <= 9):
        return None
    return int(flag) if int(flag) < 256 else None


def packet_numbers(pnum: str | None, pno: str | None) -> tuple[int, int] | None:
    """Return ``(PNUM, PNO)`` as numbers when they fit, else None."""
    given = (pnum or "", pno or "")
    if not all(text.isascii() and text.isdigit() and len(text) <= 9 for text in given):
        return None
    total, number = int(given[0]), int(given[1])
    return (total, number) if 1 <= number <= total else None
