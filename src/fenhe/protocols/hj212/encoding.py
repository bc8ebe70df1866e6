"""Write messages as frames, split into sub-packets where one is too long."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from fenhe.protocols.hj212 import checksum, cipher, tables
from fenhe.protocols.hj212.errors import BadMessage
from fenhe.protocols.hj212.frame import Area, Factor
from fenhe.protocols.hj212.message import Message

_OPEN, _CLOSE = b"CP=&&", b"&&"
# what is written must read the same: no separators, no controls, no spaces at the ends
_FIELD = re.compile(r"[^;,=&#\s\x00-\x1f\x7f]*")
_NAME = re.compile(r"[0-9A-Za-z_]+")
_CODE = re.compile(r"[0-9A-Za-z_\-]+")
_CONTROLS = r"\x00-\x08\x0a-\x1f\x7f"
_TEXT = re.compile(rf"(?:[^;,&\s{_CONTROLS}](?:[^;,&{_CONTROLS}]*[^;,&\s{_CONTROLS}])?)?")
_LOG = re.compile(rf"//(?:(?!//|&&)[^{_CONTROLS}])*//")
_LOG_MARK = "//"
#: Fields that the examples of 2005 join to the one before them by a comma.
_JOINED_2005 = ("EndTime", "CTime")


def encode(message: Message, key: bytes | None = None) -> bytes:
    """Return the frame of a message, ``##`` to CR LF; with a key its data area is encrypted.

    Raises ``BadMessage`` for what can not be written so that it reads the same: separators in
    names or values, or a data segment longer than the edition allows (see ``split``).
    """
    head, area = header(message), written_area(message)
    segment = head + _OPEN + area + _CLOSE
    longest, longest_area = tables.limits(message.edition)
    if len(segment) > longest or len(area) > longest_area:
        raise BadMessage(
            f"the data segment has {len(segment)} bytes and its data area {len(area)}; "
            f"{longest} and {longest_area} are allowed: split the message"
        )
    check = checksum.crc(segment)
    if key is not None:
        segment = head + _OPEN + cipher.encrypt(area, key) + _CLOSE
    return b"##%04d%b%04X\r\n" % (len(segment), segment, check)


def split(message: Message) -> tuple[Message, ...]:
    """Return the message, or its sub-packets when it is too long for one frame.

    Factors are dealt out whole, the plain items are repeated in each; the sub-packets of 2017
    and 2025 have a QN each, one millisecond apart, those of 2005 share one.
    """
    if _fits(message):
        return (message,)
    groups = list(_groups(message.factors))
    packets: list[list[Factor]] = [[]]
    for group in groups:
        if packets[-1] and not _fits(_part(message, [*packets[-1], *group])):
            packets.append([])
        packets[-1] += group
    step = 0 if message.edition == 2005 else 1
    return tuple(
        _part(message, factors).numbered(len(packets), number, step * (number - 1))
        for number, factors in enumerate(packets, start=1)
    )


def header(message: Message) -> bytes:
    """Return the fields before ``CP=``, in the order of the edition."""
    rf = "1" if message.rf else None
    flag = message.flag_written
    packets = [("PNUM", message.pnum), ("PNO", message.pno)]
    fields = [
        ("QN", message.qn), ("ST", message.st), ("CN", message.cn), ("PW", message.pw),
        ("MN", message.mn), ("Flag", None if flag is None else str(flag)),
        # the examples of 2005 write them the other way round
        *(packets[::-1] if message.edition == 2005 else packets), ("RF", rf),
    ]  # fmt: skip
    given = [(name, str(text)) for name, text in fields if text is not None]
    if not (message.cn and message.st):
        raise BadMessage("a message needs CN and ST")
    for name, text in given:
        if not _FIELD.fullmatch(text):
            raise BadMessage(f"{name} can not hold a separator or a space")
    return _bytes("".join(f"{name}={text};" for name, text in given))


def written_area(message: Message) -> bytes:
    """Return the data area: plain items, then factors, those of one code joined by commas."""
    _check(message.area)
    text = ""
    for name, value in message.top:
        joined = message.edition == 2005 and name in _JOINED_2005
        text += f"{',' if joined and text else ';'}{name}={value}"
    for group in _groups(message.factors):
        text += ";" + ",".join(f"{code}-{suffix}={value}" for code, suffix, value in group)
    if message.edition == 2005 and message.cn == "9014" and message.area.get("PNO"):
        # the only form its example gives of an answer to a sub-packet
        text += ";"
    return _bytes(text[1:])


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise BadMessage("a text holds half a character") from None


def _check(area: Area) -> None:
    for name, value in area.top:
        if not _NAME.fullmatch(name):
            raise BadMessage(f"'{name}' is no name of an item")
        _check_text(name, value)
    for code, suffix, value in area.factors:
        if not (_CODE.fullmatch(code) and _NAME.fullmatch(suffix)):
            raise BadMessage(f"'{code}-{suffix}' is no name of a factor")
        _check_text(f"{code}-{suffix}", value)


def _check_text(name: str, value: str) -> None:
    if value.startswith(_LOG_MARK):
        good = _LOG.fullmatch(value) is not None
    else:
        good = _TEXT.fullmatch(value) is not None and _LOG_MARK not in value
    if not good:
        raise BadMessage(f"the value of {name} can not be written: a separator, or spaces round it")


def _groups(factors: tuple[Factor, ...]) -> Iterator[list[Factor]]:
    group: list[Factor] = []
    for factor in factors:
        if group and group[-1][0] != factor[0]:
            yield group
            group = []
        group.append(factor)
    if group:
        yield group


def _part(message: Message, factors: list[Factor]) -> Message:
    return replace(message, factors=tuple(factors))


def _fits(message: Message) -> bool:
    longest, longest_area = tables.limits(message.edition)
    area = written_area(message)
    # room for PNUM and PNO of four digits each, whether they are there yet or not
    numbers = 0 if message.pnum is not None else len("PNUM=9999;PNO=9999;")
    size = len(header(message)) + numbers + len(_OPEN) + len(area) + len(_CLOSE)
    return size <= longest and len(area) <= longest_area
