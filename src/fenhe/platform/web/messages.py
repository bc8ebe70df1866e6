"""Keep the message catalogues in step with the sources: ``python -m fenhe.platform.web.messages``.

Messages are written in English in templates and Python; the Chinese stands in
``locale/zh_Hans``. No gettext tools are needed: Django turns a template into text that
Babel's Python extractor reads.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PLATFORM = Path(__file__).resolve().parents[1]
CATALOGUE = PLATFORM / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


def sources() -> list[Path]:
    """Return the Python and template files of the platform that may hold messages."""
    files = [*PLATFORM.rglob("*.py"), *PLATFORM.rglob("templates/**/*.html")]
    return sorted(path for path in files if "migrations" not in path.parts)


def _text(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    from django.utils.translation.template import templatize

    return str(templatize(text, origin=str(path)))


def found() -> Iterator[tuple[str, str | tuple[str, ...], str | None]]:
    """Yield ``(file, message or (singular, plural), context)`` for every message used."""
    from babel.messages.extract import extract

    for path in sources():
        lines = io.BytesIO(_text(path).encode())
        name = path.relative_to(PLATFORM).as_posix()
        for _line, message, _comments, context in extract(
            "python", lines, KEYWORDS, (), {"encoding": "utf-8"}
        ):
            yield name, message, context


def update(catalogue: Path = CATALOGUE) -> tuple[int, int]:
    """Write new messages into the catalogue, drop unused ones; return (all, untranslated)."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po, write_po

    template = Catalog()
    for name, message, context in found():
        template.add(message, locations=[(name, 0)], context=context)
    if catalogue.exists():
        with catalogue.open("rb") as file:
            catalog = read_po(file, locale="zh_Hans")
    else:
        catalog = Catalog(locale="zh_Hans", project="Fenhe", fuzzy=False)
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalogue.parent.mkdir(parents=True, exist_ok=True)
    with catalogue.open("wb") as file:
        write_po(
            file, catalog, width=100, sort_output=True, include_lineno=False, omit_header=False
        )
    entries = [entry for entry in catalog if entry.id]
    return len(entries), sum(1 for entry in entries if not is_translated(entry.string))


def is_translated(string: object) -> bool:
    """Say whether a catalogue entry has its text, all plural forms of it."""
    return all(string) if isinstance(string, list | tuple) else bool(string)


if __name__ == "__main__":
    import django
    from django.conf import settings

    settings.configure(USE_I18N=True)
    django.setup()
    total, missing = update()
    print(f"{total} messages, {missing} without Chinese")
    sys.exit(1 if missing else 0)
