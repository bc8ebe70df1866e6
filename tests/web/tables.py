"""Reading the tables of a page, and its twins, for tests that hold one against the other."""

from __future__ import annotations

import html
import io
import json
import re
from typing import Any

import polars as pl
from django.test import Client


def text_of(markup: str) -> str:
    """Return the text of a piece of a page."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", markup))).strip()


def table(page: str, name: str) -> list[list[str]]:
    """Return the body rows of the table with an id, each as the texts of its cells."""
    found = re.search(rf'<table[^>]*id="{name}".*?</table>', page, re.S)
    assert found is not None, f"no table {name}"
    body = found[0].partition("<tbody>")[2]
    return [
        [text_of(cell) for cell in re.findall(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", row, re.S)]
        for row in re.findall(r"<tr\b.*?</tr>", body, re.S)
    ]


def twins(client: Client, address: str) -> list[dict[str, Any]]:
    """Return the rows of the JSON twin, after holding CSV and Excel against it."""
    join = "&" if "?" in address else "?"
    rows = list(json.loads(client.get(f"{address}{join}format=json").content)["rows"])
    plain = pl.DataFrame(rows, infer_schema_length=None)
    csv = pl.read_csv(client.get(f"{address}{join}format=csv").content, infer_schema=False)
    xlsx = pl.read_excel(io.BytesIO(client.get(f"{address}{join}format=xlsx").content))
    assert csv.columns == xlsx.columns == plain.columns
    assert csv.height == xlsx.height == plain.height
    for name in plain.columns:
        told = [_same(value) for value in plain[name]]
        assert [_same(value) for value in csv[name]] == told, name
        assert [_same(value) for value in xlsx[name]] == told, name
    return rows


def _same(value: Any) -> str | float | None:
    """Bring a cell of any twin to what it says: a number, a text, nothing."""
    if value is None or value == "":
        return None
    text = str(value)
    if text.casefold() in ("true", "false"):
        return text.casefold()
    try:
        return float(text)
    except ValueError:
        return text
