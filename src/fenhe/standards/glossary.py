"""The words of the project: codes with Chinese and English names and units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fenhe.base.errors import BadInput
from fenhe.standards import source, units

_FILE = Path(__file__).with_name("glossary.toml")
_KEYS = ("zh", "en", "symbol", "aliases", "units", "unit", "note")


@dataclass(frozen=True)
class Term:
    """One word: ``code`` is what tables and interfaces use."""

    section: str
    code: str
    zh: str
    en: str
    symbol: str
    aliases: tuple[str, ...]
    units: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Glossary:
    """All words, by section and code, in reading order."""

    titles: Mapping[str, tuple[str, str]]
    terms: tuple[Term, ...]

    def section(self, name: str) -> tuple[Term, ...]:
        """Return the words of one section."""
        return tuple(term for term in self.terms if term.section == name)

    def find(self, section: str, text: str) -> Term:
        """Return the word a text means, case and blanks forgiven; ``BadInput`` lists them."""
        folded = fold(text)
        for term in self.section(section):
            if folded in {fold(name) for name in (term.code, term.symbol, *term.aliases)}:
                return term
        known = ", ".join(term.code for term in self.section(section))
        raise BadInput(f"unknown {section} '{text}'; known: {known}")


def fold(text: str) -> str:
    """Return a text as names are compared: without case, blanks and dashes."""
    return "".join(text.split()).casefold().replace("-", "_")


@cache
def load() -> Glossary:
    """Return the packaged glossary."""
    return parse(source.read(_FILE, _FILE.name))


def parse(file: source.SourceFile) -> Glossary:
    """Read a glossary file; ``BadInput`` names file and line of what is wrong."""
    titles = {name: (zh, en) for name, (zh, en) in file.content["section"].items()}
    top = source.Section(file, "", file.content)
    top.only(("section", *titles), ("section",))
    return Glossary(
        titles,
        tuple(
            _term(top.sub_line(section, code), section, code)
            for section in titles
            for code in file.content.get(section, {})
        ),
    )


def _term(entry: source.Section, section: str, code: str) -> Term:
    entry.only(_KEYS, ("zh", "en"))
    return Term(
        section=section,
        code=code,
        zh=entry.text("zh"),
        en=entry.text("en"),
        symbol=entry.text("symbol", code),
        aliases=entry.texts("aliases"),
        units=_units(entry),
        note=entry.text("note", ""),
    )


def _units(entry: source.Section) -> tuple[str, ...]:
    named = entry.texts("units") or ((entry.text("unit"),) if "unit" in entry.data else ())
    try:
        return tuple(units.canonical(unit) for unit in named)
    except BadInput as error:
        raise entry.bad(error.message, "units") from None


def item(text: str) -> Term:
    """Return the item a text means: ``PM2.5``, ``pm25`` and ``PM25`` are the same."""
    return load().find("item", text)


def averaging(text: str) -> str:
    """Return the code of an averaging period: ``year`` -> ``annual``."""
    return load().find("averaging", text).code


def grade(text: str) -> str:
    """Return the code of a grade: ``ii``, ``2`` and ``二级`` -> ``II``."""
    return load().find("grade", text).code
