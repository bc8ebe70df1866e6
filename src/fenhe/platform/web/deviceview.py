"""Devices, their frames and commands in words; secrets are masked where they are read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.platform.gateway import catalogue
from fenhe.platform.gateway.exchange import NOW
from fenhe.platform.gateway.models import Command
from fenhe.platform.monitoring.frames.recent import Seen
from fenhe.platform.registry.models import DeviceParameter
from fenhe.platform.web import levels, outletwords
from fenhe.protocols.hj212 import tables

State = Command.State
SIGNS = {
    State.ASKED: "‖", State.APPROVED: "…", State.SENT: "→", State.ACCEPTED: "→", State.DONE: "✓",
    State.FAILED: "✕", State.REFUSED: "✕", State.TIMED_OUT: "✕", State.WITHDRAWN: "–",
}  # fmt: skip
WRONG = (State.FAILED, State.REFUSED, State.TIMED_OUT)
HISTORIES = ("2061", "2051", "2031", "2041")
SHORT_FORMS = (*HISTORIES, "1011", "1012", "1014", "1061", "1062", "1063", "1064", "3012")
MOST_SHOWN = 200  # characters of what a device said
# a password or key in the bytes of a frame, wherever a misplaced separator has put it
_SECRET = re.compile(rb"((?:pw|newsk)\s*=\s*)([^;,&\s]+)", re.IGNORECASE)


def command_name(cn: str) -> str:
    """Return what a command asks, by its number; an unknown one keeps the number."""
    known = catalogue.requests().get(cn)
    if known is None:
        return cn
    return known.name_en if levels.english() else known.name_zh


def frame_name(cn: str) -> str:
    """Return what kind of frame a number is."""
    for edition in sorted(tables.EDITIONS, reverse=True):
        for one in tables.commands(edition):
            if one.cn == cn:
                return str(one.en if levels.english() else one.zh)
    return cn


def command_row(one: Command) -> dict[str, Any]:
    """Return a command as the page shows it; new passwords and keys are masked in the record."""
    return {
        "id": one.pk,
        "mn": one.mn,
        "cn": one.cn,
        "name": command_name(one.cn),
        "fields": [(str(name), str(text)) for name, text in one.fields],
        "fields_text": ", ".join(f"{name}={text}" for name, text in one.fields),
        "state": one.state,
        "sign": SIGNS.get(State(one.state), ""),
        "word": one.get_state_display(),
        "wrong": one.state in WRONG,
        "over": one.is_over,
        "asked": one.state == State.ASKED,
        "may_end": one.state in {State.ASKED, State.APPROVED} and not one.qn,
        "reason": one.reason,
        "asked_by": one.asked_by,
        "asked_at": outletwords.clock(one.asked_at),
        "decided_by": one.decided_by,
        "sent_at": outletwords.clock(one.sent_at),
        "accepted_at": outletwords.clock(one.accepted_at),
        "ended_at": outletwords.clock(one.ended_at),
        "attempts": one.attempts,
        "frames": one.frames,
        "answers": [f"{name}={text}"[:MOST_SHOWN] for name, text in _pairs(one.result)],
        "returned": _returned(one),
        "why": one.why,
        "qn": one.qn,
    }


def _pairs(result: Any) -> list[tuple[str, str]]:
    found = []
    for row in result if isinstance(result, list) else []:
        if isinstance(row, list | tuple) and len(row) >= 2:
            found.append((" ".join(str(part) for part in row[:-1]), str(row[-1])))
        else:
            found.append(("", str(row)))
    return found


def _returned(one: Command) -> str:
    """Return the codes a device answered with, in words."""
    told = {"QnRtn": one.qn_rtn, "ExeRtn": one.exe_rtn}
    return " · ".join(f"{kind} {code} {_code(kind, code)}" for kind, code in told.items() if code)


def _code(kind: str, code: str) -> str:
    for edition in sorted(tables.EDITIONS, reverse=True):
        for one in tables.return_codes(edition):
            if one.kind == kind and one.code == code:
                return str(one.en if levels.english() else one.zh)
    return ""


def commands_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return commands as a table; times in Beijing."""
    names = ("id", "mn", "cn", "name", "fields_text", "state", "asked_by", "asked_at",
             "decided_by", "sent_at", "accepted_at", "ended_at", "attempts", "frames", "returned",
             "why", "reason")  # fmt: skip
    return pl.DataFrame(
        [{name: row[name] for name in names} for row in rows],
        schema=None if rows else dict.fromkeys(names, pl.String),
        infer_schema_length=None,
    )


def parameter_row(rows: Sequence[DeviceParameter]) -> dict[str, Any]:
    """Return a parameter as told last, newest first in ``rows``, with what it was before."""
    one = rows[0]
    return {
        "mn": one.device.mn,
        "of": one.of,
        "of_text": outletwords.item_label(one.of) if one.of else "",
        "name": one.name,
        "kind": one.get_kind_display(),
        "value": one.value[:MOST_SHOWN],
        "since": outletwords.clock(one.since),
        "before": rows[1].value[:MOST_SHOWN] if len(rows) > 1 else "",
        "changes": len(rows) - 1,
        "sha256": one.raw_sha256,
        "row": one.raw_row,
    }


def parameters_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return parameters as a table; times in Beijing."""
    names = ("mn", "of", "name", "kind", "value", "since", "before", "changes")
    return pl.DataFrame(
        [{name: row[name] for name in names} for row in rows],
        schema=None if rows else dict.fromkeys(names, pl.String),
        infer_schema_length=None,
    )


def packet_row(seen: Seen, frame_url: Any) -> dict[str, Any]:
    """Return a frame that came in as the page shows it."""
    return {
        "at": outletwords.clock(seen.at),
        "mn": seen.mn,
        "cn": seen.cn,
        "name": frame_name(seen.cn),
        "data_time": outletwords.clock(seen.data_time),
        "verdict": seen.verdict,
        "word": outletwords.frame_text(seen.verdict),
        "refused": seen.refused,
        "wrong": bool(seen.refused) or seen.verdict.startswith("reject"),
        "url": frame_url(seen.raw_sha256, seen.raw_row),
    }


def fields_of(cn: str, posted: Mapping[str, Any]) -> catalogue.Fields:
    """Return the items of CP a form asks for: ``f-Name`` each, or lines ``Name=value`` in ``more``.

    Times of a form (``2026-11-25T12:00``, Beijing) become those of the wire.
    """
    if cn == catalogue.SET_CLOCK and not posted.get("f-SystemTime"):
        return (("SystemTime", NOW),)
    found = [
        (name.removeprefix("f-"), _wire(str(text)))
        for name, text in posted.items()
        if name.startswith("f-") and text
    ]
    for line in str(posted.get("more") or "").splitlines():
        if not line.strip():
            continue
        name, equals, text = line.partition("=")
        if not equals:
            raise BadInput(f"'{line}' is not Name=value")
        found.append((name.strip(), text.strip()))
    return tuple(found)


def _wire(text: str) -> str:
    if len(text) >= 16 and text[4:5] == "-" and text[10:11] == "T":
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise BadInput(f"'{text}' is not a time") from None
        return f"{moment:%Y%m%d%H%M%S}"
    return text.strip()


def forms(edition: int | None, at: datetime) -> dict[str, Any]:
    """Return what the forms of a device offer: histories, other commands, spans."""
    known = [
        {
            "cn": one.cn,
            "name": one.name_en if levels.english() else one.name_zh,
            "changes": one.changes,
            "needs": ", ".join(one.needs),
        }
        for one in catalogue.requests().values()
        if edition is None or edition in one.editions
    ]
    local = beijing.to_beijing(at).replace(minute=0, second=0, microsecond=0)
    return {
        "histories": [one for one in known if one["cn"] in HISTORIES],
        "others": [one for one in known if one["cn"] not in SHORT_FORMS and one["cn"] != "1072"],
        "known": {one["cn"] for one in known},
        "minutes": catalogue.MINUTES,
        "from": f"{local - timedelta(hours=24):%Y-%m-%dT%H:%M}",
        "to": f"{local:%Y-%m-%dT%H:%M}",
    }


def packets_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return received frames as a table; times in Beijing."""
    names = ("at", "mn", "cn", "name", "data_time", "verdict", "refused", "url")
    return pl.DataFrame(
        [{name: row[name] for name in names} for row in rows],
        schema=None if rows else dict.fromkeys(names, pl.String),
        infer_schema_length=None,
    )


def frame_facts(found: Mapping[str, Any], payload: bytes) -> dict[str, Any]:
    """Return a received frame as the page shows it; its secrets are masked."""
    fates = {one["raw_column"]: _kept(one) for one in found["values"]}
    fates |= {one["raw_column"]: _refused(one) for one in found["rejected"]}
    return {
        **found,
        "at": outletwords.clock(found["at"]),
        "word": outletwords.frame_text(str(found["verdict"])),
        "name": frame_name(str(found["header"].get("CN", ""))),
        "data_time": outletwords.clock(found["data_time"]),
        "hex": hex_rows(payload),
        "problems": [
            {"code": one["code"], "text": one["text"] if levels.english() else one["zh"]}
            for one in found["problems"]
        ],
        "fields": [
            {
                "code": code,
                "label": outletwords.item_label(str(code).lower()),
                "suffix": suffix,
                "text": told,
                **fates.get(f"{code}-{suffix}", {"fate": "", "wrong": False}),
            }
            for code, suffix, told in found["factors"]
        ],
        "frame_fates": [
            fate for column, fate in fates.items() if "-" not in column and fate["wrong"]
        ],
    }


def _kept(one: Mapping[str, Any]) -> dict[str, Any]:
    value = outletwords.number(one["value"], one["decimals"])
    item, unit = one["item"], outletwords.unit_of(one["item"], one["statistic"])
    return {
        "fate": f"{outletwords.item_label(item)} {one['statistic']} {value} {unit}",
        "wrong": False,
    }


def _refused(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"fate": f"{one['text']}: {one['reason']}", "wrong": True}


def hex_rows(payload: bytes, width: int = 16) -> list[dict[str, str]]:
    """Return bytes in hex, a row of sixteen each with the text beside; secrets are stars."""
    data = _SECRET.sub(lambda found: found[1] + b"*" * len(found[2]), payload)
    return [
        {
            "at": f"{start:04x}",
            "hex": data[start : start + width].hex(" "),
            "text": "".join(chr(b) if 32 <= b < 127 else "·" for b in data[start : start + width]),
        }
        for start in range(0, len(data), width)
    ]
