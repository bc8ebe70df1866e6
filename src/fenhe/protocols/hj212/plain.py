"""The quick road of ``batch``: frames that are plain beyond doubt, read all together.

What is checked here is what ``decode`` checks, put the other way round: only a frame without
any deviation or remark passes. When in doubt it does not, and is decoded by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl

from fenhe.base import beijing
from fenhe.protocols.hj212 import checks, checksum, editions, tables
from fenhe.protocols.hj212.numbers import number

# years below 1000 are left to the slow road; whether a day exists is asked of the calendar
_TIME = "[1-9][0-9]{3}(?:0[1-9]|1[0-2])[0-3][0-9](?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]"
_FRAME = (
    rf"^##(?P<declared>[0-9]{{4}})QN=(?P<qn>{_TIME}[0-9]{{3}});ST=(?P<st>[0-9A-Z]{{2}});"
    r"CN=(?P<cn>[0-9]{4});PW=(?P<pw>[0-9A-Za-z]+);MN=(?P<mn>[0-9A-Za-z_.\-]+);"
    r"Flag=(?P<flag>[0-9]{1,3});(?:PNUM=(?P<pnum>[0-9]{1,4});PNO=(?P<pno>[0-9]{1,4});)?"
    rf"(?:RF=(?P<rf>1);)?CP=&&(?:DataTime=(?P<time>{_TIME})(?:;(?P<area>[!-%'-~]+))?)?&&"
    r"(?P<check>[0-9A-Fa-f]{4})\r\n$"
)
_ITEM = (
    r"^(?P<code>[0-9A-Za-z_]+)-(?P<suffix>[0-9A-Za-z]+)="
    # printable, without the separators & , ; = and without / and the space
    r"(?P<text>[!-%'-+\-.0-:<>-~]*)$"
)
#: What ``numbers.number`` takes for a number; without sign + and exponent, and of not more
#: digits than a float holds without question, it is read here.
_NUMERIC = r"^[+\-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+\-]?[0-9]{1,3})?$"
_SIMPLE = r"^-?[0-9]+(?:\.[0-9]+)?$"
_DIGITS = 15
#: Bytes of a frame round its data segment.
_ROUND = 12


@dataclass(frozen=True)
class Read:
    """Plain frames and their factors, and the places of those that are none."""

    heads: pl.DataFrame
    items: pl.DataFrame
    others: list[int]


def read(frames: Sequence[bytes]) -> Read:
    """Return what the plain ones among frames say."""
    ascii_only = [frame if frame.isascii() else None for frame in frames]
    texts = pl.Series("raw", ascii_only, dtype=pl.Binary).cast(pl.String)
    heads = _heads(texts)
    segments = [frames[n][6:-6] for n in heads["frame"]]
    right = pl.Series(checksum.crc_many(segments)) == heads["check"]
    heads = heads.filter(right)
    items, odd = _items(heads)
    if odd:
        heads = heads.filter(~pl.col("frame").is_in(odd))
        items = items.filter(~pl.col("frame").is_in(odd))
    found = set(heads["frame"])
    return Read(heads, items, [n for n in range(len(frames)) if n not in found])


def _heads(texts: pl.Series) -> pl.DataFrame:
    """Return the frames whose header and data area have the plain form."""
    longest = min(tables.limits(number)[0] for number in tables.EDITIONS)
    longest_area = min(tables.limits(number)[1] for number in tables.EDITIONS)
    size = pl.col("size")
    return (
        texts.str.extract_groups(_FRAME)
        .struct.unnest()
        .with_row_index("frame")
        .with_columns(size=texts.str.len_bytes().cast(pl.Int32) - _ROUND)
        .filter(
            pl.col("declared").cast(pl.Int32) == size,
            size <= longest,
            # DataTime and its separators count as well
            pl.col("area").fill_null("").str.len_bytes() <= longest_area - 24,
        )
        .with_columns(
            pl.col("flag").cast(pl.Int16),
            pl.col("check").str.to_integer(base=16, strict=False).cast(pl.UInt16),
            day=pl.col("qn").str.head(8).str.to_date("%Y%m%d", strict=False),
            data_time=pl.col("time").str.to_datetime("%Y%m%d%H%M%S", time_unit="us", strict=False)
            - beijing.OFFSET,
        )
        .with_columns(version=pl.col("flag") // 4)
        .filter(
            pl.col("flag") < 256,
            pl.col("version").is_in(editions.versions()),
            pl.col("day").is_not_null(),
            pl.col("time").is_null() == pl.col("data_time").is_null(),
            pl.col("st").is_in(sorted(tables.known_systems())),
            pl.col("cn").is_in(sorted(tables.known_commands())),
            _numbers_fit(),
        )
        .with_columns(
            pl.col("version").replace_strict(editions.versions()).alias("year"),
        )
        .with_columns(
            flag_version=pl.col("year").cast(pl.String),
            edition=pl.when(
                (pl.col("year") != 2025) | pl.col("st").is_in(sorted(editions.systems_of_2025()))
            ).then(pl.col("year")),
        )
    )


def _numbers_fit() -> pl.Expr:
    """Packet numbers are given when Flag says so, and not otherwise."""
    total, number = pl.col("pnum").cast(pl.Int32), pl.col("pno").cast(pl.Int32)
    told = pl.col("flag") // 2 % 2 == 1
    return (
        pl.when(told)
        .then(total.is_not_null() & (number >= 1) & (number <= total))
        .otherwise(total.is_null())
    )


def _items(heads: pl.DataFrame) -> tuple[pl.DataFrame, list[int]]:
    """Return the factors of frames with their typed values, and the frames that are not plain."""
    items = (
        heads.lazy()
        .filter(pl.col("area").is_not_null())
        .select("frame", pl.col("area").str.split(";"))
        .explode("area")
        .with_row_index("group")
        .with_columns(pl.col("area").str.split(","))
        .explode("area")
        .with_columns(pl.col("area").str.extract_groups(_ITEM).alias("item"))
        .unnest("item")
        .collect()
    )
    items = typed(items)
    return items, _odd(items)


def typed(items: pl.DataFrame) -> pl.DataFrame:
    """Add ``value`` and ``decimals`` to rows with a ``text``, as ``numbers.number`` reads it."""
    text, dot, size = pl.col("text"), pl.col("dot"), pl.col("size")
    places = pl.when(dot.is_null()).then(0).otherwise(size - dot - 1)
    found = (
        items.lazy()
        .with_columns(dot=text.str.find(".", literal=True), size=text.str.len_bytes())
        .with_columns(
            simple=text.str.contains(_SIMPLE)
            & (size <= _DIGITS + dot.is_not_null() + text.str.starts_with("-"))
        )
        .with_columns(
            value=pl.when("simple").then(text).cast(pl.Float64, strict=False),
            decimals=pl.when("simple").then(places),
        )
        .drop("dot", "size")
        .collect()
    )
    return _others_typed(found)


def _others_typed(items: pl.DataFrame) -> pl.DataFrame:
    """Give their values to numbers with an exponent, a plus or very many digits."""
    rare = items.filter(~pl.col("simple") & pl.col("text").str.contains(_NUMERIC))["text"].unique()
    if rare.is_empty():
        return items
    rows = [(text, *(number(text) or (None, None))) for text in rare]
    schema: dict[str, Any] = {
        "text": pl.String,
        "rare": pl.Float64,
        "places": items.schema["decimals"],
    }
    return items.join(
        pl.DataFrame(rows, schema=schema, orient="row"),
        on="text",
        how="left",
        maintain_order="left",
    ).with_columns(value=pl.coalesce("value", "rare"), decimals=pl.coalesce("decimals", "places"))


def _odd(items: pl.DataFrame) -> list[int]:
    """Return the frames with an item that is no plain factor."""
    code, group = pl.col("code"), pl.col("group")
    mixed = (group == group.shift(1)) & code.ne_missing(code.shift(1))
    no_number = pl.col("suffix").is_in(_number_suffixes()) & pl.col("value").is_null()
    odd = code.is_null() | mixed.fill_null(False) | no_number
    return [*items.filter(odd)["frame"].unique(), *_repeated(items)]


def _repeated(items: pl.DataFrame) -> list[int]:
    """Return the frames in which a code and suffix stand twice.

    Compared by hash: one that is hit by chance only takes the slow road.
    """
    keys = items.select("frame", key=pl.struct("code", "suffix").hash() ^ pl.col("frame").hash())
    if keys["key"].n_unique() == len(keys):
        return []
    return keys.filter(pl.col("key").is_duplicated())["frame"].unique().to_list()


@cache
def _number_suffixes() -> list[str]:
    return sorted(checks.NUMBERS)
