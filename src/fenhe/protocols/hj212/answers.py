"""Requests of the host and answers of either side, in the form of each edition."""

from __future__ import annotations

from fenhe.protocols.hj212 import tables
from fenhe.protocols.hj212.encoding import encode
from fenhe.protocols.hj212.errors import BadMessage
from fenhe.protocols.hj212.frame import Factor, Frame, Top
from fenhe.protocols.hj212.message import Message

INTERACTION = "91"
REQUEST_ANSWER, RESULT, NOTICE_ANSWER, DATA_ANSWER = "9011", "9012", "9013", "9014"
_CODE = {REQUEST_ANSWER: "QnRtn", RESULT: "ExeRtn"}
#: Flag of a request of 2005: its examples set both bits though they give no packet numbers.
_FLAG_2005 = 3


def answer(frame: Frame, cn: str, **fields: str | int) -> bytes:
    """Return the answer to a frame in its own edition: 9011, 9012, 9013 or 9014.

    ``QnRtn=1`` goes with 9011, ``ExeRtn=1`` with 9012. An answer repeats QN, PW and MN; those
    of 2005 carry QN in the data area, and 9014 has no PW and MN there. Raises ``BadMessage``
    for another command or a lacking code.
    """
    return encode(answer_message(frame, cn, **fields))


def answer_message(frame: Frame, cn: str, **fields: str | int) -> Message:
    """Return the answer to a frame before it is written."""
    if cn not in (REQUEST_ANSWER, RESULT, NOTICE_ANSWER, DATA_ANSWER):
        raise BadMessage(f"{cn} is no answer: 9011, 9012, 9013 or 9014")
    needed = _CODE.get(cn)
    if set(fields) != ({needed} if needed else set()):
        raise BadMessage(f"{cn} takes {needed or 'no field'}, not {', '.join(fields) or 'none'}")
    top = tuple((name, str(value)) for name, value in fields.items())
    if frame.edition == 2005:
        return _answer_2005(frame, cn, top)
    return Message(
        qn=frame.qn,
        st=INTERACTION,
        cn=cn,
        pw=frame.pw,
        mn=frame.mn,
        edition=frame.edition or 2017,
        flag=(frame.flag or 0) & ~3,
        top=top,
    )


def _answer_2005(frame: Frame, cn: str, top: tuple[Top, ...]) -> Message:
    qn = frame.request_qn
    first: tuple[Top, ...] = () if qn is None else (("QN", qn),)
    if cn != DATA_ANSWER:
        return Message(
            st=INTERACTION, cn=cn, pw=frame.pw, mn=frame.mn, edition=2005, top=(*first, *top)
        )
    numbers = [("PNO", frame.pno), ("PNUM", frame.pnum)]
    packets = tuple((name, text) for name, text in numbers if text is not None)
    return Message(
        st=INTERACTION,
        cn=cn,
        edition=2005,
        flag=-1,
        top=(*first, ("CN", frame.cn or ""), *packets),
    )


def request(
    cn: str,
    *,
    edition: int,
    st: str,
    mn: str,
    pw: str,
    qn: str,
    top: tuple[Top, ...] = (),
    factors: tuple[Factor, ...] = (),
    answer: bool | None = None,
) -> Message:
    """Return a request or notice of the host; ``encode`` writes it.

    ``answer`` is whether one is asked for; left out, it is. Raises ``BadMessage`` when the
    edition has no such command from the host, or a field the command does not know.
    """
    command = host_command(cn, edition)
    for name in (*(n for n, _ in top), *(f"{c}-{s}" for c, s, _ in factors)):
        if not takes(command, name):
            known = ", ".join(command.fields) or "none"
            raise BadMessage(f"{cn} of {edition} does not take {name}; it takes: {known}")
    wanted = True if answer is None else answer
    flag = _FLAG_2005 if edition == 2005 and wanted else None
    return Message(
        cn=cn, st=st, mn=mn, pw=pw, qn=qn, edition=edition, answer=wanted, flag=flag, top=top,
        factors=factors,
    )  # fmt: skip


def host_command(cn: str, edition: int) -> tables.Command:
    """Return a command the host sends in an edition; ``BadMessage`` when there is none."""
    for command in tables.commands(edition):
        if command.cn == cn and command.direction in ("H2S", "both"):
            return command
    raise BadMessage(f"HJ 212 of {edition} has no command {cn} from host to site")


def takes(command: tables.Command, name: str) -> bool:
    """Whether a command's data area may hold an item; spelling variants are forgiven."""
    folded = name.casefold()
    suffix = folded.rpartition("-")[2]
    for known in command.fields:
        wild, dash, end = known.casefold().rpartition("-")
        if known.casefold() == folded or (dash and wild in ("x", "i", "sbn") and end == suffix):
            return True
    return False
