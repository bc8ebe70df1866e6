"""The evaluation of a year over Spark Connect with one worker and with two, and without it.

One code, ``fenhe.air.evaluate`` from hours to the year, on the same Parquet files: Apache Spark as
a standalone master with one or two workers of one core each (needs Java), Sail with one or two
threads, DuckDB, Polars. Each engine runs in a process of its own, once to warm up, then timed;
the results must be equal to the last digit. Workers share this machine: where it has two cores, the
driver and the second worker take turns, and the ratio says what that leaves of it.
Run: ``python benchmarks/spark_workers.py [--stations 200] [--level city] [--engines polars]``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
from common import Report
from polars.testing import assert_frame_equal
from station_year import DECIMALS, EDITION, TOPS, network

from fenhe import air

ENGINES = ("polars", "duckdb", "sail-1", "sail-2", "spark-1", "spark-2")
STATIONS_OF_A_CITY = 5
FILES = 4  # of Parquet, so that two workers find something to share
WAIT = 300.0
Evaluate = Callable[[], pl.DataFrame]


def write(folder: Path, stations: int) -> int:
    """Write a year of the stations, each with its city, and return how many values it holds."""
    hour = pl.col("time").dt.epoch("s") // 3600 - 9  # labels are ends, in Beijing time
    number = pl.col("station").str.head(4).cast(pl.Int64)
    table = network(stations).select(
        "station",
        pl.concat_str(pl.lit("C"), (number // STATIONS_OF_A_CITY).cast(pl.String)).alias("city"),
        hour.alias("start_hour"),
        *TOPS,
    )
    folder.mkdir()
    size = -(-table.height // FILES)
    for part in range(FILES):
        table.slice(part * size, size).write_parquet(folder / f"part{part}.parquet")
    return table.height * len(TOPS)


def judged(frame: Any, level: str) -> Any:
    """Return the evaluation of the year, as the kind of frame that was given."""
    params = {"period": "year", "level": level}
    return air.evaluate(frame, edition=EDITION, decimals=DECIMALS, **params)


@contextmanager
def engine(name: str, data: Path, level: str) -> Iterator[Evaluate]:
    """Start an engine and give a function that evaluates the files on it."""
    kind, _, workers = name.partition("-")
    if kind == "polars":
        files = pl.scan_parquet(data / "*.parquet")
        yield lambda: judged(files, level).collect(engine="streaming")
    elif kind == "duckdb":
        import duckdb

        link = duckdb.connect()
        yield lambda: judged(link.read_parquet(str(data / "*.parquet")), level).pl()
    else:
        with (sail if kind == "sail" else spark)(int(workers)) as session:
            read = session.read.parquet
            yield lambda: pl.DataFrame(pl.from_arrow(judged(read(str(data)), level).toArrow()))


@contextmanager
def sail(threads: int) -> Iterator[Any]:
    """Serve Spark Connect by Sail, without Java."""
    os.environ["SAIL_EXECUTION__DEFAULT_PARALLELISM"] = str(threads)
    os.environ["TOKIO_WORKER_THREADS"] = str(threads)
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    server = SparkConnectServer()
    server.start(background=True)
    session = SparkSession.builder.remote(f"sc://localhost:{server.listening_address[1]}")
    yield session.getOrCreate()
    server.stop()


@contextmanager
def spark(workers: int) -> Iterator[Any]:
    """Start a standalone master and workers of one core each, and Spark Connect in front."""
    import pyspark
    from pyspark.sql import SparkSession

    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    bin_, folder = Path(pyspark.__file__).parent / "bin", Path(tempfile.mkdtemp())
    port, door = _port(), _port()
    master, deploy = f"spark://127.0.0.1:{port}", "org.apache.spark.deploy"
    here = ["--host", "127.0.0.1", "--webui-port"]
    one = [f"{deploy}.worker.Worker", "--cores", "1", "--memory", "1g", "--work-dir", str(folder)]
    words = [
        [str(bin_ / "spark-class"), f"{deploy}.master.Master", *here, "0", "--port", str(port)]
    ]
    words += [[str(bin_ / "spark-class"), *one, *here, "0", master]] * workers
    server = [str(bin_ / "spark-submit"), "--master", master, "--driver-memory", "1g"]
    for key, value in _settings(workers, door, folder).items():
        server += ["--conf", f"{key}={value}"]
    words.append([*server, "--class", "org.apache.spark.sql.connect.service.SparkConnectServer"])
    words[-1].append("spark-internal")
    started: list[subprocess.Popen[bytes]] = []
    try:
        for one_process in words:
            with (folder / f"log{len(started)}").open("w") as log:
                started.append(subprocess.Popen(one_process, stdout=log, stderr=subprocess.STDOUT))
            if len(started) == 1:
                _answers(port)
        _answers(door)
        session = SparkSession.builder.remote(f"sc://127.0.0.1:{door}").getOrCreate()
        yield session
        session.stop()
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _settings(workers: int, door: int, folder: Path) -> dict[str, str]:
    return {
        "spark.connect.grpc.binding.port": str(door),
        "spark.executor.cores": "1",
        "spark.executor.memory": "1g",
        "spark.cores.max": str(workers),
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.sql.shuffle.partitions": str(2 * workers),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
    }


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> None:
    until = time.monotonic() + WAIT
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise SystemExit("Apache Spark did not answer")


def one_engine(name: str, data: Path, level: str, rounds: int, out: Path) -> None:
    """Evaluate on one engine; leave its result and its seconds in ``out``."""
    taken = []
    with engine(name, data, level) as evaluate:
        for _ in range(rounds + 1):
            begun = time.perf_counter()
            result = evaluate()
            taken.append(time.perf_counter() - begun)
        result.sort("area", "period_start").write_parquet(out / f"{name}.parquet")
        (out / f"{name}.json").write_text(json.dumps(taken))
    sys.stdout.flush()
    os._exit(0)  # Spark's gateway leaves threads behind that would keep the process


def in_its_own_process(name: str, data: Path, out: Path, given: argparse.Namespace) -> list[float]:
    """Run one engine, and return its seconds: the first one warms up."""
    words = [sys.executable, __file__, "--one", name, "--data", str(data), "--out", str(out)]
    words += ["--level", given.level, "--rounds", str(given.rounds)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if not (out / f"{name}.json").exists():
        raise SystemExit(f"{name}: {done.stderr[-3000:]}")
    seconds: list[float] = json.loads((out / f"{name}.json").read_text())
    return seconds


def compare(given: argparse.Namespace) -> None:
    """Measure every engine, hold the results against each other, print and save."""
    report = Report("spark_workers")
    names = given.engines.split(",")
    if shutil.which("java") is None:
        print("there is no Java here: Apache Spark is left out")
        names = [name for name in names if not name.startswith("spark")]
    best: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        count = write(out / "data", given.stations)
        for name in names:
            taken = in_its_own_process(name, out / "data", out, given)
            best[name] = min(taken[1:])
            report.rate(f"{name}, {given.level} level, to the year", count, best[name])
            report.time(f"{name}, the first time", taken[0])
            same_as_first(out / f"{names[0]}.parquet", out / f"{name}.parquet")
    print(f"results of {', '.join(names)} are equal to the last digit")
    for kind in ("sail", "spark"):
        one, two = best.get(f"{kind}-1"), best.get(f"{kind}-2")
        if one and two:
            report.ratio(f"{kind}: one worker / two, time (2 would be ideal)", one / two)
    for name in names:
        for peer in ("polars", "duckdb"):
            if peer in best and name not in ("polars", peer):
                report.ratio(f"{name} / {peer}, time", best[name] / best[peer])
    if (os.cpu_count() or 1) <= 2 and best.get("spark-2"):
        print("two cores carry driver, master and both workers: no measure of a real cluster")
    print(f"saved {report.save()}")


def same_as_first(first: Path, other: Path) -> None:
    """Hold two results against each other, every digit."""
    wanted = pl.read_parquet(first)
    got = pl.read_parquet(other).select(
        pl.col(name).cast(kind) for name, kind in wanted.schema.items()
    )
    assert_frame_equal(got, wanted, check_exact=True)


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=200)
    parser.add_argument("--level", choices=["station", "city"], default="city")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--engines", default=",".join(ENGINES), help=f"of {', '.join(ENGINES)}")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        one_engine(given.one, given.data, given.level, given.rounds, given.out)
    compare(given)


if __name__ == "__main__":
    main()
