"""Writing tables, and formulas that must not run."""

from __future__ import annotations

from datetime import date, datetime

import openpyxl
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenhe.base.errors import BadInput
from fenhe.protocols.tables import forms
from fenhe.protocols.tables.forms import neutral
from fenhe.protocols.tables.reader import open_table
from fenhe.protocols.tables.writer import encoded, open_writer, write_table

FRAME = pl.DataFrame(
    {
        "station": ["=1+1", "@SUM(A1)", "\tx", "-5", "尖草坪"],
        "value": [1.5, -2.0, None, 0.1, 38.0],
        "n": [1, -2, None, 4, 5],
    }
)


@pytest.mark.parametrize(
    "text",
    ["=1", "=1+1", "+a", "+1*2", "-a", "-A1", "@x", "\tx", "\rx", "＝1", " =1", "-1+1", "+", "-"],
)
def test_a_text_like_a_formula_is_quoted(text):
    assert pl.select(neutral(pl.lit(text))).item() == "'" + text


@pytest.mark.parametrize("text", ["-5", "+5.0", "-.5", "1e-3", "-1e5", "a=1", "", "站", "'=1"])
def test_numbers_and_plain_text_are_untouched(text):
    assert pl.select(neutral(pl.lit(text))).item() == text


def test_csv_is_neutral_and_reads_back(tmp_path):
    got = open_table(write_table(FRAME, tmp_path / "a.csv")).read().frame
    assert got["station"].to_list() == ["'=1+1", "'@SUM(A1)", "'\tx", "-5", "尖草坪"]
    assert got["value"].to_list() == ["1.5", "-2.0", None, "0.1", "38.0"]
    assert got["n"].to_list() == ["1", "-2", None, "4", "5"]


def test_a_header_is_neutral_too(tmp_path):
    write_table(pl.DataFrame({"=cmd": [1]}), tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "'=cmd\n1\n"


def test_the_mark_for_old_excel_is_there_when_asked(tmp_path):
    write_table(FRAME, tmp_path / "a.csv", bom=True)
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_excel_cells_are_text_or_numbers_never_formulas(tmp_path):
    sheet = openpyxl.load_workbook(write_table(FRAME, tmp_path / "a.xlsx")).active
    assert [cell.value for cell in sheet["A"]] == [
        "station",
        "=1+1",
        "@SUM(A1)",
        "\tx",
        "-5",
        "尖草坪",
    ]
    assert {cell.data_type for cell in sheet["A"]} == {"s"}
    assert [cell.value for cell in sheet["B"]] == ["value", 1.5, -2, None, 0.1, 38]


@pytest.mark.parametrize("name", ["a.parquet", "a.json", "a.jsonl"])
def test_data_formats_hold_the_values_as_they_are(tmp_path, name):
    got = open_table(write_table(FRAME, tmp_path / name)).read().frame
    assert got["station"].to_list() == FRAME["station"].to_list()
    assert [None if v is None else float(v) for v in got["value"]] == FRAME["value"].to_list()


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.json"])
def test_times_are_written_readably(tmp_path, name):
    frame = pl.DataFrame({"t": [datetime(2020, 4, 2, 8)], "d": [date(2020, 4, 2)]})
    got = open_table(write_table(frame, tmp_path / name)).read().frame.row(0)
    assert [text.replace("T", " ")[:16] for text in got] == ["2020-04-02 08:00", "2020-04-02"]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)))
def test_no_csv_cell_begins_a_formula(texts):
    safe = pl.DataFrame({"t": texts}, schema={"t": pl.String}).with_columns(neutral(pl.col("t")))
    for text in safe["t"]:
        assert text[0] not in "=@＝＋－＠"
        assert text[0] not in "+-" or float(text) is not None


def test_an_unknown_ending_and_a_missing_folder_are_named(tmp_path):
    with pytest.raises(BadInput, match=r"a.doc: unknown file type; known are .csv"):
        write_table(FRAME, tmp_path / "a.doc")
    with pytest.raises(BadInput, match="there is no such folder"):
        write_table(FRAME, tmp_path / "none" / "a.csv")


def test_a_failed_write_leaves_the_former_file(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_text("former")
    with pytest.raises(Exception, match=r"."):
        write_table(pl.DataFrame({"o": [object()]}), path)
    assert path.read_text() == "former"
    assert [p.name for p in tmp_path.iterdir()] == ["a.parquet"]


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".xlsx", ".parquet", ".json", ".jsonl"])
def test_bytes_are_those_of_the_file_and_batches_those_of_the_whole(tmp_path, ending):
    path = write_table(FRAME, tmp_path / f"a{ending}")
    with open_writer(tmp_path / f"b{ending}") as writer:
        writer.write(FRAME.head(2))
        writer.write(FRAME.tail(3))
    (tmp_path / f"c{ending}").write_bytes(encoded(FRAME, ending))
    tables = [open_table(tmp_path / f"{name}{ending}").read().frame for name in "abc"]
    assert tables[0].equals(tables[1])
    assert tables[0].equals(tables[2])
    assert tables[0].height == FRAME.height
    assert path.stat().st_size > 0


@pytest.mark.parametrize("ending", [".json", ".jsonl"])
def test_no_rows_are_a_whole_file_too(ending):
    text = encoded(FRAME.clear(), ending).decode()
    assert text == {".json": "[]\n", ".jsonl": "\n"}[ending]


def test_what_is_no_number_in_json_is_null():
    frame = pl.DataFrame({"v": [float("nan"), float("inf"), 1.5]})
    assert encoded(frame, ".jsonl") == b'{"v":null}\n{"v":null}\n{"v":1.5}\n'


def test_more_rows_than_a_sheet_holds_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(forms, "_SHEET_ROWS", FRAME.height)
    with pytest.raises(BadInput, match=r"a.xlsx: an Excel sheet holds 5 rows"):
        write_table(FRAME, tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []
