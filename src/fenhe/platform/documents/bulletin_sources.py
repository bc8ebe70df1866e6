"""What an air bulletin rests on: editions, validity, dust, unverified values, origin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.utils.translation import gettext as _

from fenhe import standards
from fenhe.base.errors import BadInput
from fenhe.platform.documents import wording
from fenhe.platform.documents.model import Block, Bullets, Column, Heading, Paragraph, Table
from fenhe.platform.documents.monthly import EditionUse, MonthlyReport, Name, UnverifiedValue
from fenhe.platform.documents.wording import said
from fenhe.platform.web import levels, words
from fenhe.standards.model import UNKNOWN_CLAUSE, Row, Value

BEIJING = timedelta(hours=8)
CHINESE = re.compile(r"[\u3400-\u9fff]")


def edition_use(edition_id: str, used_for: Name) -> EditionUse:
    """Return an edition of the catalogue as a bulletin names it; ``BadInput`` if unknown."""
    edition = standards.catalogue().edition(edition_id)
    return EditionUse(edition.id, edition.code, Name(edition.title_zh, edition.title_en), used_for)


def unverified_values(ids: Iterable[str]) -> tuple[UnverifiedValue, ...]:
    """Return what the catalogue says of these value ids, in order, each once.

    An id the catalogue does not know is told with the id alone.
    """
    return tuple(_unverified(value_id) for value_id in dict.fromkeys(ids))


def _unverified(value_id: str) -> UnverifiedValue:
    catalogue = standards.catalogue()
    edition_id = value_id.partition("/")[0]
    try:
        part = catalogue.find(value_id)
        edition = catalogue.edition(edition_id)
    except BadInput:
        return UnverifiedValue(value_id, Name(""), edition_id)
    clause = None if part.clause == UNKNOWN_CLAUSE else part.clause
    return UnverifiedValue(value_id, _meaning(part, value_id), edition.code, clause)


def _meaning(part: Value | Row, value_id: str) -> Name:
    if isinstance(part, Value):
        return Name(part.title_zh, part.title_en)
    edition_id, table_name = value_id.split("/")[:2]
    table = standards.catalogue().edition(edition_id).tables.get(table_name)
    return Name(table.title_zh, table.title_en) if table else Name("")


def data_notes(report: MonthlyReport) -> Iterator[Block]:
    """Yield the section on the data: source, validity, dust, unverified values."""
    yield Heading(_("Notes on the data"))
    lines = [said(report.source)] if report.source else []
    lines += [said(line) for line in (*report.validity, *report.notes)]
    if lines:
        yield Bullets(tuple(lines))
    yield Heading(_("Days with sand dust"), 2)
    yield from _dust(report)
    yield Heading(_("Values that no source confirms"), 2)
    yield from _unverified_table(report)


def _dust(report: MonthlyReport) -> Iterator[Block]:
    dust = report.dust
    if dust.rule:
        yield Paragraph(said(dust.rule))
    if dust.treatment == "none_supplied":
        yield Paragraph(
            _("No list of dust days was supplied: nothing was taken out, dust days are not marked.")
        )
        return
    if not dust.days:
        yield Paragraph(_("The list of dust days holds none for this month."))
        return
    columns = (
        Column(said(report.place_word), align="left"),
        Column(_("Day"), align="left"),
        Column(_("Particles of that day"), align="left", share=2),
    )
    words_of = {True: _("kept in the statistics"), False: _("taken out of the statistics")}
    rows = tuple((said(d.place), d.day.isoformat(), words_of[d.kept]) for d in dust.days)
    yield Table(_("days with sand dust"), columns, rows)


def _unverified_table(report: MonthlyReport) -> Iterator[Block]:
    if not report.unverified:
        yield Paragraph(_("No number of this bulletin rests on such a value."))
        return
    yield Paragraph(
        _(
            "Numbers of this bulletin rest on the following values, which were not found in an "
            "official text. They hold until a text or an authority says otherwise."
        )
    )
    columns = (
        Column(_("Value"), align="left", share=2.2),
        Column(_("What it says"), align="left", share=2.6),
        Column(_("Edition"), align="left", share=1.2),
        Column(_("Clause"), align="left", share=1.0),
    )
    rows = tuple(
        (value.id, said(value.meaning) or None, value.edition, value.clause or _("unknown"))
        for value in report.unverified
    )
    yield Table(_("unverified values"), columns, rows)


def method(report: MonthlyReport) -> Iterator[Block]:
    """Yield the page on editions and method."""
    yield Heading(_("How it was judged"))
    lines = [said(line) for line in report.method]
    if lines:
        yield Bullets(tuple(lines))
    if not report.editions:
        yield Paragraph(_("No edition is named."))
    columns = (
        Column(_("Edition"), align="left", share=1.2),
        Column(_("Title"), align="left", share=3.0),
        Column(_("Used for"), align="left", share=2.0),
    )
    rows = tuple((_code(e), said(e.title), said(e.used_for)) for e in report.editions)
    if rows:
        yield Table(_("editions"), columns, rows)


def _code(edition: EditionUse) -> str:
    """Return the code of an edition; a document number in Chinese is the id in English."""
    return edition.id if levels.english() and CHINESE.search(edition.code) else edition.code


def origin_line(report: MonthlyReport) -> str:
    """Return the line every page carries: from what the bulletin was made."""
    origin = report.origin
    if origin.commit is None or origin.run_hash is None:
        return _("Draft, not from a frozen run · %(assessment)s") % {
            "assessment": origin.assessment
        }
    parts = {
        "assessment": origin.assessment,
        "commit": origin.commit,
        "hash": origin.run_hash[:16],
    }
    return _("%(assessment)s · commit %(commit)d · result %(hash)s") % parts


def editions_line(report: MonthlyReport) -> str:
    """Return the editions the bulletin rests on, under that line."""
    return words.joined(edition.id for edition in report.editions)


def origin(report: MonthlyReport) -> Iterator[Block]:
    """Yield the section that says how to make the same numbers again."""
    found = report.origin
    moment = (found.frozen_at + BEIJING).strftime("%Y-%m-%d %H:%M")
    rows = [
        (_("Assessment"), found.assessment),
        (_("Editions"), words.joined(e.id for e in report.editions) or None),
        (_("Commit number"), wording.count(found.commit)),
        (_("SHA-256 of the result"), found.run_hash),
        (_("Version of the program"), found.code_version or None),
        (_("Frozen at (Beijing time)"), moment),
    ]
    yield Heading(_("Where the numbers come from"))
    if found.commit is None or found.run_hash is None:
        yield Paragraph(_("This is a draft: its numbers do not come from a frozen run."))
    else:
        yield Paragraph(
            _(
                "The numbers are those of a frozen run. The same assessment at the same commit "
                "number gives the same result, byte for byte; its hash proves it."
            )
        )
    columns = (Column(_("What"), align="left"), Column(_("Value"), align="left", share=3.2))
    yield Table(_("origin"), columns, tuple(rows))
