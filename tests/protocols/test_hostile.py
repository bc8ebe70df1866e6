"""Files made to exhaust memory, and files larger than memory should need."""

from __future__ import annotations

import io
import re
import resource
import struct
import subprocess
import sys
import zipfile

import openpyxl
import pytest

from fenhe.base.errors import BadInput
from fenhe.protocols.tables import unzip
from fenhe.protocols.tables.reader import NO_LIMITS, WEB, open_table

MB = 1024 * 1024


def refusal(path, limits=NO_LIMITS):
    with pytest.raises(BadInput) as caught:
        open_table(path, limits)
    return str(caught.value)


def workbook(path, rows=((("a", "b")), (1, 2))):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def with_part(path, name, content):
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return path


@pytest.mark.parametrize("limits", [NO_LIMITS, WEB])
def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, limits):
    bomb = with_part(workbook(tmp_path / "bomb.xlsx"), "xl/media/a.xml", b"0" * (300 * MB))
    assert bomb.stat().st_size < MB
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "nothing was read" in refusal(bomb, limits)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 64 * 1024, f"{grown} kB more memory"


def test_a_bomb_whose_directory_lies_is_found_by_counting(tmp_path):
    bomb = with_part(workbook(tmp_path / "lie.xlsx"), "xl/media/a.xml", b"0" * (100 * MB))
    data = bytearray(bomb.read_bytes())
    size = struct.pack("<I", 100 * MB)
    for match in list(re.finditer(re.escape(size), bytes(data))):
        data[match.start() : match.start() + 4] = struct.pack("<I", 10)
    bomb.write_bytes(data)
    with zipfile.ZipFile(bomb) as archive:
        assert archive.getinfo("xl/media/a.xml").file_size == 10
    assert "more than 100 times its size, as a zip bomb does" in refusal(bomb)


def test_a_workbook_is_limited_by_its_unpacked_size(tmp_path, monkeypatch):
    path = workbook(tmp_path / "a.xlsx", [("a", "b"), *((i, i) for i in range(5000))])
    message = refusal(path, type(WEB)(unpacked_bytes=100_000))
    assert "unpacked it is larger than 0 MB; nothing was read" in message
    monkeypatch.setattr(unzip, "_MAX_PARTS", 3)
    assert "more parts than any workbook" in refusal(path)


def test_a_sheet_with_one_far_cell_is_no_huge_grid(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "a", 1
    book.save(tmp_path / "grid.xlsx")
    message = refusal(tmp_path / "grid.xlsx")
    assert "reaches to row 1048576 and column 16384" in message


def test_an_ordinary_workbook_passes_all_of_it(tmp_path):
    rows = [("name", "value"), *(("x", i / 7) for i in range(20_000))]
    got = open_table(workbook(tmp_path / "a.xlsx", rows), WEB).read()
    assert got.frame.height == 20_000


def test_errors_and_bare_formulas_in_cells_are_kept_as_text(tmp_path):
    rows = [("name", "value", "other"), ("a", "#N/A", 1), ("b", "=1+1&2", 2)]
    got = open_table(workbook(tmp_path / "a.xlsx", rows)).read()
    assert got.frame.rows() == [("a", "#N/A", "1"), ("b", "=1+1&2", "2")]
    assert got.rows.to_list() == [2, 3]


def test_a_header_below_the_first_row_is_refused_not_found(tmp_path):
    book = openpyxl.Workbook()
    book.active["B3"], book.active["B4"] = "name", "x"
    book.save(tmp_path / "a.xlsx")
    assert "row 1 is empty; it must name the columns" in refusal(tmp_path / "a.xlsx")


READ = """
import re, sys
from fenhe.protocols.tables import feeds
from fenhe.protocols.tables.parse import parse
from fenhe.protocols.tables.reader import open_table
feed, received = feeds.load("tidy-hourly"), 0
for batch in open_table(sys.argv[1]).batches():
    received += parse(feed, batch).received
status = open("/proc/self/status").read()  # rusage would count the parent before exec
print(received, int(re.search(r"VmHWM:\\s+([0-9]+) kB", status)[1]) // 1024)
"""


@pytest.mark.slow
def test_a_large_file_streams_in_bounded_memory(tmp_path):
    path = tmp_path / "large.csv"
    block = io.StringIO()
    for i in range(40_000):
        block.write(
            f"{1000 + i % 1500}A,2024-01-{1 + i % 28:02} 07:00,{i % 90},{i % 70},0.{i % 9},9,,7\n"
        )
    copies = 400 * MB // len(block.getvalue())
    with path.open("w") as file:
        file.write("station,time,so2,no2,co,o3,pm10,pm25\n")
        for _ in range(copies):
            file.write(block.getvalue())
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True
    )
    received, peak = map(int, done.stdout.split())
    assert received == copies * 40_000 * 5
    assert path.stat().st_size > 390 * MB
    assert peak < 300
