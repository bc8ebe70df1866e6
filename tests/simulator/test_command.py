"""``fenhe simulate``: tables in a folder, and what is asked of it wrongly."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from fenhe.cli.simulate import command


def run(*args: str) -> Result:
    return CliRunner().invoke(command, args, catch_exceptions=True)


def test_tables_are_written_and_say_that_they_are_simulated(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    told = run(
        "--write", str(folder), "--fleet", "park", "--from", "2026-08-03", "--days", "7",
        "--statistics", "1h", "--seed", "9",
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    assert "模拟数据" in told.output
    about = json.loads((folder / "about.json").read_text("utf-8"))
    assert about["simulated"] is True
    assert about["seed"] == 9
    outlets = pl.read_parquet(folder / "outlets.parquet")
    assert bool(outlets["simulated"].all())
    assert bool(outlets["name_zh"].str.starts_with("模拟").all())
    for site in outlets["site"].unique():
        hours = pl.read_parquet(folder / "series" / f"{site}.parquet")
        assert hours.filter(pl.col("statistic") == "1h").height > 0
    assert pl.read_parquet(folder / "labels.parquet").height > 0
    assert pl.read_parquet(folder / "events.parquet").height > 0
    assert pl.read_parquet(folder / "marks.parquet").height > 0


def test_the_same_command_writes_the_same_bytes(tmp_path: Path) -> None:
    args = ("--fleet", "sinter", "--from", "2026-08-03", "--days", "1", "--format", "csv")
    for name in ("one", "two"):
        assert run("--write", str(tmp_path / name), *args).exit_code == 0
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.csv"))
    assert len(files) == 6
    for path in files:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ((), "say one of --host HOST"),
        (("--write", "x", "--host", "h"), "say one of --host HOST"),
        (("--write", "x"), "needs --from DAY"),
        (("--registry", "x.xlsx"), "needs --region CODE"),
        (("--registry", "x.csv", "--region", "140105"), "is no .xlsx file"),
        (("--write", "x", "--from", "yesterday"), "'yesterday' is no moment"),
        (("--write", "x", "--from", "2026-08-03", "--planted", "F77"), "no pattern 'F77'"),
        (("--write", "x", "--from", "2026-08-03", "--fleet", "mill"), "no plant 'mill'"),
        (("--write", "x", "--from", "2026-08-03", "--statistics", "7min"), "is none of"),
        (("--write", "x", "--from", "2026-08-03T05:00"), "whole Beijing days"),
    ],
)
def test_what_is_asked_wrongly_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    found = run(*args)
    assert told in str(found.exception)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me", encoding="utf-8")
    found = run("--write", str(tmp_path), "--from", "2026-08-03")
    assert "is not empty" in str(found.exception)
    assert (tmp_path / "mine.txt").read_text("utf-8") == "keep me"


def test_without_a_host_that_listens_it_ends_and_tells_its_balance(tmp_path: Path) -> None:
    report = tmp_path / "balance.json"
    done = subprocess.run(
        [sys.executable, "-c", "from fenhe.cli.main import main; main()", "simulate",
         "--host", "127.0.0.1", "--port", "1", "--fleet", "sinter", "--for", "1",
         "--spread", "0", "--report", str(report)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "2 loggers, 2 outlets" in done.stdout
    told = json.loads(report.read_text("utf-8"))
    assert told["simulated"] is True
    assert told["fleet"]["failed"] >= 2
    assert told["fleet"]["balanced"] is True
    assert len(told["loggers"]) == 2


def test_lists_for_the_registry_mark_everything_as_simulated(tmp_path: Path) -> None:
    path = tmp_path / "lists.xlsx"
    told = run("--registry", str(path), "--region", "140105", "--fleet", "park")
    assert told.exit_code == 0, told.output
    outlets = pl.read_excel(path, sheet_name="outlets")
    devices = pl.read_excel(path, sheet_name="devices")
    channels = pl.read_excel(path, sheet_name="channels")
    assert set(outlets["simulated"]) == set(devices["simulated"]) == {"yes"}
    assert set(channels["outlet"]) == set(outlets["outlet"])
    assert set(channels["mn"].cast(pl.String)) <= set(devices["mn"].cast(pl.String))
    assert bool(pl.read_excel(path, sheet_name="limits")["document"].str.contains("虚构").all())


def test_a_later_run_is_as_if_cut_off_since_the_note(tmp_path: Path) -> None:
    note, report = tmp_path / "note.json", tmp_path / "balance.json"
    args = ["--host", "127.0.0.1", "--port", "1", "--fleet", "sinter", "--for", "0.3",
            "--note", str(note), "--spread", "0", "--report", str(report)]  # fmt: skip
    line = [sys.executable, "-c", "from fenhe.cli.main import main; main()", "simulate", *args]
    yesterday = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:00}"
    moments = []
    for extra in (["--since", yesterday], []):
        done = subprocess.run(
            [*line, *extra], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        moments.append(json.loads(note.read_text("utf-8"))["moment"])
        told = json.loads(report.read_text("utf-8"))["fleet"]
        assert told["waiting"] > 250  # nobody took anything: all of it is still to be said
        assert told["balanced"] is True
    assert moments[0] == moments[1]
