"""From decoded frames to what the store takes: values, flags, refused cells; pure but for data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from fenhe.base import beijing
from fenhe.platform.monitoring.frames import fields, heads, numbers
from fenhe.platform.monitoring.frames.mapping import Mapping
from fenhe.platform.monitoring.frames.reading import Read
from fenhe.protocols.hj212 import secret
from fenhe.quality import logger

INSTANT = timedelta(microseconds=1)  # a flag must end after it starts
FRAME = "frame"  # the column of a frame refused as a whole
SHOWN = 300  # characters of a refused frame kept as its text
AMBIENT = "22"  # system code of air stations, whose letters of 2005 are digits
CONDITION = "45"  # system code of production conditions, whose values are letters
OBSERVED = ["site", "item", "statistic", "start", "end", "value", "decimals", "raw_row"]
REFUSED = ["raw_row", "raw_column", "text", "reason"]
FLAGGED = ["site", "item", "statistic", "start", "end", "check", "version", "reason", "raw_row"]
HOUR = "1h"


@dataclass(frozen=True)
class Prepared:
    """A batch as ``Load.write`` takes it, with the judged frames beside."""

    observations: pl.DataFrame
    rejected: pl.DataFrame
    flags: pl.DataFrame
    frames: pl.DataFrame
    heads: pl.DataFrame  # see ``heads.judged``

    @property
    def received(self) -> int:
        """Return how many values and refused frames there are."""
        return self.observations.height + self.rejected.height


def prepare(read: Read, mapping: Mapping) -> Prepared:
    """Map decoded frames: each value to its series, in the unit it is kept in.

    ``observations`` also carry ``raw_column``. Every value of a taken frame is either an
    observation or a refused cell; a refused frame is one refused cell.
    """
    frames = heads.judged(read.headers, mapping)
    cells = _reasoned(_mapped(_cells(read.factors, frames), mapping))
    good = cells.filter(pl.col("reason").is_null())
    values = numbers.converted(good)
    bad = cells.filter(pl.col("reason").is_not_null())
    rejected = pl.concat(
        [
            bad.select(*REFUSED),
            _refused_frames(frames, read.payloads),
        ]
    ).sort("raw_row", maintain_order=True)
    return Prepared(
        values.select(*OBSERVED, "raw_column"),
        rejected,
        _flags(cells, read.factors),
        _counted(frames, cells),
        frames,
    )


def _cells(factors: pl.DataFrame, frames: pl.DataFrame) -> pl.DataFrame:
    """Return the values of the taken frames, each with its place on the wire (``cell``)."""
    taken = frames.filter(pl.col("refused").is_null(), pl.col("length").is_not_null()).select(
        "frame", "device", "st", "cn", "edition", "own_edition", "length", "data_time"
    )
    texts = pl.col("code", "suffix")
    cells = (
        factors.with_row_index("cell")
        .join(taken, on="frame", maintain_order="left")
        .with_columns(
            code_of=pl.col("code").str.to_lowercase(),
            suffix_of=pl.col("suffix").str.to_lowercase(),
            raw_column=pl.concat_str(texts, separator="-"),
        )
    )
    is_state = (pl.col("st") == CONDITION) & pl.col("value").is_null()
    return cells.filter(~pl.col("suffix_of").is_in(fields.BESIDE), ~is_state.fill_null(value=False))


def _mapped(cells: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    """Add site, item, factor and statistic; null where there is none."""
    start = pl.col("data_time")
    day = (start + beijing.OFFSET).dt.date()
    channels = _channels(cells.with_columns(day=day), mapping)
    named = cells.join(channels, on="cell", how="left", maintain_order="left")
    told = named.join(fields.table(), on=["cn", "suffix_of"], how="left", maintain_order="left")
    is_sum = pl.col("statistic").str.ends_with(".sum").fill_null(value=False)
    whole = pl.col("length") > 0
    end = start + pl.duration(minutes=pl.col("length"))
    return told.with_columns(
        num=pl.when(is_sum).then("num_sum").otherwise("num"),
        den=pl.when(is_sum).then("den_sum").otherwise("den"),
        statistic=pl.col("statistic").str.replace(
            fields.MINUTES, pl.concat_str(pl.col("length").cast(pl.String), pl.lit("min")),
            literal=True,
        ),
        start=start,
        end=pl.when(whole).then(end).otherwise(start),
    )  # fmt: skip


def _channels(cells: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    """Return for each cell its channel of the day; of several the one of its system code.

    ``elsewhen``: there is a channel of the code, on other days.
    """
    both = cells.select("cell", "device", "st", "code_of", "day").join(
        mapping.channels, left_on=["device", "code_of"], right_on=["device", "code"]
    )
    of_system = (pl.col("st_of") == "") | (pl.col("st_of") == pl.col("st").fill_null(""))
    fits = pl.col("day").is_between("since", "until").fill_null(value=True)
    ranked = both.filter(of_system).sort(
        "cell", fits, pl.col("st_of") != "", "since", descending=[False, True, True, True]
    )
    chosen = ranked.group_by("cell", maintain_order=True).first()
    held = pl.col("day").is_between("since", "until").fill_null(value=True)
    kept = ["site", "item", "num", "den", "num_sum", "den_sum"]
    return chosen.select(
        "cell", *(pl.when(held).then(name).alias(name) for name in kept), elsewhen=~held
    )


def _reasoned(cells: pl.DataFrame) -> pl.DataFrame:
    """Say why a value is refused; null where it is not. Of optional ones only values stay."""
    code = pl.concat_str(
        pl.col("st").fill_null(""), pl.lit("/"), pl.col("code_of").str.slice(0, 40)
    )
    reason = (
        pl.when(pl.col("statistic").is_null())
        .then(pl.concat_str(pl.lit("unknown_field:"), "cn", pl.lit("/"), "suffix"))
        .when(pl.col("elsewhen").fill_null(value=False))
        .then(pl.concat_str(pl.lit("channel_outside_dates:"), code))
        .when(pl.col("site").is_null())
        .then(pl.concat_str(pl.lit("unknown_code:"), code))
        .when(pl.col("num").is_null())
        .then(pl.concat_str(pl.lit("unit_of_channel:"), code))
        .when(pl.col("text") == "")
        .then(pl.lit("no_value"))
        .when(pl.col("value").is_null())
        .then(pl.lit("not_a_number"))
        .when(numbers.is_sentinel())
        .then(pl.lit("sentinel"))
    )
    told = cells.with_columns(reason=reason)
    left_out = pl.col("cn").is_in(fields.OPTIONAL) & pl.col("reason").is_not_null()
    talk = pl.col("cn").is_in(fields.SAYING) & pl.col("statistic").is_null()
    return told.filter(~left_out & ~talk)


def _flags(cells: pl.DataFrame, factors: pl.DataFrame) -> pl.DataFrame:
    """Return what the loggers say of their values, as intervals on each series of the record."""
    letters = _beside(factors, "flag")
    if letters.is_empty():
        return pl.DataFrame()
    series = cells.filter(pl.col("site").is_not_null(), pl.col("statistic").is_not_null())
    told = series.join(letters, on=["frame", "code_of"], maintain_order="left")
    edition = pl.coalesce("edition", "own_edition")
    parts = []
    for ambient in (False, True):
        here = told.filter((pl.col("st").fill_null("") == AMBIENT) == ambient)
        checks = logger.checks_of(here["flag"], here.select(edition).to_series(), ambient=ambient)
        parts.append(here.with_columns(check=checks))
    abnormal = pl.concat(parts).filter(pl.col("check").is_not_null())
    if abnormal.is_empty():
        return pl.DataFrame()
    more = _beside(factors, "eflag")
    said = abnormal.join(more, on=["frame", "code_of"], how="left", maintain_order="left")
    extended = pl.concat_str(pl.lit(" EFlag="), "eflag").fill_null("")
    return said.select(
        "site",
        "item",
        "statistic",
        "start",
        pl.max_horizontal("end", pl.col("start") + INSTANT).alias("end"),
        "check",
        pl.concat_str(pl.lit("HJ212-"), edition.fill_null(2017)).alias("version"),
        pl.concat_str(pl.lit("Flag="), "flag", extended).alias("reason"),
        "raw_row",
    ).unique(maintain_order=True)


def _beside(factors: pl.DataFrame, suffix: str) -> pl.DataFrame:
    """Return frame, code_of and the text of what stands beside values, the last one told."""
    is_it = pl.col("suffix").str.to_lowercase() == suffix
    return (
        factors.filter(is_it)
        .select(
            "frame",
            pl.col("code").str.to_lowercase().alias("code_of"),
            pl.col("text").alias(suffix),
        )
        .unique(["frame", "code_of"], keep="last", maintain_order=True)
    )


def _refused_frames(frames: pl.DataFrame, payloads: dict[int, bytes]) -> pl.DataFrame:
    refused = frames.filter(pl.col("refused").is_not_null())
    texts = [shown(payloads[row]) for row in refused["raw_row"]]
    return refused.select(
        "raw_row",
        pl.lit(FRAME).alias("raw_column"),
        pl.Series("text", texts, dtype=pl.String),
        pl.col("refused").alias("reason"),
    )


def shown(payload: bytes) -> str:
    """Return bytes as a person may see them: escaped, cut short, passwords and keys masked."""
    text = payload.decode("utf-8", "backslashreplace")
    masked = secret.within("".join(c if c.isprintable() else repr(c)[1:-1] for c in text))
    return masked if len(masked) <= SHOWN else f"{masked[:SHOWN]}… ({len(payload)} bytes)"


def _counted(frames: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Return the frames as they are counted: by the hour they came in."""
    holding = cells.filter(pl.col("reason").is_null())["frame"].unique()
    return frames.select(
        "raw_row",
        pl.col("at").dt.truncate(HOUR).alias("hour"),
        pl.col("frame").is_in(holding.implode()).alias("values"),
        pl.col("refused").is_not_null().alias("refused"),
    )
