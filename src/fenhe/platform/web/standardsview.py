"""Editions of standards as pages show them: marks in words, values as text, spans of time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from fenhe.methods import usage
from fenhe.platform.web import addresses, levels, standardwords, words
from fenhe.platform.web.evidenceview import mark_text
from fenhe.standards import Edition, Row, Table, Value, export, glossary
from fenhe.standards.model import UNKNOWN_CLAUSE

SIGNS = {"A": "●", "B": "◐", "C": "○"}
WIDTH = 1000  # of the time line, in its own units
YEARS_AHEAD = 5  # shown of an edition without an end


def title(edition: Edition | Table | Value) -> str:
    """Return a title in the reader's language."""
    return edition.title_en if levels.english() else edition.title_zh


_CHINESE = re.compile(r"[\u3400-\u9fff]")


def code(edition: Edition) -> str:
    """Return the code of an edition with its stage: ``GB 3095-2026 (transitional stage)``.

    A document number in Chinese is the id in English.
    """
    english = levels.english()
    if english and _CHINESE.search(edition.code):
        return edition.id
    if edition.stage is None:
        return edition.code
    stage = edition.stage if english else edition.stage_zh
    return _("%(code)s (%(stage)s)") % {"code": edition.code, "stage": stage}


@dataclass(frozen=True)
class Mark:
    """How sure a value is, as a sign and in words."""

    letter: str
    sign: str
    text: str


def mark(part: Value | Row) -> Mark:
    """Return the mark of a value; an adopted one says so, an unproved one of which kind it is."""
    said = mark_text(part.mark)
    if part.kind:
        said = _("%(mark)s: %(kind)s") % {"mark": said, "kind": standardwords.kind(part.kind)}
    if part.adopted:
        said = _("%(mark)s; adopted by %(document)s (%(authority)s)") % {
            "mark": said,
            "document": part.adopted.document,
            "authority": part.adopted.authority,
        }
    letter = part.mark if part.mark in SIGNS else "?"
    return Mark(letter, SIGNS.get(part.mark, "?"), said)


def shown(value: Any) -> str:
    """Return a value as text: exact decimals, yes or no, lists joined; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Mapping):
        return words.joined(f"{standardwords.column(k)} {shown(v)}" for k, v in value.items())
    if isinstance(value, tuple | list):
        return words.joined(shown(part) for part in value)
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def with_unit(text: str, unit: str) -> str:
    """Return a number with its unit; bare numbers and words have none."""
    return text if unit in ("none", "1") else f"{text} {unit}"


def clause(part: Value | Row) -> str:
    """Return where the text says it, or that no source names the place."""
    return _("clause not known") if part.clause in ("", UNKNOWN_CLAUSE) else part.clause


def state(edition: Edition, day: date) -> str:
    """Say whether an edition holds on a day."""
    if edition.in_force(day):
        return _("in force")
    return _("not yet") if day < edition.in_force_from else _("ended")


@dataclass(frozen=True)
class Scale:
    """The time line of the list: whole years from ``first`` up to ``last``, and the day asked."""

    first: int
    last: int
    day: date

    @classmethod
    def over(cls, editions: Iterable[Edition], day: date) -> Scale:
        """Return the years that hold every edition and the day."""
        known = [e.in_force_from for e in editions]
        known += [e.in_force_to for e in editions if e.in_force_to]
        ends = [d.year for d in (*known, day)]
        return cls(min(ends), max(ends) + YEARS_AHEAD, day)

    def at(self, day: date) -> int:
        """Return the place of a day on the line."""
        years = day.year - self.first + (day.timetuple().tm_yday - 1) / 366
        return round(min(max(years / (self.last - self.first), 0), 1) * WIDTH)

    @property
    def today(self) -> int:
        """The place of the day asked."""
        return self.at(self.day)

    @property
    def ticks(self) -> list[int]:
        """The places of every fifth year."""
        return [self.at(date(y, 1, 1)) for y in range(self.first, self.last + 1) if y % 5 == 0]

    def span(self, edition: Edition) -> dict[str, Any]:
        """Return the bar of an edition."""
        begin = self.at(edition.in_force_from)
        end = WIDTH if edition.in_force_to is None else self.at(edition.in_force_to)
        held = edition.in_force(self.day)
        return {"x": begin, "width": max(end - begin, 4), "kind": "held" if held else "other"}


def listing(editions: Sequence[Edition], day: date) -> list[dict[str, Any]]:
    """Return one entry per standard with its editions, each with its bar and counts."""
    scale = Scale.over(editions, day)
    found: dict[str, list[dict[str, Any]]] = {}
    for edition in editions:
        found.setdefault(edition.standard, []).append(_listed(edition, scale))
    return [
        {"standard": standard, "title": rows[-1]["title"], "editions": rows}
        for standard, rows in found.items()
    ]


def _listed(edition: Edition, scale: Scale) -> dict[str, Any]:
    return {
        "id": edition.id,
        "code": code(edition),
        "title": title(edition),
        "url": addresses.edition(edition.id),
        "from": edition.in_force_from.isoformat(),
        "to": edition.in_force_to.isoformat() if edition.in_force_to else "",
        "state": state(edition, scale.day),
        "held": edition.in_force(scale.day),
        "replaced_by": edition.replaced_by,
        "replaced_url": addresses.edition(edition.replaced_by) if edition.replaced_by else "",
        "bar": scale.span(edition),
        "counts": export.counts(edition),
    }


def head(edition: Edition, known: Sequence[Edition]) -> list[dict[str, str]]:
    """Return what an edition says of itself: a name, a text and, of other editions, a link."""
    english = levels.english()
    until = edition.in_force_to.isoformat() if edition.in_force_to else _("further notice")
    issuer = edition.issuer_en if english else edition.issuer_zh
    told = [
        (_("Id"), edition.id, ""),
        (_("Title"), edition.title_zh, ""),
        ("", edition.title_en, ""),
        (_("Issuer"), issuer, ""),
        (_("Issued"), edition.issued.isoformat() if edition.issued else _("unknown"), ""),
        (_("In force"), f"{edition.in_force_from} – {until}", ""),
        *(
            (_("Other stage"), code(e), addresses.edition(e.id))
            for e in known
            if edition.stage and e.code == edition.code and e.id != edition.id
        ),
        (_("Replaces"), edition.replaces, _link(edition.replaces, known)),
        (_("Replaced by"), edition.replaced_by, _link(edition.replaced_by, known)),
        (_("Transition"), edition.transition, ""),
        (_("Scope"), edition.scope, ""),
        (_("Source"), edition.source, ""),
        *(
            (_("Amendment"), _amendment(a.title_en if english else a.title_zh, a), "")
            for a in edition.amendments
        ),
    ]
    return [{"name": n, "text": text, "url": url} for n, text, url in told if text]


def _link(edition_id: str, known: Sequence[Edition]) -> str:
    """Return the page of an edition named without its stage, too; nothing for one not loaded."""
    wanted = edition_id.partition(":")[0]
    found = [e.id for e in known if e.id == edition_id or e.id.partition(":")[0] == wanted]
    return addresses.edition(found[0]) if found and edition_id else ""


def _amendment(said: str, amendment: Any) -> str:
    parts = {"title": said, "since": amendment.in_force_from, "mark": mark_text(amendment.mark)}
    return _("%(title)s, from %(since)s, %(mark)s") % parts


def value_rows(edition: Edition) -> list[dict[str, Any]]:
    """Return the single values of an edition."""
    return [_value(name, value) for name, value in edition.values.items()]


def _value(name: str, value: Value) -> dict[str, Any]:
    return {
        **provenance(value),
        "name": name,
        "title": title(value) or name,
        "text": with_unit(shown(value.raw), value.unit) if value.known else "",
        "known": value.known,
        "reason": value.reason,
        "configure": value.configure,
        "alternatives": words.joined(value.alternatives),
        "readers": readers(value.id),
    }


def provenance(part: Value | Row) -> dict[str, Any]:
    """Return where a value or row comes from, in words."""
    return {
        "id": part.id,
        "mark": mark(part),
        "clause": clause(part),
        "source": part.source,
        "note": part.note,
        "unit": "" if part.unit in ("none", "1") else part.unit,
    }


def readers(value_id: str) -> list[dict[str, str]]:
    """Return the methods that read a value, with their place on the page of methods."""
    return [{"id": one, "url": addresses.method(one)} for one in usage.readers(value_id)]


COMMON = ("unit", "clause", "source", "note")


def table_view(table: Table) -> dict[str, Any]:
    """Return a table: what all rows share is said once, what differs has a column."""
    rows = [provenance(row) for row in table.rows]
    same = {name: {row[name] for row in rows} for name in COMMON}
    varied = [name for name in COMMON if len(same[name]) > 1]
    one_mark = len({row["mark"] for row in rows}) == 1
    columns = [c for c in table.columns if not standardwords.in_other_language(c, table.columns)]
    return {
        "name": table.name,
        "title": title(table) or table.name,
        "heads": [_head(column, table.columns[column]) for column in columns],
        "varied": [{"name": n, "label": standardwords.column(n)} for n in varied],
        "mark": rows[0]["mark"] if one_mark and rows else None,
        "shared": [
            {"label": standardwords.column(name), "text": min(same[name])}
            for name in COMMON
            if len(same[name]) == 1 and min(same[name])
        ],
        "rows": [
            {
                **told,
                "cells": [_cell(column, table.columns[column], row) for column in columns],
                "varied": [
                    {"label": standardwords.column(name), "text": told[name]} for name in varied
                ],
            }
            for row, told in zip(table.rows, rows, strict=True)
        ],
        "readers": _table_readers(table),
        "count": len(rows),
    }


NUMBERS = ("decimal", "integer")


def _head(column: str, kind: str) -> dict[str, Any]:
    return {
        "name": column,
        "label": standardwords.column(column),
        "number": kind.removesuffix("?") in NUMBERS,
    }


def _cell(column: str, kind: str, row: Row) -> dict[str, Any]:
    kind = kind.removesuffix("?")
    text = cell_text(kind, row.peek(column))
    return {"text": text, "number": kind in NUMBERS, "label": standardwords.column(column)}


def cell_text(kind: str, value: Any) -> str:
    """Return one cell of a table: codes of items, periods and grades become words."""
    if value is None:
        return ""
    if kind in ("item", "items"):
        return words.joined(item_label(one) for one in ([value] if kind == "item" else value))
    if kind == "averaging":
        term = glossary.load().find("averaging", value)
        return term.en if levels.english() else term.zh
    return shown(value)


def item_label(item: str) -> str:
    """Return how an item is written; one the pages do not measure by its symbol."""
    label = words.item_label(item)
    return glossary.load().find("item", item).symbol if label == item else label


def _table_readers(table: Table) -> list[dict[str, Any]]:
    counted: dict[str, int] = {}
    for row in table.rows:
        for method in usage.readers(row.id):
            counted[method] = counted.get(method, 0) + 1
    return [{"id": m, "url": addresses.method(m), "rows": n} for m, n in counted.items()]


def hits(editions: Iterable[Edition], text: str) -> list[dict[str, Any]]:
    """Return the values and rows that hold a text in id, title, cells, note, clause or source."""
    wanted = text.casefold()
    found = []
    for edition in editions:
        for value in edition.values.values():
            said = with_unit(shown(value.raw), value.unit) if value.known else _("unknown")
            told = (value.id, value.title_zh, value.title_en, said, value.note, value.source)
            if _holds(wanted, *told, value.clause, value.reason):
                found.append(_hit(edition, value, title(value), said))
        for table in edition.tables.values():
            for row in table.rows:
                cells = {
                    k: cell_text(table.columns[k].removesuffix("?"), c)
                    for k, c in row.cells.items()
                }
                if _holds(wanted, row.id, *cells.values(), row.note, row.source, row.clause):
                    found.append(
                        _hit(edition, row, title(table), words.joined(filter(None, cells.values())))
                    )
    return found


def _holds(wanted: str, *texts: str) -> bool:
    return any(wanted in text.casefold() for text in texts)


def _hit(edition: Edition, part: Value | Row, where: str, said: str) -> dict[str, Any]:
    return {
        "edition": code(edition),
        "id": part.id,
        "url": addresses.value(part.id),
        "where": where,
        "text": said,
        "mark": mark(part),
    }
