"""Reading tables as text cells."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
from decimal import Decimal
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenhe.base.errors import BadInput
from fenhe.protocols.tables import csv_text
from fenhe.protocols.tables.reader import Limits, open_table

CELL = st.text(st.sampled_from(list('ab1,;"\n 站é\t.')), max_size=6)
GOOD = "station,time\n1001A,2018-02-20 07:00\n"


def write(folder, name, data):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def refusal(path, limits=None, **options):
    with pytest.raises(BadInput) as caught:
        open_table(path, limits or Limits(), **options).read()
    return str(caught.value)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(CELL, CELL, CELL), max_size=8),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(5, 60),
)
def test_any_csv_reads_as_the_standard_reader_reads_it(
    tmp_path_factory, rows, delimiter, newline, block
):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=newline)
    writer.writerows([("alpha", "beta", "gamma"), *rows])
    path = write(tmp_path_factory.mktemp("csv"), "a.csv", text.getvalue())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_text, "BLOCK", block)  # cut anywhere, also inside a character
        table = open_table(path)
        got = table.read()
    kept = [(i, row) for i, row in enumerate(rows, start=2) if any(row)]
    assert table.columns == ("alpha", "beta", "gamma")
    assert got.rows.to_list() == [i for i, _ in kept]
    assert got.frame.rows() == [tuple(cell or None for cell in row) for _, row in kept]


def test_batches_hold_at_most_the_rows_asked_for_and_can_be_read_again(tmp_path):
    path = write(tmp_path, "a.csv", "name,value\n" + "".join(f"s{i},{i}\n" for i in range(25)))
    table = open_table(path)
    sizes = [batch.frame.height for batch in table.batches(10)]
    assert sizes == [10, 10, 5]
    assert [batch.rows[0] for batch in table.batches(10)] == [2, 12, 22]


def test_blank_lines_keep_the_row_numbers(tmp_path):
    got = open_table(write(tmp_path, "a.csv", "a,b\n\n1,2\n\n\n3,4\n\n")).read()
    assert got.rows.to_list() == [3, 6]


@pytest.mark.parametrize(
    ("encoding", "told"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030")]
)
def test_the_encoding_is_told_and_stated(tmp_path, encoding, told):
    text = "站点,时间,数值\n尖草坪,2020-04-02 08:00,㐀\n"
    table = open_table(write(tmp_path, "a.csv", text.encode(encoding)))
    assert table.encoding == told
    assert table.columns == ("站点", "时间", "数值")
    assert table.read().frame.row(0) == ("尖草坪", "2020-04-02 08:00", "㐀")


def test_units_in_latin_letters_stay_utf8(tmp_path):
    assert open_table(write(tmp_path, "a.csv", "SO2 µg/m³,b\nx,2\n")).encoding == "utf-8"


def test_text_that_reads_in_two_encodings_is_not_guessed(tmp_path):
    message = refusal(write(tmp_path, "a.csv", "时,b\n1,2\n".encode("gb18030")))
    assert "reads both as UTF-8 and as GB18030" in message


def test_bytes_of_no_encoding_are_named_by_position(tmp_path):
    message = refusal(write(tmp_path, "a.csv", b"name,b\nabc,\xff\xff\n"))
    assert message == "a.csv: the text is neither UTF-8 (byte 12) nor GB18030 (byte 12)"


def test_a_change_of_encoding_inside_the_file_is_named_by_position(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_text, "BLOCK", 16)
    data = "站点,数值\n尖草坪,1\n".encode() + "金胜,2\n".encode("gb18030")
    message = refusal(write(tmp_path, "a.csv", data))
    where = len("站点,数值\n尖草坪,1\n".encode()) + 1
    assert f"byte {where} is not UTF-8 text" in message


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"", "a.csv: the file is empty"),
        ("a.csv", b"\xef\xbb\xbf \n", "a.csv: the file is empty"),
        ("a.csv", "a,b".encode("utf-16"), "a.csv: the text is UTF-16; save it as UTF-8"),
        ("a.csv", b"a,b\n1,\x00\n", "a.csv: it holds zero bytes: this is no text file"),
        ("a.csv", b"\n\n1,2\n", "a.csv, row 1: row 1 is empty; it must name the columns"),
        ("a.csv", b"1001A,2018-02-20 07:00,5,7\n", "a.csv, row 1: there is no header"),
        ("a.csv", b"a,,c\n1,2,3\n", "a.csv, row 1: column 2 has no name"),
        ("a.csv", b"a,b,a \n1,2,3\n", "a.csv, row 1, column a: the name occurs more than once"),
        ("a.csv", b"a,b\n1,2\n3\n", "a.csv, row 3: the row has 1 cells, the header names 2"),
        ("a.csv", b"a,b\n1,2\n3,4,5\n", "a.csv, row 3: the row has 3 cells"),
        ("a.csv", b"a,b\n1\n3,4,5\n", "a.csv, row 2: the row has 1 cells"),
        ("a.csv", b'a,b\n1,"2\n3,4\n', "a.csv, row 2: the CSV text is malformed"),
        ("a.csv", b'a,b\n"1"x,2\n', "a.csv, row 2: the CSV text is malformed"),
        ("a.csv", b"PK\x03\x04abc", "a.csv: the name says csv, but the content is a zip file"),
        ("a.csv", b"<html><table>", "the name says csv, but the content is a web page"),
        ("a.xlsx", b"a,b\n1,2\n", "the name says xlsx, but the content is text"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0", "an old or password-protected Office file"),
        ("a.xlsx", b"PK\x03\x04 no zip", "a.xlsx: the zip content is damaged"),
        ("a.xls", b"\xd0\xcf\x11\xe0", "a.xls: old Excel files are not read; save it as .xlsx"),
        ("a.parquet", b"PAR1 no more", "a.parquet: the Parquet file can not be read"),
        ("a.parquet", b"a,b\n", "the name says parquet, but the content is text"),
        ("a.csv.gz", b"a,b\n", "the name says csv.gz, but the content is text"),
        ("a.csv.gz", gzip.compress(GOOD.encode() * 99, mtime=0)[:-20], "the gzip data are damaged"),
        ("a.pdf", b"%PDF", "a.pdf: unknown file type; known are .csv"),
        ("a.json", b"hello", "a.json: it starts with neither an array nor an object"),
        ("a.json", b'[{"a": 1,}]', "a.json, row 1: the JSON text is malformed"),
        ("a.json", b"[1, 2]", "a.json, row 1: the record is no object"),
        ("a.json", b"[]", "a.json: there is no object in it"),
        ("a.json", b'[{"a": {"b": 1}}]', "a.json, row 1, column a: the value is an object"),
        ("a.json", b'[{"a": 1, "a": 2}]', "an object names the same member twice"),
        ("a.jsonl", b'{"a": 1}\n{"a"\n', "a.jsonl, row 2: the JSON text is malformed"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path, name, data, message):
    assert message in refusal(write(tmp_path, name, data))


def test_a_missing_file_is_named(tmp_path):
    assert "there is no such file" in refusal(tmp_path / "none.csv")


def test_the_name_a_person_knows_is_used(tmp_path):
    path = write(tmp_path, "3f2a", GOOD)
    assert open_table(path, name="up.csv").columns == ("station", "time")
    assert refusal(path, name="up.parquet").startswith("up.parquet: ")


def test_web_limits_are_kept_by_file_and_by_unpacked_size(tmp_path):
    path = write(tmp_path, "a.csv", GOOD * 1000)
    assert "more than the 0 MB accepted here" in refusal(path, Limits(file_bytes=1000))
    packed = write(tmp_path, "b.csv.gz", gzip.compress(GOOD.encode() * 100_000))
    message = refusal(packed, Limits(file_bytes=1 << 20, unpacked_bytes=1 << 20))
    assert "unpacked it is larger than 1 MB" in message


def test_gzip_reads_as_the_plain_file(tmp_path):
    packed = write(tmp_path, "a.csv.gz", gzip.compress(GOOD.encode()))
    assert open_table(packed).read().frame.rows() == [("1001A", "2018-02-20 07:00")]


def test_parquet_cells_are_exact_text(tmp_path):
    frame = pl.DataFrame(
        {
            "f": [0.1, 38.0, None, float("nan")],
            "g": pl.Series([-18.8, 1e-5, 2.5, 3.0], dtype=pl.Float32),
            "d": pl.Series(
                [Decimal("1.50"), None, Decimal("0.07"), Decimal("12")], dtype=pl.Decimal(9, 2)
            ),
            "t": [dt.datetime(2018, 2, 20, 7), None, dt.datetime(2018, 2, 20, 0), None],
            "day": [dt.date(2018, 2, 20), None, None, None],
            "s": pl.Series(["站", "", None, "x"], dtype=pl.Categorical),
            "i": [1, None, 3, 4],
        }
    )
    frame.write_parquet(tmp_path / "a.parquet")
    got = open_table(tmp_path / "a.parquet").read()
    assert got.rows.to_list() == [2, 3, 4, 5]
    assert got.frame.rows() == [
        ("0.1", "-18.8", "1.50", "2018-02-20 07:00:00", "2018-02-20", "站", "1"),
        ("38", "0.00001", None, None, None, None, None),
        (None, "2.5", "0.07", "2018-02-20 00:00:00", None, None, "3"),
        (None, "3", "12.00", None, None, "x", "4"),
    ]


def test_parquet_types_that_have_no_plain_text_are_named(tmp_path):
    pl.DataFrame({"a": [[1]]}).write_parquet(tmp_path / "a.parquet")
    assert "a.parquet, column a: cells of type" in refusal(tmp_path / "a.parquet")
    zoned = pl.DataFrame({"t": [dt.datetime(2018, 2, 20)]}).cast(pl.Datetime("us", "UTC"))
    zoned.write_parquet(tmp_path / "b.parquet")
    assert "column t: times with a zone (UTC) are not read" in refusal(tmp_path / "b.parquet")


def test_parquet_is_limited_by_cells(tmp_path):
    pl.DataFrame({"a": range(1000), "b": range(1000)}).write_parquet(tmp_path / "a.parquet")
    assert "has 2000 cells, more than the 1500" in refusal(
        tmp_path / "a.parquet", Limits(cells=1500)
    )


def test_json_numbers_stay_as_written(tmp_path):
    text = (
        '[{"a": 1.10, "b": "站"}, {"b": null, "c": true, "a": 1e-3}, {"a": 12345678901234567890}]'
    )
    got = open_table(write(tmp_path, "a.json", text)).read()
    assert got.frame.columns == ["a", "b", "c"]
    assert got.frame.rows() == [
        ("1.10", "站", None),
        ("1e-3", None, "true"),
        ("12345678901234567890", None, None),
    ]
    assert got.rows.to_list() == [1, 2, 3]


def test_json_lines_count_lines(tmp_path):
    lines = "\n".join(json.dumps({"a": i}) for i in range(3))
    got = open_table(write(tmp_path, "a.jsonl", lines.replace("\n", "\n\n"))).read()
    assert got.rows.to_list() == [1, 3, 5]
    assert got.frame["a"].to_list() == ["0", "1", "2"]


def book(folder, rows, title="Sheet", name="a.xlsx"):
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    workbook.create_sheet("other").append(["x", "y"])
    workbook.save(folder / name)
    return folder / name


def test_a_sheet_reads_as_text(tmp_path):
    path = book(
        tmp_path,
        [
            ("station", "time", "so2", "day"),
            ("001", dt.datetime(2018, 2, 20, 7), 38, dt.date(2018, 2, 20)),
            (None, None, None, None),
            ("1001A", dt.datetime(2018, 2, 20, 7, 30, 15), 1.1, None),
        ],
    )
    table = open_table(path)
    got = table.read()
    assert table.sheet == "Sheet"
    assert got.rows.to_list() == [2, 4]
    assert got.frame.rows() == [
        ("001", "2018-02-20 07:00:00", "38", "2018-02-20 00:00:00"),
        ("1001A", "2018-02-20 07:30:15", "1.1", None),
    ]


def test_a_sheet_is_chosen_by_name(tmp_path):
    path = book(tmp_path, [("a", "b")])
    assert open_table(path, sheet="other").columns == ("x", "y")
    assert "there is no sheet 'third'; it has Sheet, other" in refusal(path, sheet="third")
    assert "only a workbook has sheets" in refusal(write(tmp_path, "a.csv", GOOD), sheet="x")


def test_an_empty_sheet_is_refused(tmp_path):
    assert "sheet 'Sheet' is empty" in refusal(book(tmp_path, []))


def test_small_blocks_come_as_batches_of_the_rows_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_text, "BLOCK", 16)
    path = tmp_path / "small.csv"
    path.write_text("a,b\n" + "".join(f"{n},x\n" for n in range(100)), encoding="utf-8")
    table = open_table(path)
    heights = [batch.frame.height for batch in table.batches(30)]
    assert sum(heights) == 100
    assert max(heights) <= 30
    assert min(heights[:-1]) > 20
    (whole,) = table.batches(1000)
    assert whole.frame["a"].to_list() == [str(n) for n in range(100)]
    assert whole.rows.to_list() == list(range(2, 102))
