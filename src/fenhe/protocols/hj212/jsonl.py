"""Frames as JSON objects, and JSON objects as messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fenhe.protocols.hj212 import editions, merge, parse, secret
from fenhe.protocols.hj212.errors import BadMessage
from fenhe.protocols.hj212.frame import Area, Frame, number_of
from fenhe.protocols.hj212.message import Message
from fenhe.protocols.hj212.problems import Problem

_TEXTS = ("qn", "st", "cn", "mn", "flag", "pnum", "pno", "rf")


def to_json(frame: Frame, show_secrets: bool = False) -> dict[str, Any]:
    """Return a frame as the object ``fenhe hj212 decode`` prints; passwords are masked.

    ``header`` is as written, ``qn`` to ``rf`` are repaired. ``header`` and ``cp`` are empty
    objects where there is nothing to read. Of a cipher text that was sent in print they are
    empty too: what it says once it is turned into bytes and decrypted stands in ``opened``.
    """
    header, cp = _header(frame, show_secrets), _area(frame, show_secrets)
    written: dict[str, Any] = {
        "verdict": frame.verdict,
        "ok": frame.ok,
        "edition": frame.edition,
        "flag_version": "" if frame.printed else frame.flag_version,
        "crc_ok": frame.crc_ok,
        "length_ok": frame.length_ok,
        "problems": [_problem(one) for one in frame.problems],
        "remarks": [_problem(one) for one in frame.remarks],
        "header": {} if frame.printed else header,
    }
    texts = (frame.flag_text if n == "flag" else getattr(frame, n) for n in _TEXTS)
    written |= {
        name: text if text is None or show_secrets else secret.within(text)
        for name, text in zip(_TEXTS, texts, strict=True)
    }
    written["cp"] = {} if frame.printed else cp
    if frame.printed:
        written["opened"] = {"flag_version": frame.flag_version, "header": header, "cp": cp}
    if frame.parts:
        written["parts"] = len(frame.parts)
        written["missing"] = list(merge.missing(frame))
    return written


def _problem(one: Problem) -> dict[str, str]:
    return {"code": one.code, "text": secret.within(one.text)}


def _header(frame: Frame, show_secrets: bool) -> dict[str, str]:
    if show_secrets:
        return dict(frame.header)
    return {secret.within(k): secret.text(k, v) for k, v in frame.header.items()}


def _area(frame: Frame, show_secrets: bool) -> dict[str, Any]:
    if not frame.readable:
        return {}
    area = frame.cp if show_secrets else secret.area(frame.cp)
    return {"top": [list(item) for item in area.top], "factors": [list(f) for f in area.factors]}


def from_json(given: Mapping[str, Any]) -> Message:
    """Return the message an object describes: what ``to_json`` gives, or its fields alone.

    Fields stand in ``header`` by their names (``QN`` … ``RF``) or beside it in lower case, which
    goes first; ``edition`` is told by Flag and ST when it is left out. What was repaired is
    written as it should be, a merged record as one. Raises ``BadMessage`` for an object of a
    frame that was not accepted, for what is no field, without CN or ST, or with a mask.
    """
    if given.get("ok") is False:
        raise BadMessage(f"the frame was not accepted: {given.get('verdict')}")
    opened = given.get("opened")
    shown = opened if isinstance(opened, Mapping) else given
    fields = _fields(given, shown.get("header") or {})
    if given.get("parts"):
        _made_whole(fields)
    message = _message(fields, _read_area(shown.get("cp") or {}))
    edition = given.get("edition")
    if edition is not None:
        message = replace(message, edition=_whole("edition", edition))
    if fields.get("Flag") is None and (edition or given.get("answer") is not None):
        message = replace(message, flag=None, answer=bool(given.get("answer")))
    return message


def _fields(given: Mapping[str, Any], header: Any) -> dict[str, str]:
    if not isinstance(header, Mapping):
        raise BadMessage("'header' must be an object of names and texts")
    fields: dict[str, str] = {}
    for name, value in header.items():
        proper = parse.proper(name)
        if proper is None:
            raise BadMessage(f"'{name}' is no field of the header")
        fields.setdefault(proper, _text(name, value))
    for name in parse.FIELDS:
        if given.get(name.lower()) is not None:
            fields[name] = _text(name, given[name.lower()])
    for name in ("CN", "ST"):
        if not fields.get(name):
            raise BadMessage(f"{name} is missing")
    return fields


def _made_whole(fields: dict[str, str]) -> None:
    """Take out what made a sub-packet of the first part of a merged record."""
    fields.pop("PNUM", None)
    fields.pop("PNO", None)
    flag = number_of(fields.get("Flag"))
    if flag is not None:
        fields["Flag"] = str(flag & ~2)


def _message(fields: Mapping[str, str], area: Area) -> Message:
    flag = number_of(fields.get("Flag"))
    if fields.get("Flag") and flag is None:
        raise BadMessage("Flag must be a number of 0 to 255")
    return Message(
        cn=fields["CN"],
        st=fields["ST"],
        mn=fields.get("MN"),
        pw=fields.get("PW"),
        qn=fields.get("QN"),
        edition=editions.edition_of(fields.get("Flag"), flag, fields["ST"]) or 2017,
        flag=-1 if flag is None else flag,
        pnum=_whole("PNUM", fields["PNUM"]) if "PNUM" in fields else None,
        pno=_whole("PNO", fields["PNO"]) if "PNO" in fields else None,
        # 1 is the only value there is; another one is taken for a live record
        rf=fields.get("RF") == "1",
        top=area.top,
        factors=area.factors,
    )


def _read_area(given: Any) -> Area:
    if not isinstance(given, Mapping) or set(given) - {"top", "factors"}:
        raise BadMessage("'cp' must be an object with 'top' and 'factors'")
    return Area(
        tuple(_row("top", row, 2) for row in given.get("top") or ()),  # type: ignore[misc]
        tuple(_row("factors", row, 3) for row in given.get("factors") or ()),  # type: ignore[misc]
    )


def _row(what: str, row: Any, cells: int) -> tuple[str, ...]:
    if not isinstance(row, list | tuple) or len(row) != cells:
        raise BadMessage(f"a row of '{what}' has {cells} texts")
    names = [str(cell) for cell in row]
    return (*names[:-1], _text(names[-2], row[-1]))


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadMessage(f"{name} must be a text; write a number as it is to be sent")
    if secret.MASK in str(value):
        raise BadMessage(f"{name} is masked: decode with --show-secrets, or give it")
    return str(value)


def _whole(name: str, value: Any) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise BadMessage(f"{name} must be a whole number")
    return int(text)
