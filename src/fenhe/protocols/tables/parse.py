"""From text cells to observations, by a feed's description; what is refused keeps its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl

from fenhe.base.errors import BadInput
from fenhe.protocols.tables import across
from fenhe.protocols.tables.decimals import read_floats
from fenhe.protocols.tables.feeds.model import HOURS, Feed, ItemColumn
from fenhe.protocols.tables.table import TextBatch
from fenhe.protocols.tables.times import read_times

OBSERVATIONS: dict[str, pl.DataType | type[pl.DataType]] = {
    "station": pl.String,
    "city": pl.String,
    "item": pl.String,
    "statistic": pl.String,
    "start": pl.Datetime("us"),
    "end": pl.Datetime("us"),
    "value": pl.Float64,
    "decimals": pl.UInt8,
    "raw_row": pl.Int64,
    "raw_column": pl.String,
}
REJECTED: dict[str, pl.DataType | type[pl.DataType]] = {
    "raw_row": pl.Int64,
    "raw_column": pl.String,
    "text": pl.String,
    "reason": pl.String,
}

REASONS = {
    "time_unreadable": ("时间不可读", "the time can not be read"),
    "station_empty": ("站点为空", "the station is empty"),
    "item_unknown": ("因子未知", "the item is not one of the feed"),
    "unit_wrong": ("单位不符", "the unit is not the declared one"),
    "unit_in_value": ("数值带单位", "the cell holds a unit or sign beside the number"),
    "not_a_number": ("非数字", "the text is no number"),
    "too_many_digits": ("位数过多", "the number has more digits than can be kept exactly"),
    "sentinel": ("缺测代码", "the value is a code for missing"),
    "negative": ("负值", "the concentration is negative"),
    "out_of_range": ("超出量程", "the value is beyond the hard range of the feed"),
}
_UNIT_IN_VALUE = r"^\s*[<>≤≥~≈]?\s*[-+]?[0-9]+(?:\.[0-9]+)?\s*[^0-9.,，\s]+.*$|^\s*[<>≤≥~≈]"
_BLANK = r"^[\s\u3000]*$"


@dataclass(frozen=True)
class Parsed:
    """A batch's outcome; received == observations.height + rejected.height."""

    observations: pl.DataFrame
    rejected: pl.DataFrame
    received: int
    # the same observations item by item, for counting without sorting them apart again
    parts: tuple[tuple[ItemColumn, pl.DataFrame], ...] = field(default=(), repr=False)
    # the index the file gives: raw_row, the feed's hour keys, aqi; None: it gives none
    published: pl.DataFrame | None = field(default=None, repr=False)


def parse(feed: Feed, batch: TextBatch) -> Parsed:
    """Turn a batch of text cells into observations, and name every refused cell.

    Each non-empty value cell becomes one observation or one rejected row with a reason
    code (``REASONS``); a row without a readable time or station gives all its cells to
    ``rejected``. Empty cells, and the missing marks the feed declares, are not received.
    Values are in the canonical unit, exactly shifted from the declared one; ``start`` and
    ``end`` are naive UTC. Raises ``BadInput`` for a column the feed needs and the batch
    lacks, or a feed whose column question is not settled.
    """
    if not feed.settled:
        raise BadInput(f"feed {feed.id}: settle(feed, table) decides its columns before parsing")
    frame = _trimmed(feed, batch)
    judged, refused = _LAYOUTS[feed.layout](feed, frame)
    observations = pl.concat([good for _, good, _ in judged])
    rejected = pl.concat([*refused, *(bad for _, _, bad in judged)])
    parts = tuple((item, good) for item, good, _ in judged)
    received = observations.height + rejected.height
    return Parsed(observations, rejected, received, parts, _published(feed, frame))


Judged = list[tuple[ItemColumn, pl.DataFrame, pl.DataFrame]]  # item, observed, refused
_KEYS = ("raw_row", "station", "city", "time", "row_reason")


def _trimmed(feed: Feed, batch: TextBatch) -> pl.DataFrame:
    """Add the row's keys: station, city, label time in UTC, and why the whole row is refused."""
    columns = batch.frame.columns
    feed.check_columns(columns, feed.id)
    column, height = feed.station.column, batch.frame.height
    city = feed.station.city if feed.station.city in columns else None
    keys = pl.DataFrame(
        [
            batch.rows.cast(pl.Int64).alias("raw_row"),
            (_name(batch.frame[column]) if column else _nulls(height)).alias("station"),
            (_name(batch.frame[city]) if city else _nulls(height)).alias("city"),
            read_times(feed.time_of(columns, feed.id), batch.frame).alias("time"),
        ]
    ).with_columns(
        row_reason=pl.when(pl.col("time").is_null())
        .then(pl.lit("time_unreadable"))
        .when(pl.col("station").is_null() & pl.lit(column is not None))
        .then(pl.lit("station_empty")),
        station=pl.coalesce("station", pl.lit(feed.station.fixed, pl.String)),
    )
    values = batch.frame.select(c for c in columns if c not in _KEYS)
    return pl.concat([keys, values], how="horizontal")


def _name(series: pl.Series) -> pl.Series:
    text = series.str.strip_chars(" \t\r\n\u00a0\u3000")
    return text.to_frame().select(pl.when(text.str.len_bytes() > 0).then(text)).to_series()


def _nulls(height: int) -> pl.Series:
    return pl.repeat(None, height, dtype=pl.String, eager=True)


def _wide(feed: Feed, frame: pl.DataFrame) -> tuple[Judged, list[pl.DataFrame]]:
    """Judge a wide table column by column."""
    judged: Judged = []
    for item in feed.items_in(frame.columns):
        column = feed.column_of(item, frame.columns, feed.id)
        cells = frame.select(*_KEYS, pl.col(column).alias("text"), pl.lit(column).alias("column"))
        judged.append((item, *_judge(cells, item, feed)))
    return judged, []


def _by_station(feed: Feed, frame: pl.DataFrame) -> tuple[Judged, list[pl.DataFrame]]:
    """Judge a table of one column a station type by type; cells of an unknown type are refused."""
    judged: Judged = [
        (item, *_judge(across.cells_of(feed, frame, item.names), item, feed)) for item in feed.items
    ]
    known = [name for item in feed.items for name in item.names] + list(feed.ignored)
    known += [feed.published_aqi] if feed.published_aqi else []
    unknown = across.cells_of(feed, frame, tuple(known), other=True)
    return judged, [_refused(_filled(unknown, feed), "item_unknown")]


def _long(feed: Feed, frame: pl.DataFrame) -> tuple[Judged, list[pl.DataFrame]]:
    """Judge a long table item by item; unknown items and other units are refused beside."""
    assert feed.item_column is not None and feed.value_column is not None  # noqa: S101, PT018
    unit = [feed.unit_column] if feed.unit_column in frame.columns else []
    tall = frame.select(
        *_KEYS,
        pl.col(feed.value_column).alias("text"),
        pl.lit(feed.value_column).alias("column"),
        pl.col(feed.item_column).str.strip_chars().alias("spelling"),
        *(pl.col(name).alias("unit") for name in unit if name),
    )
    empty = tall.clear()
    by_spelling = {
        key: part for (key,), part in tall.partition_by("spelling", as_dict=True).items()
    }
    refused: list[pl.DataFrame] = []
    judged: Judged = []
    for item in feed.items:
        part = pl.concat([by_spelling.pop(name, empty) for name in item.names])
        if unit:
            right = pl.col("unit").is_null() | _plain_unit(pl.col("unit")).eq(item.unit)
            refused.append(_refused(_filled(part.filter(~right), feed), "unit_wrong"))
            part = part.filter(right)
        judged.append((item, *_judge(part.select(*_KEYS, "text", "column"), item, feed)))
    unknown = pl.concat([empty, *by_spelling.values()])
    return judged, [*refused, _refused(_filled(unknown, feed), "item_unknown")]


_LAYOUTS = {"wide": _wide, "long": _long, "by_station": _by_station}


def _published(feed: Feed, frame: pl.DataFrame) -> pl.DataFrame | None:
    """Return the index the file itself gives, with its row and the feed's hour keys."""
    name = feed.published_aqi
    if name is None or (not feed.by_station and name not in frame.columns):
        return None
    if feed.by_station:
        cells = across.cells_of(feed, frame, (name,)).rename({"column": "raw_column"})
    else:
        cells = frame.with_columns(pl.col(name).alias("text"))
    aqi = read_floats(cells["text"]).value
    start = _start(feed, HOURS[feed.statistic])
    cells = cells.with_columns(start.alias("start"), aqi.alias("aqi"))
    keys = dict.fromkeys(("raw_row", *feed.hour_keys, "aqi"))
    return cells.select(*keys).drop_nulls()


def _start(feed: Feed, hours: int) -> pl.Expr:
    """Return when an interval begins whose label is the end or start the feed declares."""
    time = pl.col("time")
    return time - timedelta(hours=hours) if feed.times[0].label == "end" else time


def _plain_unit(unit: pl.Expr) -> pl.Expr:
    """Write the common spellings of a unit alike: µg/m³, μg/m3, ug/m^3."""
    plain = unit.str.strip_chars().str.to_lowercase().str.replace_all("[µμ]", "u")
    return plain.str.replace("³", "3", literal=True).str.replace("^", "", literal=True)


def _filled(frame: pl.DataFrame, feed: Feed) -> pl.DataFrame:
    """Leave out cells that are blank or hold a missing mark of the feed."""
    text = pl.col("text")
    blank = text.is_null() | text.str.contains(_BLANK) | text.str.strip_chars().is_in(feed.missing)
    return frame.filter(~blank)


def _refused(frame: pl.DataFrame, reason: str | pl.Expr) -> pl.DataFrame:
    return frame.select(
        "raw_row",
        pl.col("column").alias("raw_column"),
        "text",
        (pl.lit(reason) if isinstance(reason, str) else reason).alias("reason"),
    )


def _judge(cells: pl.DataFrame, item: ItemColumn, feed: Feed) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read one item's cells: (observations, rejected)."""
    cells = cells.filter(pl.col("text").is_not_null())
    read = read_floats(_numbers(cells["text"], item), item.shift)
    if read.bad.any() or read.value.null_count():
        cells = _filled(cells, feed)
        read = read_floats(_numbers(cells["text"], item), item.shift)
    cells = cells.with_columns(
        read.value.alias("value"), read.decimals.alias("decimals"), read.bad.alias("bad")
    )
    value, (low, high) = pl.col("value"), item.hard
    fits = value.is_between(low, high) & ~_is_sentinel(feed, item)
    good = cells.select((pl.col("row_reason").is_null() & fits).fill_null(value=False)).to_series()
    if good.all():
        return _observed(cells, item, feed), pl.DataFrame(schema=REJECTED)
    return (
        _observed(cells.filter(good), item, feed),
        _refused(cells.filter(~good), _reason(feed, item)),
    )


def _numbers(text: pl.Series, item: ItemColumn) -> pl.Series:
    """Put the numbers that the feed says in place of words: NNW is the middle of its sector."""
    if not item.words:
        return text
    plain = text.str.strip_chars()
    return plain.replace(list(item.words), list(item.words.values()))


def _is_sentinel(feed: Feed, item: ItemColumn) -> pl.Expr:
    codes = read_floats(pl.Series(feed.sentinels, dtype=pl.String), item.shift).value
    return pl.col("value").is_in(codes.implode()) if len(codes) else pl.lit(value=False)


def _reason(feed: Feed, item: ItemColumn) -> pl.Expr:
    """Say why a cell is refused, the first reason that holds."""
    text = pl.col("text")
    return (
        pl.when(pl.col("row_reason").is_not_null())
        .then(pl.col("row_reason"))
        .when(pl.col("bad") & text.str.contains(_UNIT_IN_VALUE))
        .then(pl.lit("unit_in_value"))
        .when(pl.col("bad") & text.str.contains(r"^\s*[-+]?[0-9.]+\s*$"))
        .then(pl.lit("too_many_digits"))
        .when(pl.col("bad"))
        .then(pl.lit("not_a_number"))
        .when(_is_sentinel(feed, item))
        .then(pl.lit("sentinel"))
        .when(pl.col("value") < 0)
        .then(pl.lit("negative"))
        .otherwise(pl.lit("out_of_range"))
    )


def _observed(cells: pl.DataFrame, item: ItemColumn, feed: Feed) -> pl.DataFrame:
    """Write the cells as observations."""
    start = _start(feed, HOURS[item.statistic])
    return cells.select(
        "station",
        "city",
        pl.lit(item.item).alias("item"),
        pl.lit(item.statistic).alias("statistic"),
        start.alias("start"),
        (start + timedelta(hours=HOURS[item.statistic])).alias("end"),
        "value",
        "decimals",
        "raw_row",
        pl.col("column").alias("raw_column"),
    )
