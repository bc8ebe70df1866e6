"""Both languages are complete: every message has its Chinese, and no Chinese hides in templates."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.pofile import read_po

from fenhe.platform.web import messages

CJK = re.compile(r"[\u3400-\u9fff]")
# The page for the server's own errors can rely on nothing and speaks both languages itself;
# the language link names each language in that language.
BILINGUAL = {"500.html", "language.html"}


def catalogue() -> dict[object, object]:
    with messages.CATALOGUE.open("rb") as file:
        return {(entry.id, entry.context): entry for entry in read_po(file) if entry.id}


def used() -> set[tuple[object, str | None]]:
    return {(message, context) for _, message, context in messages.found()}


def test_every_message_used_has_its_chinese() -> None:
    known = catalogue()
    missing = [
        key for key in used() if key not in known or not messages.is_translated(known[key].string)
    ]
    assert missing == []


def test_catalogue_holds_nothing_unused_or_guessed() -> None:
    known = catalogue()
    assert set(known) - used() == set()
    assert [key for key, entry in known.items() if entry.fuzzy] == []


def test_placeholders_are_the_same_in_both_languages() -> None:
    placeholder = re.compile(r"%\(\w+\)[a-z]|\{\w+\}")
    wrong = []
    for entry in catalogue().values():
        source = entry.id[-1] if isinstance(entry.id, tuple) else entry.id
        target = entry.string[0] if isinstance(entry.string, tuple) else entry.string
        if set(placeholder.findall(source)) != set(placeholder.findall(target)):
            wrong.append(source)
    assert wrong == []


def test_no_chinese_hides_in_templates_or_scripts() -> None:
    web = Path(messages.__file__).parent
    files = [*web.rglob("templates/**/*.html"), *web.glob("static/web/*.js")]
    assert len(files) > 20
    hidden = [f.name for f in files if f.name not in BILINGUAL and CJK.search(f.read_text("utf-8"))]
    assert hidden == []
