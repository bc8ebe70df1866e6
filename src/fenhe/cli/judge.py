"""``fenhe judge``: a table judged by a method and the edition of each row's own day."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import click
import polars as pl

from fenhe import standards
from fenhe.base.errors import BadInput, Place
from fenhe.cli import frames
from fenhe.methods import across, registry
from fenhe.methods.contract import Call, Column, Method
from fenhe.methods.names import read_as
from fenhe.methods.run import editions, meant, run
from fenhe.protocols.tables import decimals
from fenhe.protocols.tables.reader import open_table
from fenhe.protocols.tables.writer import open_writer

#: Rows judged at a time: what bounds the memory of a large file.
ROWS = 200_000


@click.command("judge")
@click.argument("method_id", metavar="METHOD")
@click.argument("source", metavar="INPUT", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="File to write."
)
@click.option(
    "--edition", "named", multiple=True, metavar="ID", help="Edition to judge by; one a standard."
)
@click.option("--on", metavar="DATE", help="Judge by the edition in force on this day.")
@click.option(
    "--param",
    "given",
    multiple=True,
    metavar="KEY=VALUE",
    help="Parameter of the method; KEY=@FILE takes the text of a file.",
)
@click.option("--trace", is_flag=True, help="Add the intermediate columns.")
@click.option(
    "--overlays",
    type=click.Path(exists=True, path_type=Path),
    help="File or folder of what an authority adopts, supplies or tightens.",
)
@click.option("--sheet", metavar="NAME", help="Worksheet to read; the first without it.")
def command(
    *,
    method_id: str,
    source: Path,
    output: Path,
    named: tuple[str, ...],
    on: str | None,
    given: tuple[str, ...],
    trace: bool,
    overlays: Path | None,
    sheet: str | None,
) -> None:
    """Judge the rows of a file and write them with the result's columns.

    INPUT and OUTPUT are .csv, .parquet, .xlsx, .json or .jsonl, told by their names.
    Without --edition and --on each row is judged by the edition in force on its own
    day. 'fenhe methods show METHOD' tells the columns.
    """
    click.get_current_context().with_resource(standards.overlaid(overlays))
    method = registry.method(method_id)
    params = method.read_params(_pairs(given))
    names = read_as(method, named)
    _warn_unused(method, names)
    edition, known = editions(method, names, None if on is None else _day(on))
    if source.resolve() == output.resolve():
        raise BadInput("the result would replace the input", place=Place(str(output)))
    outputs = method.outputs(known if edition is None else [edition], trace)
    table = open_table(source, sheet=sheet)
    frames.check_columns(method, table, outputs)
    rows = sys.maxsize if across.all_rows(method) else ROWS
    by_day = edition is None
    edition, params = across.editions_given(method, params, edition, known)
    counts: Counter[str] = Counter()
    with open_writer(output, _number_columns(method, outputs)) as writer:
        for batch in frames.batches(method, table, by_day=by_day, rows=rows):
            call = Call(batch.decimals, params, trace)
            result = run(method, batch.lazy, call, edition, known).to_native()
            judged: pl.DataFrame = result.collect(engine="streaming")
            writer.write(_readable(judged, outputs))
            counts.update(dict(judged["status"].value_counts().iter_rows()))
            _progress(counts.total())
        if not counts:
            writer.write(_empty(table.columns, outputs))
    _tell(counts, output)


def _pairs(given: Sequence[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign:
            raise BadInput(f"--param {text}: write name=value")
        pairs[name.strip()] = _text(value.strip())
    return pairs


def _text(value: str) -> str:
    """Return a parameter's text, or that of the file named behind an @."""
    if not value.startswith("@"):
        return value
    try:
        return Path(value[1:]).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"can not be read: {error}", place=Place(value[1:])) from None


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007
    except ValueError:
        raise BadInput(f"--on {text}: write a day as 2026-03-01") from None


def _warn_unused(method: Method, named: Sequence[str]) -> None:
    for edition in (meant(method, name) for name in named):
        if not method.uses(edition.standard):
            click.echo(
                f"fenhe: {method.id} does not use {edition.standard}; --edition {edition.id} "
                "has no effect",
                err=True,
            )


def _number_columns(method: Method, outputs: Sequence[Column]) -> list[str]:
    return [*method.numbers, *(c.name for c in outputs if c.scale)]


def _readable(frame: pl.DataFrame, outputs: Sequence[Column]) -> pl.DataFrame:
    """Write scaled integers of a trace as decimal text and drop the columns of their scales."""
    scaled = [c for c in outputs if c.scale]
    texts = [
        decimals.to_text(frame[c.name], frame[c.scale].cast(pl.UInt8)).alias(c.name) for c in scaled
    ]
    return frame.with_columns(texts).drop({c.scale for c in scaled})


def _empty(columns: Sequence[str], outputs: Sequence[Column]) -> pl.DataFrame:
    schema: dict[str, pl.DataType] = {name: pl.String() for name in columns}
    schema |= {c.name: pl.Int64() if c.kind == "integer" else pl.String() for c in outputs}
    return _readable(pl.DataFrame(schema=schema), outputs)


def _progress(rows: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{rows:,} rows", nl=False, err=True)


def _tell(counts: Counter[str], output: Path) -> None:
    if sys.stderr.isatty():
        click.echo("\r", nl=False, err=True)
    parts = ", ".join(f"{n:,} {status}" for status, n in sorted(counts.items()))
    click.echo(f"{counts.total():,} rows to {output}" + (f": {parts}" if parts else ""), err=True)
