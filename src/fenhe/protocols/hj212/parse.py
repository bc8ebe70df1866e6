"""From text to header fields and items: pure splitting, in one pass, nothing lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from fenhe.protocols.hj212.frame import Factor, Top
from fenhe.protocols.hj212.problems import Problem, problem, remark

FIELDS = ("QN", "ST", "CN", "PW", "MN", "Flag", "PNUM", "PNO", "RF")
_SPELLED = {name.casefold(): name for name in FIELDS}
_COMMA = re.compile(rf",\s*({'|'.join(FIELDS)})\s*=", re.IGNORECASE)
_FIELDS = frozenset(FIELDS)
_ODD = re.compile(r"[\s,]")
_SPACE = re.compile(r"\s")
_LOG = "//"


def proper(name: str) -> str | None:
    """Return the proper spelling of a field of the header; None when it is none."""
    return _SPELLED.get(name.strip().casefold())


@dataclass
class Header:
    """Fields as written, and repaired by their proper names."""

    written: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def header(text: str, closed: bool) -> Header:
    """Return the fields before ``CP=``; ``closed`` tells whether a data area follows."""
    return _as_it_should_be(text) or _whatever(text, closed)


def _as_it_should_be(text: str) -> Header | None:
    """Return the fields of a header with nothing odd about it: nearly every one."""
    if _ODD.search(text) or not text.endswith(";"):
        return None
    pairs = [part.partition("=") for part in text[:-1].split(";")]
    fields = {name: value for name, _, value in pairs}
    if len(fields) != len(pairs) or not _FIELDS.issuperset(fields):
        return None
    return Header(fields, dict(fields)) if all(sign for _, sign, _ in pairs) else None


def _whatever(text: str, closed: bool) -> Header:
    found = Header()
    parts = text.split(";")
    if closed and parts[-1].strip():
        found.problems.append(problem("separator_missing"))
    for part in parts if parts[-1].strip() else parts[:-1]:
        name, sign, value = part.partition("=")
        if not sign:
            code = "item_without_value" if part.strip() else "item_empty"
            found.problems.append(problem(code, "in the header"))
        if part.strip():
            _field(found, name, value)
    return found


def _field(found: Header, name: str, value: str) -> None:
    found.written.setdefault(name, value)
    for key, text in _split_commas(found, name, value):
        if key != key.strip() or text != text.strip():
            found.problems.append(problem("space", "in the header"))
        known = proper(key)
        if known is None:
            found.problems.append(problem("field_unknown"))
            continue
        if known != key.strip():
            found.problems.append(problem("field_spelling", known))
        if known in found.fields:
            found.problems.append(problem("field_twice", known))
        else:
            found.fields[known] = text.strip()


def _split_commas(found: Header, name: str, value: str) -> Iterator[tuple[str, str]]:
    pieces = _COMMA.split(value)
    yield name, pieces[0]
    if len(pieces) > 1:
        found.problems.append(problem("comma_in_header"))
        yield from zip(pieces[1::2], pieces[2::2], strict=True)


@dataclass
class Items:
    """The items of a data area in their order."""

    top: list[Top] = field(default_factory=list)
    factors: list[Factor] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)


def area(text: str) -> Items:
    """Return the items between ``&&`` and ``&&``; a text between ``//`` is not split."""
    found = Items()
    groups = list(_with_logs(text, found)) if _LOG in text else _plain(text)
    if len(groups) > 1 and groups[-1] == [""]:
        found.remarks.append(remark("trailing_separator"))
        groups.pop()
    elif len(groups) == 1 and not text.strip():
        if text:
            found.problems.append(problem("space"))
        return found
    spaced = _SPACE.search(text) is not None
    for group in groups:
        _group(group, found, spaced)
    return found


def _plain(text: str) -> list[list[str]]:
    return [group.split(",") for group in text.split(";")]


def _with_logs(text: str, found: Items) -> Iterator[list[str]]:
    """Split as ``_plain`` does, but go over what stands between ``=//`` and ``//``."""
    group: list[str] = []
    start = position = 0
    while True:
        match = _NEXT.search(text, position)
        if match is None:
            group.append(text[start:])
            yield group
            return
        position = match.end()
        if match.group() in (";", ","):
            group.append(text[start : match.start()])
            start = position
            if match.group() == ";":
                yield group
                group = []
        else:
            closing = text.find(_LOG, position)
            if closing < 0:
                found.problems.append(problem("log_open"))
            else:
                position = closing + len(_LOG)


_NEXT = re.compile(r"[;,]|=\s*//")


def _group(group: list[str], found: Items, spaced: bool) -> None:
    first: str | None = None
    mixed = plain = False
    for part in group:
        name, sign, value = part.partition("=")
        if spaced:
            name, value = _stripped(name, found), _stripped(value, found)
        if not sign:
            found.problems.append(problem("item_without_value" if name else "item_empty"))
            if not name:
                continue
        code, dash, suffix = name.rpartition("-")
        if not dash:
            found.top.append((name, value))
            plain = True
            continue
        if not (code and suffix):
            found.problems.append(problem("code_missing"))
        first = code if first is None else first
        mixed = mixed or code != first
        found.factors.append((code, suffix, value))
    if mixed:
        found.problems.append(problem("code_mixed", f"beside {first}"))
    if plain and len(group) > 1:
        found.remarks.append(remark("comma_between"))


def _stripped(text: str, found: Items) -> str:
    stripped = text.strip()
    if len(stripped) != len(text):
        found.problems.append(problem("space"))
    return stripped
