"""Standing feeds in words: their state, how far behind they are, their runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from fenhe.base import beijing
from fenhe.platform.web import levels

SIGNS = {"ok": "✓", "late": "△", "failing": "✕", "paused": "‖", "waiting": "…"}
WRONG = ("failing", "late")
HOUR = 3600.0
DAY = 24 * HOUR
COUNTS = ("received", "stored", "duplicate", "rejected")


def state_text(state: str) -> str:
    """Return a state of a source in words."""
    words = {
        "ok": _("in time"),
        "late": _("late"),
        "failing": _("failing"),
        "paused": _("paused"),
        "waiting": _("waiting for its first data"),
    }
    return words[state]


def outcome_text(outcome: str) -> str:
    """Return what became of a run in words."""
    words = {
        "running": _("under way"),
        "ok": _("data came in"),
        "unchanged": _("nothing new"),
        "refused": pgettext("what came", "refused"),
        "failed": _("failed"),
    }
    return words[outcome]


def length(seconds: float | None) -> str:
    """Return a span of time in words, in minutes, hours or days; a dash for none."""
    if seconds is None:
        return "—"
    if abs(seconds) < HOUR:
        return _("%(n)d min") % {"n": int(seconds // 60)}
    if abs(seconds) < 2 * DAY:
        return _("%(n)d h") % {"n": int(seconds // HOUR)}
    return _("%(n)d days") % {"n": int(seconds // DAY)}


def source_row(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a source as the page shows it."""
    named = one["title_en"] if levels.english() else one["title_zh"]
    return {
        **one,
        "title": named or one["title_zh"],
        "kind_text": _("folder") if one["kind"] == "folder" else _("address"),
        "sign": SIGNS[one["state"]],
        "word": state_text(one["state"]),
        "wrong": one["state"] in WRONG or bool(one["alarm"]),
        "behind": length(one["lag"]),
        "allowed": length(one["late_after"]),
        "newest_at": clock(one["newest"]),
        "tried_at": clock(one["tried"]),
        "next_at": clock(one["next"]),
        "last_receipt": run_row(one["receipt"]) if one["receipt"] else dict.fromkeys(COUNTS),
        "said": one["message"].splitlines()[0] if one["message"] else "",
    }


def run_row(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run as the page shows it."""
    return {
        **run,
        "at": clock(run["started"]),
        "word": outcome_text(run["outcome"]),
        "wrong": run["outcome"] in {"failed", "refused"},
        "lines": run["message"].splitlines(),
    }


def clock(text: str | None) -> str:
    """Return an ISO time (UTC) as Beijing shows it, empty for None."""
    if text is None:
        return ""
    utc = datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
    return f"{beijing.to_beijing(utc):%Y-%m-%d %H:%M}"


def sentence(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return how the standing feeds are as one sentence."""
    if not rows:
        return _("No feed runs by itself yet.")
    bad = sum(1 for row in rows if row["wrong"])
    if not bad:
        said = ngettext("%(n)d feed, all in order.", "%(n)d feeds, all in order.", len(rows))
        return said % {"n": len(rows)}
    said = ngettext(
        "%(bad)d of %(n)d feed needs a look.", "%(bad)d of %(n)d feeds need a look.", bad
    )
    return said % {"bad": bad, "n": len(rows)}


def sources_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return the sources as a table: times in Beijing, lag in seconds, the last receipt."""
    names = ("key", "title", "kind", "location", "state", "lag", "late_after", "newest_at",
             "tried_at", "next_at", "failures", "refused", "alarm", "message")  # fmt: skip
    return pl.DataFrame(
        [
            {
                **{name: row[name] for name in names},
                "feeds": " ".join(row["feeds"]),
                **{name: (row["receipt"] or {}).get(name) for name in COUNTS},
            }
            for row in rows
        ],
        infer_schema_length=None,
    )


def runs_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return runs as a table, newest first; times in Beijing."""
    names = ("at", "outcome", "files", *COUNTS, "message")
    return pl.DataFrame(
        [{name: row[name] for name in names} for row in rows], infer_schema_length=None
    )
