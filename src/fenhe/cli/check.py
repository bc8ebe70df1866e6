"""``fenhe check``: series in a file checked by data; flags and coverage out, without a store."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import click
import polars as pl

from fenhe.base.errors import BadInput, Place
from fenhe.base.sentinels import SENTINELS
from fenhe.cli.frames import Problems
from fenhe.protocols.tables import decimals
from fenhe.protocols.tables.reader import open_table
from fenhe.protocols.tables.writer import write_table
from fenhe.quality import checks, config, neighbours
from fenhe.quality.config import Config
from fenhe.standards import catalogue, loader

_LENGTH = re.compile(r"(\d+)(min|h|d)$")
_UNIT = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_UTC = {"start_utc": "start", "end_utc": "end"}
_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")


@click.command("check")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--config",
    "named",
    default="AIRQC-2026",
    show_default=True,
    metavar="ID|FILE",
    help="Numbers of the checks: an edition such as SOURCEQC-2026, or a file of that form.",
)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="File for the flags."
)
@click.option("--coverage", type=click.Path(path_type=Path), help="File for what was checked.")
@click.option("--check", "only", multiple=True, metavar="NAME", help="Make this check alone.")
@click.option(
    "--statistic", default="instant", metavar="NAME", help="Of files without this column: 1h, 1min."
)
@click.option(
    "--places",
    type=click.Path(path_type=Path),
    help="Stations with site, lon, lat: compare neighbours as well.",
)
@click.option("--near", default=60.0, show_default=True, help="Neighbours lie within so many km.")
@click.option("--sheet", metavar="NAME", help="Worksheet to read; the first without it.")
def command(
    *,
    source: Path,
    named: str,
    output: Path,
    coverage: Path | None,
    only: tuple[str, ...],
    statistic: str,
    places: Path | None,
    near: float,
    sheet: str | None,
) -> None:
    """Check every series of FILE and write flags, and where checks were made.

    FILE (.csv, .parquet, .xlsx, .json) has a row a value: site, item, start, value; and, if
    there, statistic, end, quality (a code), method (of the instrument). Without end the
    statistic tells how long a value lasts; an instant lasts no time. Times leave as they came
    in. A code for missing (-999, 9999.99 …) is flagged and never a number.
    """
    rules = read_config(named)
    rows, refused = read_series(source, statistic, sheet)
    found = checks.run(rows, rules, only or None)
    if places is not None:
        apart = neighbours.run(rows, neighbours.pairs(_places(places), near), rules)
        found = checks.Result(
            pl.concat([found.flags, apart.flags]), pl.concat([found.coverage, apart.coverage])
        )
    flags = pl.concat([refused.select(list(checks.FLAG)), found.flags])
    flags = flags.sort("site", "item", "statistic", "start", "check")
    write_table(_named_back(flags, source, sheet), output)
    if coverage is not None:
        write_table(_named_back(found.coverage, source, sheet), coverage)
    counts = flags["check"].value_counts(sort=True).iter_rows()
    told = ", ".join(f"{count:,} {check}" for check, count in counts) or "none"
    click.echo(f"{rows.height:,} values checked by {rules.version}; flags: {told}", err=True)


def read_config(named: str) -> Config:
    """Return the configuration of an edition, or of a file of the same form.

    Raises ``BadInput`` with file and line for a file that is wrong, with the known ids for an
    unknown edition.
    """
    path = Path(named)
    if path.suffix != ".toml":
        return config.of(catalogue().edition(named))
    if not path.is_file():
        raise BadInput("there is no such file", place=Place(named))
    whole = path.resolve()
    (edition,) = loader.edition_file(whole, whole.parents[1])
    return config.of(edition)


def read_series(
    source: Path, statistic: str, sheet: str | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the values of a file and the flags for its codes for missing.

    Raises ``BadInput`` naming file, row and column of what can not be used.
    """
    text = _columns(_parquet(source) if source.suffix == ".parquet" else _text(source, sheet))
    frame, rows = text.drop("row"), text["row"]
    problems = Problems(source.name)
    for name in ("site", "item", "start", "value"):
        if name not in frame.columns:
            raise BadInput(f"the table needs the column {name}", place=Place(source.name))
    if "statistic" not in frame.columns:
        frame = frame.with_columns(pl.lit(statistic).alias("statistic"))
    frame = _timed(frame, rows, problems)
    frame = _valued(frame, rows, problems)
    problems.raise_if_any()
    is_code = pl.col("value").is_in([float(code) for code in SENTINELS])
    codes = frame.filter(is_code).with_columns(
        check=pl.lit("sentinel"),
        version=pl.lit(None, dtype=pl.String),
        limit=pl.lit(None, dtype=pl.String),
        reason=pl.col("value").cast(pl.String),
        end=pl.max_horizontal("end", pl.col("start") + pl.duration(seconds=1)),
    )
    return frame.filter(~is_code), codes


def _named_back(found: pl.DataFrame, source: Path, sheet: str | None) -> pl.DataFrame:
    """Return times under the names the file has for them."""
    if source.suffix == ".parquet":
        columns = tuple(pl.read_parquet_schema(source))
    else:
        columns = open_table(source, sheet=sheet).columns
    return (
        found.rename({"start": "start_utc", "end": "end_utc"}) if "start_utc" in columns else found
    )


def _places(source: Path) -> pl.DataFrame:
    """Return site, lon, lat of a file. Raises ``BadInput`` naming what can not be used."""
    batch = open_table(source).read()
    for name in ("site", "lon", "lat"):
        if name not in batch.frame.columns:
            raise BadInput(f"the table needs the column {name}", place=Place(source.name))
    problems = Problems(source.name)
    frame = batch.frame
    for name in ("lon", "lat"):
        cells = decimals.read_floats(frame[name])
        problems.add(batch.rows, name, frame[name], cells.bad, "is not a number")
        frame = frame.with_columns(cells.value)
    problems.raise_if_any()
    return frame.select("site", "lon", "lat")


def _parquet(source: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(source).with_row_index("row", 1)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadInput(f"can not be read: {error}", place=Place(str(source))) from None


def _text(source: Path, sheet: str | None) -> pl.DataFrame:
    batch = open_table(source, sheet=sheet).read()
    return batch.frame.with_columns(batch.rows.alias("row"))


def _columns(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.rename({old: new for old, new in _UTC.items() if old in frame.columns})


def _timed(frame: pl.DataFrame, rows: pl.Series, problems: Problems) -> pl.DataFrame:
    """Return the frame with start and end as naive times."""
    for name in ("start", "end"):
        if name in frame.columns:
            frame = frame.with_columns(_times(frame[name], rows, problems))
    if "end" in frame.columns:
        return frame
    lengths = {name: _length(name) for name in frame["statistic"].drop_nulls().unique()}
    lasts = pl.col("statistic").replace_strict(lengths, return_dtype=pl.Duration("us"))
    return frame.with_columns(end=pl.col("start") + lasts)


def _length(statistic: str) -> timedelta:
    found = _LENGTH.match(statistic)
    return int(found[1]) * _UNIT[found[2]] if found else timedelta()


def _times(cells: pl.Series, rows: pl.Series, problems: Problems) -> pl.Series:
    if cells.dtype.is_temporal():
        return cells.cast(pl.Datetime("us"))
    text = pl.col(cells.name).str.replace("T", " ", literal=True)
    read = pl.coalesce(text.str.to_datetime(form, strict=False) for form in _TIMES)
    times = cells.to_frame().select(read.cast(pl.Datetime("us"))).to_series()
    bad = times.is_null()
    problems.add(rows, cells.name, cells, bad, "is not a time; write 2018-02-20 07:00")
    return times


def _valued(frame: pl.DataFrame, rows: pl.Series, problems: Problems) -> pl.DataFrame:
    """Return the frame with numbers in value and quality."""
    for name in ("value", "quality"):
        if name in frame.columns and frame[name].dtype == pl.String:
            cells = decimals.read_floats(frame[name])
            problems.add(rows, name, frame[name], cells.bad, "is not a number")
            frame = frame.with_columns(cells.value)
    return frame
