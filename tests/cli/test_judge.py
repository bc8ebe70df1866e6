"""``fenhe judge``: editions by day, formats both ways, clear errors, nothing guessed."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from click.testing import CliRunner, Result

from fenhe.base.errors import BadInput
from fenhe.cli.main import cli

HEADER = "station,time,so2,no2,co,o3,pm10,pm25"
VERDICT = ["aqi", "aqi_of_available", "primary", "category", "status", "reason", "unverified"]
VERDICT += ["edition"]
ITEMS = ["so2", "no2", "co", "o3", "pm10", "pm25"]
Rows = list[dict[str, str]]


class Desk:
    """A folder with a file to judge and the result beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, text: str, name: str = "in.csv") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, method: str, source: Path, *words: str, output: str = "out.csv") -> Result:
        command = ["judge", method, str(source), "-o", str(self.folder / output), *words]
        return CliRunner().invoke(cli, command, catch_exceptions=False)

    def judge(self, method: str, text: str, *words: str) -> Rows:
        assert self.run(method, self.write(text), *words).exit_code == 0
        with (self.folder / "out.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def hourly(*rows: str) -> str:
    return "\n".join([HEADER, *rows]) + "\n"


def test_the_columns_are_those_agreed_and_rows_keep_their_order(desk: Desk) -> None:
    rows = desk.judge(
        "air.aqi_hourly",
        hourly("b,2026-03-01T01:00,5,10,0.5,50,120,60", "a,2018-02-20 07:00,31,67,2.6,13,137,126"),
    )
    assert list(rows[0]) == [*HEADER.split(","), *(f"iaqi_{i}" for i in ITEMS), *VERDICT]
    assert [row["station"] for row in rows] == ["b", "a"]
    assert [row["aqi"] for row in rows] == ["100", "166"]
    assert [row["primary"] for row in rows] == ["pm10;pm25", "pm25"]
    assert [row["category"] for row in rows] == ["2", "4"]


def test_each_row_is_judged_by_the_edition_of_its_start(desk: Desk) -> None:
    values = "5,10,0.5,50,120,60"
    times = ["2026-02-28 24:00", "2026-03-01 00:00", "2026-03-01 01:00", "2015-12-31 09:00"]
    rows = desk.judge("air.aqi_hourly", hourly(*(f"s,{time},{values}" for time in times)))
    assert [r["edition"] for r in rows] == ["HJ633-2012", "HJ633-2012", "HJ633-2026", ""]
    assert [r["aqi"] for r in rows] == ["85", "85", "100", ""]
    assert (rows[3]["status"], rows[3]["reason"]) == ("not_judged", "no_edition")


def test_missing_items_under_both_editions(desk: Desk) -> None:
    values = ["5,10,,50,60,30", "5,10,,50,251,30", ",,,,,", "-999,10,1,50,9999,30"]
    old, new = (
        desk.judge("air.aqi_hourly", hourly(*(f"s,{day} 05:00,{v}" for v in values)))
        for day in ("2020-01-01", "2026-06-01")
    )
    assert [r["status"] for r in old] == ["judged", "judged", "not_judged", "judged"]
    statuses = ["not_published", "judged", "not_judged", "not_published"]
    assert [r["status"] for r in new] == statuses
    assert [r["reason"] for r in new] == [
        "missing:co",
        "missing:co",
        "no_data",
        "invalid:so2;invalid:pm10",
    ]
    withheld = new[0]
    assert (withheld["aqi"], withheld["primary"], withheld["category"]) == ("", "", "")
    assert (withheld["aqi_of_available"], withheld["iaqi_pm10"]) == ("58", "58")


def test_exempt_items_are_a_parameter(desk: Desk) -> None:
    text = hourly("s,2026-06-01 05:00,5,10,,50,,30")
    rows = desk.judge("air.aqi_hourly", text, "--param", "exempt=co,pm10")
    assert (rows[0]["status"], rows[0]["aqi"]) == ("judged", "43")
    assert rows[0]["reason"] == "exempt:co;exempt:pm10"
    with pytest.raises(BadInput, match=r"exempt: 'tsp' is no item"):
        desk.judge("air.aqi_hourly", text, "--param", "exempt=tsp")
    with pytest.raises(BadInput, match="has no parameter 'grade'; it has: exempt"):
        desk.judge("air.aqi_hourly", text, "--param", "grade=II")


def test_special_cases_of_sulphur_dioxide_and_ozone(desk: Desk) -> None:
    head = "area,date,so2,no2,co,o3_8h,pm10,pm25,o3_1h\n"
    text = head + "".join(f"x,{day},5,10,1,801,20,10,900\n" for day in ("2020-01-01", "2026-06-01"))
    old, new = desk.judge("air.aqi_daily", text)
    assert (old["iaqi_o3_8h"], old["iaqi_o3_1h"], old["primary"]) == ("", "350", "o3_1h")
    assert old["reason"] == "beyond_table:o3_8h"
    assert (new["iaqi_o3_8h"], new["iaqi_o3_1h"], new["aqi"]) == ("300", "", "300")
    rows = desk.judge(
        "air.aqi_hourly",
        hourly(*(f"s,{day} 05:00,801,10,1,50,20,10" for day in ("2020-01-01", "2026-06-01"))),
    )
    assert [r["iaqi_so2"] for r in rows] == ["", "200"]
    assert [r["aqi"] for r in rows] == ["20", "200"]


def test_a_daily_file_without_the_hourly_ozone_is_judged(desk: Desk) -> None:
    text = "area,date,so2,no2,co,o3_8h,pm10,pm25\nx,2020-01-01,5,10,1,80,20,10\n"
    (row,) = desk.judge("air.aqi_daily", text)
    assert (row["status"], row["aqi"], row["reason"]) == ("judged", "40", "missing:o3_1h")
    (row,) = desk.judge("air.aqi_daily", text, "--edition", "HJ633-2026")
    assert "iaqi_o3_1h" not in row
    assert row["reason"] == ""


def test_unverified_values_are_listed_where_they_decide(desk: Desk) -> None:
    text = hourly(
        "s,2020-01-01 05:00,5,10,1,50,20,75.5",  # 76 or 75.5: other index
        "s,2020-01-01 05:00,5.5,10,1,50,20,90",  # rounding SO2 changes nothing
        "s,2020-01-01 05:00,5,10,1,50,601,90",  # beyond the table
        "s,2026-06-01 05:00,0,0,0,0,0,0",  # an index of 0
    )
    rows = desk.judge("air.aqi_hourly", text)
    assert [row["unverified"] for row in rows] == [
        "HJ633-2012/concentration_rounding",
        "",
        "HJ633-2012/cap",
        "HJ633-2026/zero_index",
    ]
    assert [row["aqi"] for row in rows] == ["102", "119", "500", "0"]
    assert rows[3]["category"] == "1"
    (row,) = desk.judge("air.aqi_hourly", hourly("s,2020-01-01 05:00,5,10,1,50,20,75.4"))
    assert (row["aqi"], row["unverified"]) == ("100", "HJ633-2012/concentration_rounding")


def test_numbers_never_pass_through_a_float(desk: Desk) -> None:
    long = "60.500000000000000001"  # a float would make it the tie 60.5, which rounds to 60
    text = hourly(
        f"s,2026-06-01 05:00,5,10,1,50,20,{long}", "s,2026-06-01 05:00,5,10,1,50,20,6.05e1"
    )
    rows = desk.judge("air.aqi_hourly", text)
    assert [row["iaqi_pm25"] for row in rows] == ["101", "100"]
    assert [row["pm25"] for row in rows] == [long, "6.05e1"]


def test_single_indices_need_an_edition_or_a_day(desk: Desk) -> None:
    text = "item,conc,note\nPM2.5_24h,60.5,a\nco_1H,1.1,b\nSO2_1h,,c\n"
    with pytest.raises(BadInput, match=r"--edition \(HJ633-2012, HJ633-2026\) or a day with --on"):
        desk.judge("air.iaqi", text)
    rows = desk.judge("air.iaqi", text, "--on", "2026-03-01")
    assert [row["iaqi"] for row in rows] == ["100", "11", ""]
    assert [row["note"] for row in rows] == ["a", "b", "c"]
    assert rows[2]["reason"] == "missing:conc"
    assert desk.judge("air.iaqi", text, "--edition", "hj633-2012")[0]["iaqi"] == "82"
    with pytest.raises(BadInput, match=r"row 2, column item: 'PM3_24h' is none of SO2_24h"):
        desk.judge("air.iaqi", "item,conc\nPM3_24h,5\n", "--on", "2026-03-01")


def test_an_edition_of_another_standard_is_warned_about(desk: Desk) -> None:
    source = desk.write(hourly("s,2020-01-01 05:00,5,10,1,50,20,10"))
    answer = desk.run("air.aqi_hourly", source, "--edition", "GB3095-2012")
    assert answer.exit_code == 0
    assert "does not use GB3095; --edition GB3095-2012 has no effect" in answer.stderr
    with pytest.raises(BadInput, match="name one edition of HJ633, not 2"):
        desk.run("air.aqi_hourly", source, "--edition", "HJ633-2012", "--edition", "HJ633-2026")


def test_an_empty_or_unreadable_day_is_an_error_with_its_place(desk: Desk) -> None:
    values = "5,10,1,50,20,10"
    with pytest.raises(BadInput, match=r"in\.csv, row 3, column time: is empty"):
        desk.judge("air.aqi_hourly", hourly(f"s,2020-01-01 05:00,{values}", f"s,,{values}"))
    with pytest.raises(BadInput, match=r"row 2, column time: '2020/1/1 5:00' is not a time"):
        desk.judge("air.aqi_hourly", hourly(f"s,2020/1/1 5:00,{values}"))
    rows = desk.judge("air.aqi_hourly", hourly(f"s,,{values}"), "--edition", "HJ633-2026")
    assert rows[0]["status"] == "judged"


def test_text_in_a_number_column_is_listed_and_counted(desk: Desk) -> None:
    rows = [f"s,2020-01-01 05:00,5,10,{'abc' if n % 2 else 1},50,20,10" for n in range(60)]
    with pytest.raises(BadInput, match=r"row 3, column co: 30 cells can not be used") as caught:
        desk.judge("air.aqi_hourly", hourly(*rows))
    lines = str(caught.value).splitlines()
    assert len(lines) == 22
    assert lines[1] == "  row 3, column co: 'abc' is not a number"
    assert lines[-1] == "  … and 10 more"
    assert not (desk.folder / "out.csv").exists()
    assert [path.name for path in desk.folder.iterdir()] == ["in.csv"]


def test_missing_columns_are_named_with_those_there_and_a_hint(desk: Desk) -> None:
    text = "station,time,SO2,no2,co,o3,pm10,PM2.5\ns,2020-01-01 05:00,1,1,1,1,1,1\n"
    with pytest.raises(BadInput, match="needs the columns so2, pm25; the file has") as caught:
        desk.judge("air.aqi_hourly", text)
    assert "'PM2.5' looks like pm25: rename it" in str(caught.value)
    assert "'SO2' looks like so2: rename it" in str(caught.value)


def test_an_output_column_already_there_is_an_error(desk: Desk) -> None:
    text = f"{HEADER},aqi\ns,2020-01-01 05:00,1,1,1,1,1,1,7\n"
    with pytest.raises(BadInput, match="already has the columns aqi"):
        desk.judge("air.aqi_hourly", text)


def test_formulas_in_passing_text_are_made_harmless(desk: Desk) -> None:
    cells = ["=1+1", "+cmd", "-x", "@a", "-5", "+5.2", "plain", "-1e3"]
    text = f"{HEADER},note\n" + "".join(f"s,2020-01-01 05:00,1,1,1,1,1,1,{c}\n" for c in cells)
    rows = desk.judge("air.aqi_hourly", text)
    wanted = ["'=1+1", "'+cmd", "'-x", "'@a", "-5", "+5.2", "plain", "-1e3"]
    assert [row["note"] for row in rows] == wanted


def test_repeated_hours_are_judged_row_by_row(desk: Desk) -> None:
    rows = desk.judge(
        "air.aqi_hourly",
        hourly("s,2020-01-01 05:00,1,1,1,1,1,1", "s,2020-01-01 05:00,1,1,1,1,1,99"),
    )
    assert [row["aqi"] for row in rows] == ["10", "130"]


def test_a_file_without_rows_gives_the_header(desk: Desk) -> None:
    assert desk.judge("air.aqi_hourly", HEADER + "\n") == []
    first = (desk.folder / "out.csv").read_text(encoding="utf-8").splitlines()[0]
    assert first.endswith("unverified,edition")


TYPED: list[dict[str, Any]] = [
    {"station": "001", "time": datetime(2026, 3, 1, 0), "so2": 5, "no2": 10, "co": 0.5, "o3": 50,
     "pm10": 120.5, "pm25": 60.5, "extra": "甲"},
    {"station": "002", "time": datetime(2026, 3, 1, 1), "so2": 5, "no2": 10, "co": 1.1, "o3": 50,
     "pm10": 120.5, "pm25": None, "extra": "乙"},
]  # fmt: skip


def typed_file(folder: Path, kind: str) -> Path:
    path = folder / f"in.{kind}"
    plain = [row | {"time": row["time"].isoformat(" ")} for row in TYPED]
    if kind == "parquet":
        pl.DataFrame(TYPED).write_parquet(path)
    elif kind == "json":
        path.write_text(json.dumps(plain, ensure_ascii=False), encoding="utf-8")
    elif kind == "jsonl":
        lines = (json.dumps(row, ensure_ascii=False) for row in plain)
        path.write_text("\n".join(lines), encoding="utf-8")
    elif kind == "csv":
        pl.DataFrame(plain).write_csv(path)
    else:
        with xlsxwriter.Workbook(str(path)) as book:
            sheet = book.add_worksheet()
            as_time = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
            sheet.write_row(0, 0, list(TYPED[0]))
            for number, row in enumerate(TYPED, start=1):
                sheet.write_row(number, 0, list(row.values()))
                sheet.write_datetime(number, 1, row["time"], as_time)
    return path


def read_back(path: Path) -> pl.DataFrame:
    kind = path.suffix[1:]
    if kind == "xlsx":
        return pl.read_excel(path, infer_schema_length=None)
    if kind == "jsonl":
        return pl.read_ndjson(path)
    reader = {"csv": pl.read_csv, "parquet": pl.read_parquet, "json": pl.read_json}[kind]
    return reader(path)


@pytest.mark.parametrize("target", ["csv", "parquet", "xlsx", "json", "jsonl"])
@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx", "json", "jsonl"])
def test_every_format_in_and_out(desk: Desk, kind: str, target: str) -> None:
    answer = desk.run(
        "air.aqi_hourly", typed_file(desk.folder, kind), "--trace", output=f"out.{target}"
    )
    assert answer.exit_code == 0
    result = read_back(desk.folder / f"out.{target}")
    assert result["edition"].to_list() == ["HJ633-2012", "HJ633-2026"]
    assert result["aqi"].to_list() == [85, None]
    assert result["aqi_of_available"].to_list() == [85, 100]
    assert result["iaqi_co"].to_list() == [5, 11]
    assert result["reason"].to_list() == [None, "missing:pm25"]
    assert result["extra"].to_list() == ["甲", "乙"]
    assert result["rounded_co"].to_list() == [0.5, 1.1]
    assert result["numerator_co"].to_list() == [25, 55]
    assert [float(x) for x in result["pm10"]] == [120.5, 120.5]


def test_json_numbers_stay_as_they_are_written(desk: Desk) -> None:
    text = (
        '[{"station":"s","time":"2026-06-01 05:00","so2":5,"no2":10,"co":1.10,'
        '"o3":50,"pm10":20,"pm25":60.500000000000000001}]'
    )
    assert desk.run("air.aqi_hourly", desk.write(text, "in.json"), output="out.json").exit_code == 0
    written = (desk.folder / "out.json").read_text(encoding="utf-8")
    (row,) = json.loads(written, parse_float=Decimal)
    assert row["pm25"] == Decimal("60.500000000000000001")
    assert '"co":1.10,' in written
    assert row["iaqi_pm25"] == 101


def test_decimal_columns_of_parquet_are_exact(desk: Desk) -> None:
    row = {"station": ["s"], "time": [datetime(2026, 6, 1, 5)], "so2": [5], "no2": [10], "o3": [50]}
    exact = {c: pl.Series([Decimal(v)], dtype=pl.Decimal(10, 2)) for c, v in
             (("co", "1.15"), ("pm10", "20.00"), ("pm25", "60.50"))}  # fmt: skip
    pl.DataFrame(row | exact).write_parquet(desk.folder / "in.parquet")
    answer = desk.run("air.aqi_hourly", desk.folder / "in.parquet", "--trace", output="out.json")
    assert answer.exit_code == 0
    (result,) = json.loads((desk.folder / "out.json").read_text())
    assert (result["rounded_co"], result["rounded_pm25"]) == (1.2, 60)


def test_the_file_kind_is_told_by_its_name(desk: Desk) -> None:
    source = desk.write(hourly("s,2020-01-01 05:00,1,1,1,1,1,1"))
    with pytest.raises(BadInput, match=r"unknown file type; known are \.csv, \.parquet"):
        desk.run("air.aqi_hourly", source, output="out.doc")
    with pytest.raises(BadInput, match="there is no such file"):
        desk.run("air.aqi_hourly", desk.folder / "none.csv")
    with pytest.raises(BadInput, match="would replace the input"):
        desk.run("air.aqi_hourly", source, output="in.csv")


def test_city_values_from_sites(desk: Desk) -> None:
    values = ["60", "61", "61", "", ""]
    text = "area,site,start_hour,item,value\n" + "".join(
        f"x,s{n},492312,pm25,{v}\n" for n, v in enumerate(values)
    )
    (row,) = desk.judge("air.area_hourly", text)
    assert (row["n_valid"], row["n_due"], row["reason"]) == ("3", "5", "below_minimum")
    (row,) = desk.judge("air.area_hourly", text.replace("s3,492312,pm25,", "s3,492312,pm25,60"))
    assert (row["value"], row["mean"], row["decimals"]) == ("60.0", "60.5", "0")
    assert row["unverified"] == "HJ663-2026/city_share"


def test_large_files_are_judged_in_batches(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fenhe.cli.judge.ROWS", 7)
    days = ("2020-01-01", "2026-06-01", "2014-01-01")
    lines = [f"s{n},{days[n % 3]} 05:00,1,1,1,1,120,{n}.5" for n in range(50)]
    rows = desk.judge("air.aqi_hourly", hourly(*lines))
    assert [row["station"] for row in rows] == [f"s{n}" for n in range(50)]
    editions = {0: "HJ633-2012", 1: "HJ633-2026", 2: ""}
    assert [row["edition"] for row in rows] == [editions[n % 3] for n in range(50)]
