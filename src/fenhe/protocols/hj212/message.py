"""A message before it is a frame: what an encoder is given."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fenhe.protocols.hj212 import editions, tables, times
from fenhe.protocols.hj212.errors import BadMessage
from fenhe.protocols.hj212.frame import Area, Factor, Frame, Top, number_of


@dataclass(frozen=True, kw_only=True)
class Message:
    """The fields of one frame. ``None`` leaves a field out.

    ``flag`` is made of ``edition``, ``answer`` and the packet numbers unless it is given;
    ``flag=-1`` leaves it out, as loggers of 2005 do. Raises ``BadMessage`` for an ``edition``
    that is not 2005, 2017 or 2025.
    """

    cn: str
    st: str
    mn: str | None = None
    pw: str | None = None
    qn: str | None = None
    edition: int = 2017
    answer: bool = False
    flag: int | None = None
    pnum: int | None = None
    pno: int | None = None
    rf: bool = False
    top: tuple[Top, ...] = ()
    factors: tuple[Factor, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an edition that is none."""
        if self.edition not in tables.EDITIONS:
            known = ", ".join(str(year) for year in tables.EDITIONS)
            raise BadMessage(f"there is no edition of {self.edition}: {known}")

    @property
    def flag_written(self) -> int | None:
        """Flag as it goes into the frame; None when it is left out."""
        if self.flag is not None:
            return None if self.flag < 0 else self.flag
        numbered = self.pnum is not None or self.pno is not None
        return editions.version_bits(self.edition) << 2 | numbered << 1 | self.answer

    @property
    def area(self) -> Area:
        """The data area."""
        return Area(self.top, self.factors)

    def numbered(self, pnum: int, pno: int, after: int = 0) -> Message:
        """Return the message as sub-packet ``pno`` of ``pnum``, QN moved by milliseconds."""
        qn = self.qn if after == 0 or self.qn is None else times.later(self.qn, after)
        return replace(self, pnum=pnum, pno=pno, qn=qn)


def of_frame(frame: Frame) -> Message:
    """Return the message a frame was made of; its Flag is kept as it is."""
    numbers = frame.numbers
    flag = number_of(frame.flag_text)
    return Message(
        cn=frame.cn or "",
        st=frame.st or "",
        mn=frame.mn,
        pw=frame.pw,
        qn=frame.qn,
        edition=frame.edition or 2017,
        answer=frame.wants_answer,
        flag=-1 if flag is None else flag,
        pnum=numbers[0] if numbers else None,
        pno=numbers[1] if numbers else None,
        rf=frame.retransmitted,
        top=frame.cp.top,
        factors=frame.cp.factors,
    )
