"""All editions, found by id or by monitoring day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path

from fenhe.base.errors import BadInput, Place
from fenhe.standards import loader
from fenhe.standards.errors import NoEdition
from fenhe.standards.model import Edition, Row, Value

ROOT = Path(__file__).parent


@dataclass(frozen=True)
class Catalogue:
    """The editions of every standard, in the order of their dates."""

    all_editions: tuple[Edition, ...]
    overlays: tuple[str, ...] = ()

    def standards(self) -> tuple[str, ...]:
        """Return the standards, e.g. ``("GB3095", "HJ633")``."""
        return tuple(sorted({edition.standard for edition in self.all_editions}))

    def editions(self, standard: str) -> tuple[Edition, ...]:
        """Return the editions of a standard by date; ``BadInput`` lists the standards."""
        wanted = _folded(standard)
        found = tuple(e for e in self.all_editions if _folded(e.standard) == wanted)
        if not found:
            known = ", ".join(self.standards())
            raise BadInput(f"unknown standard '{standard}'; known: {known}")
        return found

    def edition(self, edition_id: str) -> Edition:
        """Return an edition by id, blanks and case forgiven; ``BadInput`` lists the ids."""
        wanted = _folded(edition_id)
        for edition in self.all_editions:
            if _folded(edition.id) == wanted:
                return edition
        stages = [e.id for e in self.all_editions if _folded(e.id).startswith(wanted + ":")]
        if stages:
            raise BadInput(f"'{edition_id}' has stages; name one: {', '.join(stages)}")
        known = ", ".join(edition.id for edition in self.all_editions)
        raise BadInput(f"unknown edition '{edition_id}'; known: {known}")

    def on(self, standard: str, day: date) -> Edition:
        """Return the edition that judges values of a Beijing day; else ``NoEdition``."""
        found = self.editions(standard)
        for edition in found:
            if edition.in_force(day):
                return edition
        raise NoEdition(found[0].standard, day, found[0].in_force_from, found[-1].in_force_to)

    def find(self, value_id: str) -> Value | Row:
        """Return a value or row by its id; ``BadInput`` when there is none."""
        for edition in self.all_editions:
            for part in edition.provenances():
                if part.id == value_id:
                    return part
        raise BadInput(f"unknown value id '{value_id}'")

    def with_overlay(self, path: Path) -> Catalogue:
        """Return the catalogue with a file, or every ``*.toml`` of a folder, laid over it."""
        from fenhe.standards import overlay

        return overlay.apply(self, path)


def load_folder(root: Path) -> Catalogue:
    """Return the catalogue of a folder ``<subject>/<standard>/<edition>.toml``.

    Raises ``BadInput`` for anything it does not know, with file and line: see
    ``docs/how-to/add-a-standard.md``.
    """
    found: list[Edition] = []
    for path in sorted(root.rglob("*.toml")):
        parts = path.relative_to(root).parts
        if parts == ("glossary.toml",):
            continue
        if len(parts) != 3:
            place = Place("/".join(parts), 1)
            raise BadInput("must stand in <subject>/<standard>/<edition>.toml", place=place)
        found += loader.edition_file(path, root)
    found.sort(key=lambda e: (e.standard, e.in_force_from))
    _unique(found)
    _no_overlap(found)
    return Catalogue(tuple(found))


def catalogue(overlays: Path | None = None) -> Catalogue:
    """Return the packaged editions, with the overlays of a folder when one is given; cached.

    Inside of ``overlaid`` and without a folder: the catalogue that is in use there.
    """
    if overlays is None and (used := _in_use.get()) is not None:
        return used
    return _catalogue(overlays)


@contextmanager
def overlaid(overlays: Path | None) -> Iterator[Catalogue]:
    """Let ``catalogue()`` answer with the overlays of a file or folder inside the block.

    Methods called there judge by what an authority adopted, supplied or tightened. None
    leaves everything as it is. Errors: as ``with_overlay``.
    """
    if overlays is None:
        yield catalogue()
        return
    token = _in_use.set(_catalogue(overlays))
    try:
        yield catalogue()
    finally:
        _in_use.reset(token)


_in_use: ContextVar[Catalogue | None] = ContextVar("fenhe_catalogue_in_use", default=None)


@cache
def _catalogue(overlays: Path | None) -> Catalogue:
    packaged = load_folder(ROOT)
    return packaged if overlays is None else packaged.with_overlay(overlays)


def _unique(editions: list[Edition]) -> None:
    seen: dict[str, Place | None] = {}
    for edition in editions:
        if edition.id in seen:
            message = f"duplicate id {edition.id}; first in {seen[edition.id]}"
            raise BadInput(message, place=edition.place)
        seen[edition.id] = edition.place


def _no_overlap(editions: list[Edition]) -> None:
    for first, second in pairwise(editions):
        if first.standard != second.standard:
            continue
        if first.in_force_to is None or second.in_force_from <= first.in_force_to:
            until = first.in_force_to or "further notice"
            message = f"{second.id} overlaps {first.id}, which is in force until {until}"
            raise BadInput(message, place=second.place)


def _folded(text: str) -> str:
    return "".join(text.split()).casefold()
