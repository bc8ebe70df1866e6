"""What leaves a page as a file: a name that looks like a formula arrives as text."""

from __future__ import annotations

import csv
import io

import openpyxl
from django.test import Client

from fenhe.platform.registry.models import SiteName
from tests.platform.conftest import World

EVIL = '=HYPERLINK("https://example.org","晋源")'
MAP = "/en/?t=2026-03-02T12:00&item=pm10&format="


def test_a_station_name_like_a_formula_is_text_in_csv_and_excel(
    judged: World, visitor: Client
) -> None:
    SiteName.objects.filter(site=judged.inside).update(name_zh=EVIL, name_en="")
    text = visitor.get(f"{MAP}csv").content.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["name"] == f"'{EVIL}"
    book = openpyxl.load_workbook(io.BytesIO(visitor.get(f"{MAP}xlsx").content))
    (heads, cells) = book.worksheets[0].iter_rows()
    cell = dict(zip([head.value for head in heads], cells, strict=True))["name"]
    assert (cell.value, cell.data_type, cell.hyperlink) == (EVIL, "s", None)
