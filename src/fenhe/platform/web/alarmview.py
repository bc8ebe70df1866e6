"""Alarms in the reader's words: what is wrong, since when, who was told, from when on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from fenhe.platform.notices import kinds, queries, wording
from fenhe.platform.notices.models import Episode, Line, Notice, Route, Severity, Topic
from fenhe.platform.registry.models import Role
from fenhe.platform.web import levels
from fenhe.platform.web.feedview import clock

SIGNS = {"critical": "✕", "warning": "△"}


def language() -> str:
    """Return the reader's language as alarms name it."""
    return wording.EN if levels.english() else wording.ZH


def state_text(state: str) -> str:
    """Return the state of an episode in words."""
    words = {
        "open": pgettext("alarm", "open"),
        "acknowledged": pgettext("alarm", "acknowledged"),
        "closed": pgettext("alarm", "ended"),
    }
    return words[state]


def row(episode: Episode) -> dict[str, Any]:
    """Return an episode as the page shows it, times in Beijing."""
    told = queries.plain(episode)
    own = language()
    return {
        **told,
        "title": told[f"title_{own}"],
        "said": told[f"said_{own}"],
        "do": told[f"do_{own}"],
        "sign": SIGNS[episode.severity],
        "grave": Severity(episode.severity).label,
        "word": state_text(episode.state),
        "topic_text": Topic(episode.topic).label,
        "place": episode.region.name if episode.region is not None else "",
        "since": clock(told["opened"]),
        "seen_at": clock(told["seen"]),
        "until": clock(told["closed"]),
        "seen_to_at": clock(told["acknowledged"]),
    }


def sentence(rows: Sequence[Mapping[str, Any]], standing: int, critical: int) -> str:
    """Return how the system is as one sentence."""
    if not standing:
        return _("No alarm about the system stands.")
    said = ngettext(
        "%(n)d alarm about the system stands", "%(n)d alarms about the system stand", standing
    ) % {"n": standing}
    if not critical:
        return _("%(said)s, none of them critical.") % {"said": said}
    return _("%(said)s, %(n)d of them critical.") % {"said": said, "n": critical}


def frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return alarms as a table: times in Beijing."""
    names = ("alarm", "topic", "kind", "title", "object", "region", "severity", "state", "said",
             "since", "seen_at", "times", "acknowledged_by", "seen_to_at", "note",
             "until")  # fmt: skip
    return _table(rows, names)


def history(episode: Episode) -> list[dict[str, Any]]:
    """Return what happened to an episode as the page shows it, oldest first."""
    return [
        {
            "at": clock(one["at"]),
            "last": clock(one["last"]) if one["last"] != one["at"] else "",
            "word": _happened(one["what"]),
            "times": one["times"],
            "who": _("Fenhe itself") if one["who"] == "system" else one["who"],
            "said": _said(episode, one),
        }
        for one in queries.history(episode)
    ]


def _happened(what: str) -> str:
    words = {
        "opened": _("began"),
        "repeated": _("happened again"),
        "graver": _("became critical"),
        "acknowledged": _("acknowledged"),
        "closed": _("ended by itself"),
    }
    return words[what]


def _said(episode: Episode, one: Mapping[str, Any]) -> str:
    if one["text"] or not one["facts"]:
        return str(one["text"])
    return wording.sentence(episode.kind, episode.object, one["facts"], language())


def notice_row(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a notice as the page shows it."""
    phases = {phase for _episode, phase in one["alarms"]}
    words = [str(Line.Phase(phase).label) for phase in Line.Phase.values if phase in phases]
    return {
        **one,
        "word": Notice.State(one["state"]).label,
        "wrong": one["state"] == "given_up" or (one["attempts"] and one["state"] != "sent"),
        "about": _("test") if one["test"] else ", ".join(words),
        "count": len({number for number, _phase in one["alarms"]}),
        "made_at": clock(one["made"]),
        "due_at": clock(one["due"]),
        "sent_at": clock(one["sent"]),
        "lines": one["answer"].splitlines(),
    }


def notices_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return notices as a table."""
    names = ("notice", "route", "recipient", "about", "count", "state", "attempts", "made_at",
             "due_at", "sent_at", "answer")  # fmt: skip
    return _table(rows, names)


def route_row(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a route as the page shows it."""
    wrong = bool(one["failures"]) and one["active"]
    return {
        **one,
        "name": one["title"] or one["key"],
        "kind_text": Route.Kind(one["kind"]).label,
        "topic_text": Topic(one["topic"]).label,
        "role_text": Role(one["role"]).label if one["role"] else "",
        "least_text": Severity(one["least"]).label,
        "language_text": Route.Language(one["language"]).label,
        "wrong": wrong,
        "word": _route_state(one),
        "ok_at": clock(one["last_ok"]),
        "tried_at": clock(one["last_tried"]),
        "lines": one["last_answer"].splitlines(),
        "hours": ", ".join(f"{hour:g}" for hour in one["reminders"]),
        "addressees": ", ".join(one["to"]),
    }


def _route_state(one: Mapping[str, Any]) -> str:
    if one["ended"]:
        return pgettext("route", "ended")
    if not one["active"]:
        return pgettext("route", "paused")
    if one["failures"]:
        said = ngettext(
            "failed %(n)d time in a row", "failed %(n)d times in a row", one["failures"]
        )
        return said % {"n": one["failures"]}
    return _("works") if one["last_ok"] else _("not used yet")


def routes_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return routes as a table, addresses masked."""
    names = ("key", "title", "topic", "kind", "address", "addressees", "role", "region",
             "language", "least", "group_s", "quiet_from", "quiet_to", "wakes", "hours", "active",
             "failures", "waiting", "ok_at", "tried_at", "last_answer")  # fmt: skip
    return _table(rows, names)


def limit_rows() -> list[dict[str, Any]]:
    """Return the limits as the page shows them."""
    own = language()
    common = _("All kinds")
    return [
        {
            **one,
            "title": common if one["kind"] == kinds.COMMON else wording.title(one["kind"], own),
            "reason": one[f"reason_{own}"],
            "shown": wording.written(_ending(one["unit"]), one["value"], own),
            "usual": wording.written(_ending(one["unit"]), one["default"], own),
            "value_text": f"{one['value']:.12g}",
            "span": f"{one['lowest']:.12g} … {one['highest']:.12g}",
        }
        for one in queries.limits()
    ]


def _ending(unit: str) -> str:
    return {"s": "limit_s", "byte": "limit_bytes"}.get(unit, "limit")


def limits_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return the limits as a table."""
    names = ("limit", "title", "value", "unit", "default", "lowest", "highest", "reason", "set_by")
    return _table(rows, names)


def _table(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> pl.DataFrame:
    plain = [
        {name: part if isinstance(part := one[name], str | int | float | None) else str(part)
         for name in names}
        for one in rows
    ]  # fmt: skip
    return (
        pl.DataFrame(plain, infer_schema_length=None)
        if plain
        else pl.DataFrame({name: [] for name in names})
    )
