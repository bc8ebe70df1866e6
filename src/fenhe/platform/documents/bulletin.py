"""The monthly air bulletin (环境空气质量月报) as a document, from plain numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from django.utils import translation
from django.utils.translation import gettext as _

from fenhe.platform.documents import bulletin_sources, bulletin_tables, wording
from fenhe.platform.documents.bulletin_sources import edition_use, unverified_values
from fenhe.platform.documents.model import (
    Block,
    Document,
    Frame,
    Heading,
    Paragraph,
)
from fenhe.platform.documents.monthly import MonthlyReport, PlaceMonth
from fenhe.platform.documents.wording import number, said
from fenhe.platform.web import words

__all__ = ["edition_use", "monthly", "unverified_values"]

DJANGO_LANGUAGES = {"zh-CN": "zh-hans", "en": "en"}


def monthly(report: MonthlyReport, language: Literal["zh-CN", "en"]) -> Document:
    """Return the bulletin of ``report`` in a language, whatever language is active.

    Nothing is computed but counts of places and differences of two given shares; no number
    is rounded; what is None becomes a dash.
    """
    with translation.override(DJANGO_LANGUAGES[language]):
        month = wording.month(report.year, report.month)
        region = said(report.region)
        title = _("%(region)s ambient air quality bulletin") % {"region": region}
        foot = bulletin_sources.origin_line(report)
        return Document(
            title=title,
            subtitle=month,
            language=language,
            made=report.origin.frozen_at,
            author="Fenhe",
            subject=f"{title} {month}",
            frame=Frame(
                title,
                month,
                foot,
                _("Page {page} of {pages}"),
                bulletin_sources.editions_line(report),
            ),
            blocks=tuple(bulletin_tables.numbered(_blocks(report))),
            keywords=(region, month, "AQI"),
        )


def _blocks(report: MonthlyReport) -> Iterator[Block]:
    yield Paragraph(answer(report), "answer")
    yield Heading(_("Composite index and rank"))
    chart = bulletin_tables.index_chart(report)
    if chart:
        yield chart
    yield bulletin_tables.statistics(report)
    yield from without_verdict(report)
    if report.aqi_edition is not None:
        yield from _days(report, report.aqi_edition)
    yield Heading(_("Items above their limit"))
    yield from _exceedances(report)
    yield from bulletin_sources.data_notes(report)
    yield from bulletin_sources.method(report)
    yield from bulletin_sources.origin(report)


def _days(report: MonthlyReport, edition: str) -> Iterator[Block]:
    keys = bulletin_tables.level_keys(edition)
    yield Heading(_("Days by AQI level"))
    chart = bulletin_tables.days_chart(report, keys)
    if chart:
        yield chart
    yield bulletin_tables.days(report, keys)


def without_verdict(report: MonthlyReport) -> Iterator[Paragraph]:
    """Say for whom there is no composite index, and why."""
    for place in bulletin_tables.in_order(report):
        if place.index is None:
            parts = {"place": said(place.name), "why": words.reason_text(";".join(place.reason))}
            line = (
                _("%(place)s has no composite index: %(why)s.")
                if place.reason
                else _("%(place)s has no composite index.")
            )
            yield Paragraph(line % parts, "note")


def _exceedances(report: MonthlyReport) -> Iterator[Block]:
    items = [i for p in report.places for i in p.items.values()]
    judged = [i for i in items if i.complies is not None]
    counted = [i for i in items if i.days_above is not None]
    if not judged and not counted:
        yield Paragraph(_("No item was compared with a limit."))
    if judged and all(i.complies for i in judged):
        yield Paragraph(_("No item was above its limit in any place."))
    if judged:
        yield bulletin_tables.exceedances(report)
    if counted:
        yield bulletin_tables.days_above(report)


def answer(report: MonthlyReport) -> str:
    """Return the sentences the bulletin is read for: best and worst, change, largest item."""
    ranked = [p for p in bulletin_tables.in_order(report) if p.rank is not None]
    if not ranked:
        return _("There is no composite index for any place in this month.")
    return wording.sentences(*_answers(report, ranked))


def _answers(report: MonthlyReport, ranked: list[PlaceMonth]) -> Iterator[str]:
    best = [p for p in ranked if p.rank == ranked[0].rank]
    worst = [p for p in ranked if p.rank == ranked[-1].rank]
    parts = {
        "month": wording.month(report.year, report.month),
        "count": len(ranked),
        "places": said(report.places_word),
        "best": wording.places(p.name for p in best),
        "best_index": number(best[0].index) or "",
        "worst": wording.places(p.name for p in worst),
        "worst_index": number(worst[0].index) or "",
    }
    if best[0].rank == worst[0].rank:
        yield _("In %(month)s %(best)s had the composite index %(best_index)s.") % parts
    else:
        yield (
            _(
                "In %(month)s the air was cleanest in %(best)s (composite index %(best_index)s) "
                "and poorest in %(worst)s (%(worst_index)s), of %(count)d ranked %(places)s."
            )
            % parts
        )
    yield from _change(ranked, said(report.places_word))
    yield from _largest(ranked, said(report.places_word))


def _change(ranked: list[PlaceMonth], places: str) -> Iterator[str]:
    compared = [p.change for p in ranked if p.change is not None]
    if not compared:
        return
    if len(ranked) == 1:
        yield (
            _("Against the same month of the year before the index changed by %(change)s %%.")
            % {"change": number(compared[0], signed=True)}
        )
        return
    better, worse = sum(c < 0 for c in compared), sum(c > 0 for c in compared)
    parts = {
        "better": better,
        "worse": worse,
        "same": len(compared) - better - worse,
        "count": len(compared),
    }
    yield _change_line(parts) % {**parts, "places": places}


def _change_line(parts: dict[str, int]) -> str:
    if parts["better"] == parts["count"]:
        return _(
            "Against the same month of the year before the index fell in all %(count)d %(places)s."
        )
    if parts["worse"] == parts["count"]:
        return _(
            "Against the same month of the year before the index rose in all %(count)d %(places)s."
        )
    if parts["same"]:
        return _(
            "Against the same month of the year before the index fell in %(better)d, rose in "
            "%(worse)d and stayed in %(same)d of %(count)d %(places)s."
        )
    return _(
        "Against the same month of the year before the index fell in %(better)d and rose in "
        "%(worse)d of %(count)d %(places)s."
    )


def _largest(ranked: list[PlaceMonth], places: str) -> Iterator[str]:
    """Say which item weighs most in most places; nothing when two share that."""
    if len(ranked) == 1 and ranked[0].largest:
        yield _("Largest item: %(items)s.") % {"items": wording.items(ranked[0].largest)}
        return
    votes: dict[str, int] = {}
    for place in ranked:
        for code in place.largest:
            votes[code] = votes.get(code, 0) + 1
    if not votes:
        return
    most = max(votes.values())
    leaders = [code for code in votes if votes[code] == most]
    if len(leaders) == 1:
        parts = {
            "item": words.item_label(leaders[0]),
            "most": most,
            "count": len(ranked),
            "places": places,
        }
        yield (_("The largest item was %(item)s in %(most)d of %(count)d %(places)s.") % parts)
