"""The gateway and the feeds as the live board shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fenhe.platform.web import numbers, outletlist, outletwords
from fenhe.platform.web.words import joined

LATE_TIMES = 3  # rhythms without a frame: as the eye takes it, the alarm has a limit of its own
NO_RHYTHM = 3600.0  # seconds without a frame, of a device whose rhythm is not known
SKEW_SEEN = 60.0  # seconds a clock may differ before the table points at it
ORDER = {"refused": 0, "silent": 1, "skewed": 2, "waiting": 3, "ok": 4}
SIGNS = {"refused": "✕", "silent": "△", "skewed": "△", "waiting": "…", "ok": "✓"}
WRONG = ("refused", "silent", "skewed")
COUNTS = ("frames", "accepted", "rejected", "incomplete", "in_hand", "answers")
OF_DEVICE = COUNTS[:-1]  # answers are counted by connection


def device_rows(
    known: Mapping[str, Mapping[str, Any]], state: Mapping[str, Any], at: datetime
) -> list[dict[str, Any]]:
    """Return a row a registered device, what needs attention first.

    ``known``: MN in capitals -> mn, outlets (name and url), simulated, enabled.
    """
    heard = {str(one["mn"]).strip().upper(): one for one in state["devices"]}
    rows = [_device(device, heard.get(folded), at) for folded, device in known.items()]
    return sorted(rows, key=lambda row: (ORDER[row["state"]], row["mn"]))


def _device(
    device: Mapping[str, Any], heard: Mapping[str, Any] | None, at: datetime
) -> dict[str, Any]:
    last = heard["last_at"] if heard else None
    lag = None if last is None else (at - last).total_seconds()
    skew = heard["skew"] if heard else None
    state = _state(heard, lag, skew)
    return {
        "mn": device["mn"],
        "url": outletlist.device_url(device["mn"]),
        "outlets": device["outlets"],
        "simulated": device["simulated"],
        "enabled": device["enabled"],
        "state": state,
        "sign": SIGNS[state],
        "word": state_text(state),
        "wrong": state in WRONG,
        "peer": heard["peer"] if heard else "",
        "edition": heard["edition"] if heard else None,
        "last_at": outletwords.clock(last),
        "age": outletwords.age_text(lag),
        "lag": lag,
        "interval": heard["interval"] if heard else None,
        "skew": skew,
        "skew_text": skew_text(skew),
        "claims": heard["claims"] if heard else 0,
        "problems": joined(f"{code} {n}" for code, n in _problems(heard)),
        **{name: heard[name] if heard else 0 for name in OF_DEVICE},
    }


def _problems(heard: Mapping[str, Any] | None) -> list[tuple[str, int]]:
    return sorted((heard or {}).get("problems", {}).items())


def _state(heard: Mapping[str, Any] | None, lag: float | None, skew: float | None) -> str:
    if heard is None or lag is None:
        return "waiting"
    if heard["rejected"] and not heard["accepted"]:
        return "refused"
    if lag > (heard["interval"] * LATE_TIMES if heard["interval"] else NO_RHYTHM):
        return "silent"
    return "skewed" if skew is not None and abs(skew) > SKEW_SEEN else "ok"


def state_text(state: str) -> str:
    """Return how a device stands, in words."""
    words = {
        "refused": _("all its frames are refused"),
        "silent": _("silent"),
        "skewed": _("clock is off"),
        "waiting": _("not heard since the start"),
        "ok": _("sends"),
    }
    return words[state]


def skew_text(skew: float | None) -> str:
    """Return by how much a clock is ahead or behind, in seconds; a dash where it is not known."""
    if skew is None:
        return "—"
    return f"{numbers.signed(skew, 0)} s"


def totals(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the counts of the gateway and whether they balance."""
    told = state["totals"]
    right = told["accepted"] + told["rejected"] + told["incomplete"] + told["in_hand"]
    return {
        **{name: told[name] for name in COUNTS},
        "bytes_in": told["bytes_in"],
        "bytes_out": told["bytes_out"],
        "garbage": told["garbage_bytes"],
        "problems": sorted(told["problems"].items()),
        "balanced": told["frames"] == right,
        "right": right,
    }


def facts(state: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """Return what the board says of the gateway as a whole."""
    behind, failed = state["behind"], state["log"]["failed"]
    since = behind["since"]
    return {
        "running": state["running"],
        "name": state["name"],
        "listens": [str(one) for one in state["listens"]],
        "since": outletwords.clock(state["since"]),
        "open": state["open"],
        "refused_connections": state["refused_connections"],
        "failed": failed or "",
        "backlog": state["log"]["backlog"],
        "p50": _ms(state["acknowledged_ms"]["p50"]),
        "p99": _ms(state["acknowledged_ms"]["p99"]),
        "commands": state["commands"],
        "behind": behind["entries"],
        "behind_age": outletwords.ago(since, at) if since else "",
    }


def _ms(value: float | None) -> str:
    return "—" if value is None else f"{value:.0f} ms"


def refused_rows(state: Mapping[str, Any], at: datetime) -> list[dict[str, Any]]:
    """Return what was refused within the hour, the newest first."""
    rows = sorted(state["refused"], key=lambda one: one["last_at"], reverse=True)
    return [
        {
            "mn": one["mn"],
            "reason": one["reason"],
            "word": refusal_text(one["reason"]),
            "peer": one["peer"],
            "count": one["count"],
            "last_at": outletwords.clock(one["last_at"]),
            "age": outletwords.ago(one["last_at"], at),
        }
        for one in rows
    ]


def refusal_text(reason: str) -> str:
    """Return why the gateway refused something; an unknown word is shown as it is."""
    words = {
        "password": _("wrong password"),
        "unknown_device": _("nobody registered it"),
        "disabled": _("it is switched off here"),
        "crc": _("checksum is wrong"),
        "no_key": _("no key to decrypt it"),
        "structure": _("not a frame of HJ 212"),
    }
    return words.get(reason, reason)


def connection_rows(state: Mapping[str, Any], at: datetime) -> list[dict[str, Any]]:
    """Return the open connections, the quietest first."""
    rows = sorted(state["connections"], key=lambda one: one["last_at"] or one["opened_at"])
    return [
        {
            **{name: one[name] for name in ("number", "peer", "secure", "slowed", *COUNTS)},
            "mns": joined(one["mns"]),
            "opened_at": outletwords.clock(one["opened_at"]),
            "age": outletwords.ago(one["last_at"], at),
        }
        for one in rows
    ]


def receipt_rows(receipts: pl.DataFrame, most: int) -> list[dict[str, Any]]:
    """Return what became of received frames by log and hour, newest first, and whether it adds up.

    Columns as the store gives them: feed, hour and a count of frames by outcome.
    """
    return [
        {
            **row,
            "hour": outletwords.clock(row["hour"], seconds=False),
            "balanced": row["received"] == row["accepted"] + row["duplicate"] + row["rejected"],
        }
        for row in receipts.tail(most).reverse().iter_rows(named=True)
    ]


def sentence(board: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return how the gateway stands as one sentence."""
    if not board["running"]:
        return _("No gateway runs in this process.")
    bad = sum(1 for row in rows if row["wrong"])
    open_ = ngettext("%(n)d connection", "%(n)d connections", board["open"]) % {"n": board["open"]}
    if board["failed"]:
        return _("The raw log can not be written: nothing is acknowledged.")
    if not any(row["state"] == "ok" for row in rows) and not bad:
        return _("The gateway listens, %(open)s; no device was heard yet.") % {"open": open_}
    if not bad:
        return _("The gateway listens, %(open)s; all %(n)d devices heard are in order.") % {
            "open": open_,
            "n": sum(1 for row in rows if row["state"] == "ok"),
        }
    said = ngettext("%(n)d device needs a look", "%(n)d devices need a look", bad) % {"n": bad}
    return _("The gateway listens, %(open)s; %(said)s.") % {"open": open_, "said": said}


def devices_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return the devices as a table; moments in Beijing, lag, rhythm and skew in seconds."""
    names = ("mn", "state", "edition", "peer", "last_at", "lag", "interval", "skew", *OF_DEVICE,
             "problems")  # fmt: skip
    return _frame(
        [
            {
                **{name: row[name] for name in names},
                "outlets": " ".join(one["name"] for one in row["outlets"]),
                "simulated": outletlist.simulated_text(row["simulated"]),
            }
            for row in rows
        ],
        (*names, "outlets", "simulated"),
    )


def refused_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return what was refused as a table; times in Beijing."""
    names = ("mn", "reason", "peer", "count", "last_at")
    return _frame([{name: row[name] for name in names} for row in rows], names)


def connections_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return the open connections as a table; times in Beijing."""
    names = ("number", "peer", "mns", "secure", "slowed", "opened_at", *COUNTS)
    return _frame([{name: row[name] for name in names} for row in rows], names)


def _frame(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> pl.DataFrame:
    schema = None if rows else dict.fromkeys(names, pl.String)
    return pl.DataFrame(list(rows), schema=schema, infer_schema_length=None)
