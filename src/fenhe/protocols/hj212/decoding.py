"""Decode one frame's bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fenhe.protocols.hj212 import checks, editions, opening, parse, tables
from fenhe.protocols.hj212.errors import BadFrame
from fenhe.protocols.hj212.frame import Area, Frame, number_of
from fenhe.protocols.hj212.problems import LENIENT, Problem, problem, verdict

HEAD = re.compile(rb"##(\d{4})")
_END = re.compile(rb"&&([0-9A-Fa-f]{4})(\r\n|\r|\n)?\Z")
_OPEN = b"CP=&&"
_CLOSE = b"&&"
_TAILS = (b"\r\n", b"", b"\n", b"\r")


def decode(data: bytes, *, keys: Sequence[bytes] = (), strict: bool = False) -> Frame:
    """Return what one frame's bytes (``##`` … CR LF) say, and every defect by its code.

    ``keys`` are the SM4 keys to try, the current one first. Nothing is raised for what the
    bytes are, except with ``strict``: then ``BadFrame`` for whatever is not accepted as it
    stands. A damaged frame gives what could be read of it.
    """
    frame = _decode(bytes(data), keys)
    if strict and not (frame.ok and frame.verdict in ("accept", "accept_after_decrypt")):
        raise BadFrame(_refused(frame))
    return frame


def _refused(frame: Frame) -> Frame:
    # what a strict reading refuses for its form alone is a matter of structure
    deviates = frame.verdict in (LENIENT, "accept_resync")
    return replace(frame, verdict="reject_structure") if deviates else frame


@dataclass
class _Cut:
    """A frame cut into data segment and check sum."""

    segment: bytes
    check: bytes
    length_ok: bool
    problems: list[Problem] = field(default_factory=list)


def _decode(data: bytes, keys: Sequence[bytes]) -> Frame:
    head = HEAD.match(data)
    if head is None:
        return _made(data, [problem("no_head")])
    cut = _cut(data, int(head.group(1)))
    if cut is None:
        return _made(data, [problem("cut_off")])
    return _read(data, cut, keys)


def _cut(data: bytes, declared: int) -> _Cut | None:
    """Cut by the length; where that does not fit, by the closing ``&&`` and the check sum.

    None when the frame just stops.
    """
    end = 6 + declared
    segment, check, tail = data[6:end], data[end : end + 4], data[end + 4 :]
    if len(check) == 4:
        hexadecimal = opening.is_hex(check)
        closed = segment.endswith(_CLOSE) and tail in (b"\r\n", b"")
        if (tail in _TAILS and hexadecimal) or closed:
            return _Cut(segment, check, True, _tail_problems(tail))
        if hexadecimal and opening.fits(segment, check):
            return _Cut(segment, check, True, [problem("bytes_after", str(len(tail)))])
    match = _END.search(data, max(6, len(data) - 8))
    if match is None and len(check) < 4:
        return None
    return _otherwise(data, declared, match)


def _otherwise(data: bytes, declared: int, match: re.Match[bytes] | None) -> _Cut:
    if match is None:
        segment, check = data[6 : max(6, data.rfind(_CLOSE) + len(_CLOSE))], b""
    else:
        segment, check = data[6 : match.start() + len(_CLOSE)], match.group(1)
    found = f"{declared} declared, {len(segment)} found"
    if opening.fits(segment, check):
        found += ", of which the check sum is right"
    return _Cut(segment, check, False, [problem("length_wrong", found)])


def _tail_problems(tail: bytes) -> list[Problem]:
    if tail == b"\r\n":
        return []
    return [problem("tail_odd" if tail else "tail_missing")]


def _read(data: bytes, cut: _Cut, keys: Sequence[bytes]) -> Frame:
    start = cut.segment.find(_OPEN)
    head = cut.segment if start < 0 else cut.segment[:start]
    found = cut.problems
    header = parse.header(_text(head, found), start >= 0)
    found += header.problems
    known: dict[str, Any] = {"length_ok": cut.length_ok, "header": header.written}
    known |= _texts(header.fields)
    trimmed = cut.segment.rstrip()
    end = len(trimmed) - len(_CLOSE)
    begin = start + len(_OPEN)
    if start < 0:
        found.append(problem("no_area"))
    elif end < begin or not trimmed.endswith(_CLOSE):
        found.append(problem("area_open"))
    elif cut.length_ok:
        if len(trimmed) < len(cut.segment):
            found.append(problem("space", "after the data area"))
        sealed = opening.Sealed(cut.segment, begin, end, cut.check)
        return _opened(data, sealed, header.fields, found, keys=keys, known=known)
    right = cut.length_ok and opening.fits(cut.segment, cut.check)
    if cut.length_ok and not right:
        found.append(opening.fault(cut.segment, cut.check))
    return _made(data, found, crc_ok=right, **known)


def _opened(
    data: bytes,
    sealed: opening.Sealed,
    fields: Mapping[str, str],
    found: list[Problem],
    *,
    keys: Sequence[bytes],
    known: dict[str, Any],
) -> Frame:
    flag = number_of(fields.get("Flag"))
    edition = editions.edition_of(fields.get("Flag"), flag, fields.get("ST"))
    version = editions.version_of(flag)
    if "Flag" in fields and flag is None:
        found.append(problem("flag_form"))
    if version == "unknown":
        found.append(problem("version_unknown"))
    opened = opening.open_area(sealed, keys, version == "2025")
    found += opened.problems
    found += checks.of_header(fields, edition)
    numbers, remarks = checks.of_numbers(fields, flag, edition)
    found += numbers
    area = Area()
    if opened.area is not None:
        found += _long(sealed, opened.area, edition)
        items = parse.area(_text(opened.area, found))
        area = Area(tuple(items.top), tuple(items.factors))
        about, more = checks.of_area(area, fields, edition)
        found += items.problems + about
        remarks += items.remarks + more
    known |= {"edition": edition, "flag_version": version, "crc_ok": opened.crc_ok, "cp": area}
    known |= {"encrypted": opened.encrypted, "printed": opened.printed}
    known |= {"readable": opened.area is not None, "remarks": _once(remarks)}
    return _made(data, found, **known)


def _long(sealed: opening.Sealed, area: bytes, edition: int | None) -> list[Problem]:
    longest, longest_area = tables.limits(edition or 2017)
    found = []
    if len(sealed.segment) > longest:
        found.append(problem("segment_long", f"{len(sealed.segment)} bytes"))
    if len(area) > longest_area:
        found.append(problem("area_long", f"{len(area)} bytes"))
    return found


def _made(data: bytes, problems: Iterable[Problem], **known: Any) -> Frame:
    kept = _once(problems)
    return Frame(
        raw=data, verdict=verdict(kept, known.get("encrypted", False)), problems=kept, **known
    )


def _once(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the first problem of each code; a code found more often is told once."""
    kept: dict[str, Problem] = {}
    for one in problems:
        kept.setdefault(one.code, one)
    return tuple(kept.values())


_KEYS = tuple((name, "flag_text" if name == "Flag" else name.lower()) for name in parse.FIELDS)


def _texts(fields: Mapping[str, str]) -> dict[str, str]:
    return {key: fields[name] for name, key in _KEYS if name in fields}


def _text(data: bytes, found: list[Problem]) -> str:
    """Return bytes as text: UTF-8, else GBK, else with escapes; the last two are told."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("gb18030")
        found.append(problem("charset_gbk"))
    except UnicodeDecodeError:
        text = data.decode("utf-8", "backslashreplace")
        found.append(problem("charset_unknown"))
    return text
