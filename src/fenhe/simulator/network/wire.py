"""The one place where the simulator meets the codec: telegrams to frames and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from fenhe.base import beijing
from fenhe.protocols import hj212
from fenhe.simulator.config import Edition
from fenhe.simulator.series import moment_of

Frame = hj212.Frame
Top = tuple[str, str]
Factor = tuple[str, str, str]


@dataclass(frozen=True)
class Telegram:
    """One thing a logger wants to say, before it is split into frames."""

    st: str
    cn: str
    qn: str
    top: tuple[Top, ...] = ()
    factors: tuple[Factor, ...] = ()
    answer: bool = True
    again: bool = False


@dataclass(frozen=True)
class Packet:
    """One frame to send: its bytes, and what its acknowledgement will name."""

    qn: str
    cn: str
    pno: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Speaker:
    """Who speaks: edition, MN, password, and the cipher key (empty = plain)."""

    edition: Edition
    mn: str
    password: str
    key: bytes = b""


class Ear:
    """Cuts what arrives into frames and reads them."""

    def __init__(self) -> None:
        self._stream = hj212.Stream()
        self.garbage = 0

    def feed(self, data: bytes, key: bytes) -> Iterator[hj212.Frame]:
        """Yield the frames that are now whole; what is none is counted."""
        for piece in self._stream.feed(data):
            if piece.kind == "frame":
                yield hj212.decode(piece.data, keys=[key] if key else [])
            else:
                self.garbage += len(piece.data)


def packets(speaker: Speaker, telegram: Telegram) -> list[Packet]:
    """Return the frames of a telegram, split where it is too long for one.

    A logger of 2005 tells its own codes; what has none there is left out. Data areas are
    encrypted by 2025 alone, and only from site to host (commands 2000 to 2999, 1014, 3020).
    """
    legacy = speaker.edition == 2005
    message = hj212.Message(
        cn=telegram.cn,
        st=telegram.st,
        mn=speaker.mn,
        pw=speaker.password,
        qn=telegram.qn,
        edition=speaker.edition,
        answer=telegram.answer,
        rf=telegram.again and speaker.edition == 2025,
        top=telegram.top,
        factors=_legacy(telegram.factors) if legacy else telegram.factors,
    )
    secret = speaker.key if _enciphered(telegram.cn) and speaker.edition == 2025 else b""
    return [
        Packet(part.qn or "", part.cn, str(part.pno or ""), hj212.encode(part, secret or None))
        for part in hj212.split(message)
    ]


def answer(frame: hj212.Frame, cn: str, **codes: int) -> bytes:
    """Return the answer to a request or notice of the host, in the form of its edition."""
    return hj212.answer(frame, cn, **codes)


def reply(speaker: Speaker, frame: hj212.Frame, top: tuple[Top, ...]) -> bytes:
    """Return what a request asks for: its QN again; a logger of 2005 writes it into the area."""
    qn = frame.request_qn or ""
    legacy = speaker.edition == 2005
    first: tuple[Top, ...] = (("QN", qn),) if legacy else ()
    message = hj212.Message(
        cn=frame.cn or "",
        st=frame.st or "",
        mn=speaker.mn,
        pw=speaker.password,
        qn=None if legacy else qn,
        edition=speaker.edition,
        flag=-1 if legacy else None,
        top=(*first, *(one for one in top if "-" not in one[0])),
        factors=tuple(_factor(one) for one in top if "-" in one[0]),
    )
    secret = speaker.key if _enciphered(message.cn) and speaker.edition == 2025 else b""
    return hj212.encode(message, secret or None)


def acknowledged(frame: hj212.Frame) -> tuple[str, str]:
    """Return the QN and packet number a 9014 or 9013 acknowledges; the number may be empty."""
    return frame.request_qn or "", frame.cp.get("PNO") or ""


def code_of(edition: Edition, item: str) -> str:
    """Return the code of an item on the wire of an edition; empty when it has none."""
    return _legacy_codes().get(item, "") if edition == 2005 else item


def time_text(seconds: float) -> str:
    """Return 14 digits of the Beijing clock for UTC seconds since 1970."""
    return f"{beijing.to_beijing(moment_of(int(seconds))):%Y%m%d%H%M%S}"


def qn_text(milliseconds: int) -> str:
    """Return 17 digits of the Beijing clock for UTC milliseconds since 1970."""
    return f"{time_text(milliseconds // 1000)}{milliseconds % 1000:03d}"


def read_time(text: str | None) -> int | None:
    """Return UTC seconds since 1970 of 14 digits of the Beijing clock; None for no time."""
    try:
        found = datetime.strptime(text or "", "%Y%m%d%H%M%S")  # noqa: DTZ007
    except ValueError:
        return None
    return int((beijing.to_utc(found) - datetime(1970, 1, 1)).total_seconds())


def _factor(one: Top) -> Factor:
    code, _, suffix = one[0].rpartition("-")
    return code, suffix, one[1]


def _enciphered(cn: str) -> bool:
    return cn.startswith("2") or cn in {"1014", "3020"}


def _legacy(factors: tuple[Factor, ...]) -> tuple[Factor, ...]:
    names = _legacy_codes()
    return tuple(
        (names.get(code, code), suffix, text)
        for code, suffix, text in factors
        if code in names or code.startswith("SB")
    )


@cache
def _legacy_codes() -> dict[str, str]:
    return {one.code: one.legacy for one in hj212.tables.factors(2017) if one.legacy}
