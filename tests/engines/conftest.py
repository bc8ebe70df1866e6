"""Engines a frame can be computed on; FENHE_SPARK=apache takes Apache Spark instead of Sail."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import polars as pl
import pytest

Compute = Callable[[pl.DataFrame, Callable[[Any], Any]], pl.DataFrame]

APACHE = os.environ.get("FENHE_SPARK") == "apache"
SPARK = pytest.param("apache", marks=pytest.mark.spark) if APACHE else "sail"
ENGINES = ["polars", "polars-streaming", "duckdb", SPARK]


def _scope(fixture_name: str, config: pytest.Config) -> str:
    """Apache Spark starts slowly and waits; Sail starts at once and drops an idle session."""
    return "session" if APACHE else "module"


@pytest.fixture(scope=_scope)  # type: ignore[call-overload]
def spark() -> Iterator[Any]:
    """A Spark Connect session: served by Sail, or by Apache Spark with two threads."""
    from pyspark.sql import SparkSession

    if APACHE:
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        session = SparkSession.builder.remote("local[2]").getOrCreate()
        yield session
        session.stop()
        return
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer()
    server.start(background=True)
    _, port = server.listening_address
    session = SparkSession.builder.remote(f"sc://localhost:{port}").getOrCreate()
    yield session
    session.stop()
    server.stop()


@pytest.fixture(params=ENGINES)
def compute(request: pytest.FixtureRequest, tmp_path: Path) -> Compute:
    """Run a function of a native lazy frame on one engine; rows come back sorted by ``n``."""
    engine: str = request.param
    native = request.getfixturevalue("spark") if engine in ("sail", "apache") else None

    def run(frame: pl.DataFrame, function: Callable[[Any], Any]) -> pl.DataFrame:
        if engine.startswith("polars"):
            mode = "streaming" if engine.endswith("streaming") else "in-memory"
            result: pl.DataFrame = _native(function(frame.lazy())).collect(engine=mode)  # type: ignore[call-overload]
        else:
            path = tmp_path / "frame.parquet"
            frame.write_parquet(path)
            if engine == "duckdb":
                result = _native(function(duckdb.read_parquet(str(path)))).pl()
            else:
                answer = _native(function(native.read.parquet(str(path))))
                result = pl.DataFrame(pl.from_arrow(answer.toArrow()))
        return result.sort("n")

    return run


def _native(frame: Any) -> Any:
    return frame.to_native() if isinstance(frame, nw.LazyFrame) else frame
