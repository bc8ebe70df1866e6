"""``fenhe glossary``: the words of the project."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from fenhe.standards import glossary, units
from fenhe.standards.glossary import Glossary, Term


@click.command("glossary")
@click.argument("word", required=False)
@click.option("--markdown", "as_markdown", is_flag=True, help="Write docs/reference/glossary.md.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def command(word: str | None, as_markdown: bool, as_json: bool) -> None:
    """List the words of the project: code, Chinese, English, unit."""
    book = glossary.load()
    if as_markdown:
        click.echo(markdown(book), nl=False)
        return
    terms = [term for term in book.terms if word is None or _about(term, word)]
    if as_json:
        click.echo(json.dumps([asdict(term) for term in terms], ensure_ascii=False, indent=2))
        return
    for term in terms:
        click.echo("  ".join(part for part in _line(term) if part))


def _about(term: Term, word: str) -> bool:
    texts = (term.code, term.zh, term.en, term.symbol, *term.aliases)
    return any(glossary.fold(word) in glossary.fold(text) for text in texts)


def _line(term: Term) -> tuple[str, ...]:
    return (term.code, term.zh, term.en, ", ".join(term.units), term.note)


def markdown(book: Glossary) -> str:
    """Return the glossary as the page ``docs/reference/glossary.md``."""
    lines = [
        "# Glossary",
        "",
        "Written by `fenhe glossary --markdown` from `src/fenhe/standards/glossary.toml`;",
        "change the words there.",
    ]
    for section, (zh, en) in book.titles.items():
        lines += ["", f"## {en} {zh}", "", "| code | 中文 | English | unit | also written | note |"]
        lines += ["|---|---|---|---|---|---|"]
        lines += [_row(term) for term in book.section(section)]
    return "\n".join([*lines, *_unit_lines()]) + "\n"


def _row(term: Term) -> str:
    others = [term.symbol] if term.symbol != term.code else []
    also = ", ".join(dict.fromkeys((*others, *term.aliases)))
    cells = (f"`{term.code}`", term.zh, term.en, ", ".join(term.units), also, term.note)
    return "| " + " | ".join(cells) + " |"


def _unit_lines() -> list[str]:
    lines = [
        "",
        "## Units 单位",
        "",
        "A feed may declare any spelling; case and blanks do not count.",
    ]
    lines += ["", "| unit | also written |", "|---|---|"]
    for unit in units.known():
        if unit != units.NONE:
            lines.append(f"| {unit} | {', '.join(units.spellings(unit))} |")
    return [*lines, "", "1 mg/m³ = 1000 µg/m³, exactly."]
