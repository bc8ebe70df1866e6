"""The work that the crash test kills: two files, batch by batch, each step noted in a log."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl

from fenhe.store import Store
from tests.store.conftest import rejected, values

FILES = ("first.csv", "second.csv")
SITES, BATCHES, BATCH_HOURS = 40, 6, 8


def batch(file: int, number: int) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Return one batch: new hours, repeats at equal and other values, corrections, rejects.

    The second file overlaps the first by two thirds and differs in every fifth value.
    """
    first = (number + 2 * file) * BATCH_HOURS
    rows = [
        (f"{site:03d}", at, float(site + at) + (file if (site + at) % 5 == 0 else 0))
        for at in range(first, first + BATCH_HOURS)
        for site in range(SITES)
    ]
    rows += [rows[7], (rows[9][0], rows[9][1], 777.0), (rows[9][0], rows[9][1], 778.0)]
    row = 2 + number * 1000
    told = values(rows, first_row=row)
    refused = rejected([(row + 998, "-999", "sentinel"), (row + 999, "abc", "not a number")])
    return told, refused, told.height + refused.height


def load(folder: str, log: str) -> None:
    """Import both files; the log tells what was acknowledged (``file:row``) and taken up."""
    notes = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    root = Path(folder)
    with Store.open(root / "data") as store:
        os.write(notes, b"open\n")
        for number, name in enumerate(FILES):
            kept = store.raw.keep(root / name)
            os.write(notes, f"kept {kept.sha256}\n".encode())
            closed = store.receipts("import", feed=name).filter("closed")
            if not closed.is_empty():
                continue
            running = store.begin_import(name, kept, "ann")
            os.write(notes, f"resume {number}:{running.resume_row}\n".encode())
            for part in range(BATCHES):
                receipt = running.write(*batch(number, part))
                os.write(notes, f"written {number}:{receipt.last_row}\n".encode())
            running.finish()
        store.maintain()
    os.write(notes, b"done\n")
