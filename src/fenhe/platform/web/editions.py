"""The editions a page may judge by, and what to say when one was not in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from fenhe import standards
from fenhe.platform.verdicts import queries
from fenhe.platform.verdicts.models import Assessment
from fenhe.platform.web import levels
from fenhe.standards import Edition
from fenhe.standards.errors import NoEdition


@dataclass(frozen=True)
class Choice:
    """One edition of the chooser with the assessment of sites under it."""

    id: str
    label: str
    title: str
    assessment: Assessment


def choices() -> list[Choice]:
    """Return the editions with a standing assessment of sites, in order of their dates."""
    found = []
    for assessment in queries.assessments("site"):
        if assessment.fixed_edition is None:
            continue
        edition = standards.catalogue().edition(assessment.fixed_edition)
        found.append(Choice(edition.id, edition.code, levels.title(edition), assessment))
    return sorted(found, key=lambda c: standards.catalogue().edition(c.id).in_force_from)


def default(found: list[Choice], day: date) -> str:
    """Return the edition in force on a day if it is among the choices, else the last."""
    for choice in found:
        if standards.catalogue().edition(choice.id).in_force(day):
            return choice.id
    return found[-1].id


def basis(edition_id: str) -> str:
    """Say by which edition the page judges."""
    edition = standards.catalogue().edition(edition_id)
    return _("Judged hour by hour under %(edition)s.") % {"edition": levels.title(edition)}


def rescoring(edition_id: str, first: date, last: date | None = None) -> str:
    """Say that an edition was not in force on these days; nothing when it was."""
    edition = standards.catalogue().edition(edition_id)
    if all(edition.in_force(day) for day in {first, last or first}):
        return ""
    parts = {"edition": edition.code, "since": edition.in_force_from.isoformat()}
    held = _held(edition, first)
    if held is None:
        return _("%(edition)s is in force from %(since)s: this is a re-scoring.") % parts
    return _(
        "%(edition)s is in force from %(since)s: this is a re-scoring. What held then is %(held)s."
    ) % {**parts, "held": held.code}


def _held(edition: Edition, day: date) -> Edition | None:
    try:
        return standards.catalogue().on(edition.standard, day)
    except NoEdition:
        return None
