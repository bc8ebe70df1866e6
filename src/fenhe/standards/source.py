"""A standards file as text, so that an error can name its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fenhe.base.errors import BadInput, Place


@dataclass(frozen=True)
class SourceFile:
    """One TOML file: its parsed content and the means to find a key again."""

    path: Path
    name: str
    text: str
    content: Mapping[str, Any]

    def line(self, header: str, key: str | None = None, nth: int = 0) -> int:
        """Return the line of the ``nth`` header, or of a key below it, else 1."""
        lines = self.text.splitlines()
        heads = [i for i, text in enumerate(lines) if _header(text) == header]
        start = heads[nth] if nth < len(heads) else None
        if start is None:
            return _first_key(lines, key) if key else 1
        return start + 1 if key is None else _key_line(lines, start, key)

    def has(self, header: str) -> bool:
        """Whether a header stands in the file."""
        return any(_header(text) == header for text in self.text.splitlines())

    def inline_line(self, header: str, key: str, nth: int) -> int:
        """Return the line of the ``nth`` entry of a list written under a key."""
        lines = self.text.splitlines()
        start = self.line(header, key)
        entries = [n for n in range(start, len(lines)) if lines[n].lstrip().startswith("{")]
        return entries[nth] + 1 if nth < len(entries) else start

    def place(self, header: str, key: str | None = None, nth: int = 0) -> Place:
        """Return the place of a key as it is shown to people."""
        return Place(self.name, self.line(header, key, nth))


@cache
def _header(text: str) -> str | None:
    match = re.match(r"\s*\[\[?([^\[\]]+)\]\]?\s*(#.*)?$", text)
    return match.group(1).strip() if match else None


def _first_key(lines: list[str], key: str) -> int:
    for number, text in enumerate(lines, start=1):
        if re.match(rf"\s*(\[\[?)?[\"']?{re.escape(key)}\b", text):
            return number
    return 1


def _key_line(lines: list[str], start: int, key: str) -> int:
    for number in range(start + 1, len(lines)):
        if _header(lines[number]) is not None:
            break
        if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", lines[number]):
            return number + 1
    return start + 1


def read(path: Path, name: str) -> SourceFile:
    """Read a TOML file; ``BadInput`` names the line of a syntax error."""
    text = path.read_text(encoding="utf-8")
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = re.search(r"at line (\d+)", str(error))
        line = int(match.group(1)) if match else len(text.splitlines())
        raise BadInput(f"not valid TOML: {error}", place=Place(name, line)) from None
    return SourceFile(path, name, text, content)


@dataclass(frozen=True)
class Section:
    """One table of a TOML file; every refusal made through it names file and line."""

    file: SourceFile
    header: str
    data: Mapping[str, Any]
    nth: int = 0

    def bad(self, message: str, key: str | None = None) -> BadInput:
        """Return the error to raise for a key of this section."""
        return BadInput(message, place=self.place(key))

    def place(self, key: str | None = None) -> Place:
        """Return where the section, or one key of it, stands."""
        return self.file.place(self.header, key, self.nth)

    def only(self, allowed: Collection[str], required: Collection[str] = ()) -> None:
        """Refuse keys that are not known and the lack of keys that are needed."""
        for key in self.data:
            if key not in allowed:
                known = ", ".join(sorted(allowed))
                where = f"[{self.header}]" if self.header else "the file"
                raise self.bad(f"unknown key '{key}' in {where}; known: {known}", key)
        for key in required:
            if key not in self.data:
                raise self.bad(f"[{self.header}] lacks '{key}'")

    def text(self, key: str, default: str | None = None) -> str:
        """Return a non-empty text."""
        value = self.data.get(key, default)
        if not isinstance(value, str) or (not value.strip() and value != default):
            raise self.bad(f"'{key}' in [{self.header}] must be a text and not empty", key)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; absent is empty."""
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            raise self.bad(f"'{key}' in [{self.header}] must be a list of texts", key)
        return tuple(value)

    def sub_line(self, header: str, key: str) -> Section:
        """Return an entry written on one line below a header: ``[item]`` / ``so2 = {…}``."""
        return _Inline(self.file, header, self.data[header][key], key=key)

    def sub(self, key: str) -> Section:
        """Return the section ``[this.key]``."""
        return Section(self.file, f"{self.header}.{key}", self._table(key))

    def entries(self, key: str) -> tuple[Section, ...]:
        """Return the rows below this section, as ``[[this.key]]`` or as a list of ``{…}``."""
        value = self.data.get(key)
        if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
            raise self.bad(f"'{key}' in [{self.header}] must be a list of rows", key)
        header = f"{self.header}.{key}"
        if self.file.has(header):
            return tuple(Section(self.file, header, part, n) for n, part in enumerate(value))
        listed = (_Listed(self.file, self.header, part, n, key=key) for n, part in enumerate(value))
        return tuple(listed)

    def named(self, key: str) -> Section:
        """Return the section ``[key]`` of the file itself; absent is empty."""
        return Section(self.file, key, self._table(key))

    def many(self, key: str) -> tuple[Section, ...]:
        """Return the sections ``[[key]]`` of the file itself; absent is empty."""
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
            raise self.bad(f"'{key}' must be written as [[{key}]]", key)
        return tuple(Section(self.file, key, part, nth) for nth, part in enumerate(value))

    def _table(self, key: str) -> Mapping[str, Any]:
        value = self.data.get(key, {})
        if not isinstance(value, dict):
            raise self.bad(f"'{key}' must be written as a table", key)
        return value


@dataclass(frozen=True)
class _Inline(Section):
    """A section written as an inline table: all its keys stand on one line."""

    key: str = ""

    def place(self, key: str | None = None) -> Place:
        return self.file.place(self.header, self.key, self.nth)


@dataclass(frozen=True)
class _Listed(Section):
    """A section written as an entry of a list: it stands on one line."""

    key: str = ""

    def place(self, key: str | None = None) -> Place:
        return Place(self.file.name, self.file.inline_line(self.header, self.key, self.nth))
