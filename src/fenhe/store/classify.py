"""What each incoming row is: new, an identical duplicate, a correction, or a conflict.

Pure functions over frames. Rows of one hour are taken in file order, each against
the value that stands just before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

REPEATED_HOUR = "repeated_hour"
RULE = "later row wins"

HOUR = ["series", "start"]


def _same_hour(step: int) -> pl.Expr:
    """Tell whether the row ``step`` before is of the same hour; rows are sorted."""
    same = [pl.col(name) == pl.col(name).shift(step) for name in HOUR]
    return pl.all_horizontal(same).fill_null(value=False)


@dataclass(frozen=True)
class Classified:
    """The outcome for one batch; frames carry the columns of an observation.

    ``current``: rows that stand after the batch. ``passed``: rows of the batch that a
    later row of the batch replaced at once. ``replaced``: hours whose standing value
    goes to history. ``conflicts``: one row per hour told twice by one file (series,
    start, end, reason).
    """

    current: pl.DataFrame
    passed: pl.DataFrame
    replaced: pl.DataFrame
    conflicts: pl.DataFrame
    stored: int
    corrected: int
    duplicate: int


def against(incoming: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    """Return the batch in order of hour and file row, beside the value standing before it.

    ``incoming``: series, statistic, start, end, value, decimals, raw_row, at most one
    standing row per hour. Adds was_value, was_end, was_raw, was_row, was_commit (null: none).
    """
    was = standing.select(
        *HOUR,
        pl.col("value").alias("was_value"),
        pl.col("end").alias("was_end"),
        pl.col("raw").alias("was_raw"),
        pl.col("raw_row").alias("was_row"),
        pl.col("commit").alias("was_commit"),
    )
    ordered = incoming.sort([*HOUR, "raw_row"], maintain_order=True)
    return ordered.join(was, on=HOUR, how="left", maintain_order="left")


def doubtful(beside: pl.DataFrame) -> pl.DataFrame:
    """Return the hours whose former rows must be looked up: the value is not the standing one."""
    differs = (pl.col("value") != pl.col("was_value")) | (pl.col("end") != pl.col("was_end"))
    return beside.filter(differs).select(HOUR).unique()


def classify(
    beside: pl.DataFrame, told_before: pl.DataFrame, raw: int, opened: int, *, stream: bool = False
) -> Classified:
    """Sort one batch of the file ``raw`` into what stands, what is history and what is known.

    ``opened``: the commit that opened this import. ``told_before``: what earlier imports
    of this same file told and history holds (series, start, end, value). Telling it again
    is no news and counts as a duplicate, unless the very row that stands is now read
    otherwise: then the reading was mended, and that is a correction. ``stream``: the rows are
    what a source told one after the other, so another value is a correction, never a conflict.
    """
    news = beside
    if not told_before.is_empty():
        keys = [*HOUR, "end", "value"]
        told = told_before.select(keys).unique().with_columns(pl.lit(value=True).alias("told"))
        mended = (pl.col("was_raw") == raw) & (pl.col("was_row") == pl.col("raw_row"))
        known = pl.col("told").fill_null(value=False) & ~mended.fill_null(value=False)
        marked = beside.join(told, on=keys, how="left", maintain_order="left")
        news = marked.filter(~known).drop("told")
    late, news = _late(news)
    judged = _judge(news, raw, opened, stream=stream)
    stored = judged.filter(pl.col("kind") != "duplicate")
    # sorted by hour and row: the last stored row of an hour is the one that stands
    split = stored.with_columns((~_same_hour(-1)).alias("stands"))
    changed = stored.filter(pl.col("kind") != "new", pl.col("stood"))
    return Classified(
        current=split.filter("stands"),
        passed=pl.concat([split.filter(~pl.col("stands")).select(late.columns), late]),
        replaced=changed.select(HOUR).unique(),
        conflicts=_conflicts(stored.filter(pl.col("kind") == "conflict")),
        stored=stored.height + late.height,
        corrected=int((stored["kind"] == "correction").sum()),
        duplicate=beside.height - stored.height - late.height,
    )


def _late(news: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the rows that came in before what stands was known: they are history from the start.

    ``told``, where there is such a column: the commit at which the row had come in first.
    """
    if "told" not in news.columns:
        return news.clear(), news
    other = (pl.col("value") != pl.col("was_value")) | (pl.col("end") != pl.col("was_end"))
    is_late = ((pl.col("told") < pl.col("was_commit")) & other).fill_null(value=False)
    return news.filter(is_late), news.filter(~is_late)


def _judge(news: pl.DataFrame, raw: int, opened: int, *, stream: bool) -> pl.DataFrame:
    """Add kind, stood (a value stood in the store) and the former value of each row."""
    before = {"prev_value": "value", "prev_end": "end", "prev_row": "raw_row"}
    was = {"prev_value": "was_value", "prev_end": "was_end", "prev_row": "was_row"}
    this_import = (pl.col("was_raw") == raw) & (pl.col("was_commit") > opened)
    told = news.with_columns(
        _same_hour(1).alias("again"), pl.col("was_raw").is_not_null().alias("stood")
    )
    told = told.with_columns(
        *(
            pl.when("again").then(pl.col(before[name]).shift(1)).otherwise(was[name]).alias(name)
            for name in before
        ),
        ((pl.col("again") | this_import) & (not stream)).fill_null(value=False).alias("same_file"),
    )
    same = (pl.col("value") == pl.col("prev_value")) & (pl.col("end") == pl.col("prev_end"))
    kind = (
        pl.when(~(pl.col("again") | pl.col("stood")))
        .then(pl.lit("new"))
        .when(same)
        .then(pl.lit("duplicate"))
        .when("same_file")
        .then(pl.lit("conflict"))
        .otherwise(pl.lit("correction"))
    )
    return told.with_columns(kind.alias("kind"))


def _conflicts(rows: pl.DataFrame) -> pl.DataFrame:
    reason = pl.concat_str(
        pl.lit("row "),
        pl.col("prev_row").cast(pl.String),
        pl.lit(" says "),
        pl.col("prev_value").cast(pl.String),
        pl.lit(", row "),
        pl.col("raw_row").cast(pl.String),
        pl.lit(" says "),
        pl.col("value").cast(pl.String),
    )
    return (
        rows.with_columns(reason.alias("reason"))
        .group_by(HOUR, maintain_order=True)
        .agg(pl.col("end").max(), pl.col("reason").str.join("; "))
    )
