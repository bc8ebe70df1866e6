"""Write tables to CSV, Excel, Parquet or JSON; no cell of a text becomes a formula."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from fenhe.base.errors import BadInput, Place
from fenhe.protocols.tables.forms import FORMS, Form, Options


def check_path(path: Path) -> None:
    """Raise ``BadInput`` when a table can not be written there: unknown ending, no folder."""
    _form(path.suffix, str(path))
    if not path.parent.is_dir():
        raise BadInput("there is no such folder", place=Place(str(path.parent)))


@contextmanager
def open_writer(path: Path, numbers: Sequence[str] = (), *, bom: bool = False) -> Iterator[Form]:
    """Open a file for tables written one after the other, all with the same columns.

    The ending of ``path`` tells the form. The file appears under its name only when all
    went well. ``numbers`` are the text columns that hold decimal text: they are written as
    numbers where the form tells numbers from text. Raises ``BadInput`` as ``check_path``.
    """
    check_path(path)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            options = Options(str(path), frozenset(numbers), bom)
            form = _form(path.suffix, str(path))(file, options)
            yield form
            form.close()
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_table(frame: pl.DataFrame, path: str | Path, *, bom: bool = False) -> Path:
    """Write ``frame`` by the ending of ``path``: .csv, .tsv, .xlsx, .parquet, .json, .jsonl.

    CSV is UTF-8 (``bom`` adds the mark old Excel needs), null is an empty cell, and text
    that looks like a formula gets an apostrophe in front; in Excel files text cells are
    text whatever they hold; Parquet and JSON hold values as they are. The file appears
    whole or not at all. Raises ``BadInput`` for an unknown ending.
    """
    path = Path(path)
    with open_writer(path, bom=bom) as writer:
        writer.write(frame)
    return path


def encoded(frame: pl.DataFrame, ending: str, *, bom: bool = False) -> bytes:
    """Return the bytes ``write_table`` would write to a file with this ending (``.csv``)."""
    buffer = io.BytesIO()
    form = _form(ending, ending)(buffer, Options(ending, bom=bom))
    form.write(frame)
    form.close()
    return buffer.getvalue()


def _form(ending: str, name: str) -> type[Form]:
    form = FORMS.get(ending.lower())
    if form is None:
        known = ", ".join(FORMS)
        raise BadInput(f"unknown file type; known are {known}", place=Place(name))
    return form
