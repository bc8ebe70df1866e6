"""Decimal text to exact integers, never through a binary float.

A number is read as written: ``2.50`` is 250 hundredths. Signs, exponents and
full-width digits are exact and accepted; thousands separators, units and signs
such as ``<`` are not guessed, they are bad.
"""

from __future__ import annotations

import decimal
from typing import NamedTuple

import polars as pl

MAX_DECIMALS = 9
_MAX_UNITS = 2**63 - 1
_POWERS = pl.Series([10**i for i in range(MAX_DECIMALS + 1)], dtype=pl.Int64)

# 10^22 is the last power of ten a float holds exactly
_FLOAT_POWERS = pl.Series([float(10**i) for i in range(23)], dtype=pl.Float64)
_SAFE_UNITS = 2**53
_SAFE_LENGTH = 16  # sign or point, and at most 15 digits: below 2^53

_PLAIN = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)$"
# what the slower exact reader is asked about; anything else is bad without asking
_UNUSUAL = r"^[-+.0-9eE－−＋．０-９ｅＥ]+$"
_WIDE = str.maketrans("０１２３４５６７８９．＋－−ｅＥ", "0123456789.+--eE")
_SPACE = " \t\r\n\u00a0\u3000"


class Scaled(NamedTuple):
    """Integers at one scale: value = units / 10^k; ``bad`` marks text that is no number."""

    units: pl.Series
    k: int
    bad: pl.Series


class Cells(NamedTuple):
    """Integers at each cell's own scale: value = mantissa / 10^decimals (UInt8)."""

    mantissa: pl.Series
    decimals: pl.Series
    bad: pl.Series


def scaled(series: pl.Series, max_decimals: int = MAX_DECIMALS) -> Scaled:
    """Read decimal text as integers at the column's own scale.

    ``k`` is the largest number of decimals written in the column, at most
    ``max_decimals`` (9). Longer numbers are cut there with a sticky last digit: a
    cut that drops something never leaves 0 or 5 behind, so a later rounding to
    fewer decimals meets no tie that was not written and loses none that was.
    Null and blank cells stay null and are not bad; text that is no number, and a
    number beyond 64 bits at that scale, is null and bad.
    """
    cells = read_cells(series, max_decimals)
    k = int(cells.decimals.max() or 0)  # type: ignore[arg-type]
    if k == 0:
        return Scaled(cells.mantissa, k, cells.bad)
    frame = pl.DataFrame({"m": cells.mantissa, "d": cells.decimals, "bad": cells.bad})
    missing_places = k - cells.decimals.cast(pl.Int64)
    frame = frame.with_columns(_POWERS.gather(missing_places).alias("f")).with_columns(
        fits=pl.col("m").abs() <= _MAX_UNITS // pl.col("f")
    )
    units = frame.select(pl.when("fits").then(pl.col("m") * pl.col("f")).alias(series.name))
    bad = frame.select((pl.col("bad") | ~pl.col("fits").fill_null(value=True)).alias("bad"))
    return Scaled(units.to_series(), k, bad.to_series())


def read_cells(series: pl.Series, max_decimals: int = MAX_DECIMALS) -> Cells:
    """Read decimal text as one integer and one number of decimals a cell.

    ``series`` is String; null and blank stay null. The number of decimals is that
    written (``2.50`` has 2, ``1e3`` has 0), at most ``max_decimals``, folded as in
    ``scaled``. Bad cells have a null mantissa.
    """
    return _all_plain(series, max_decimals) or _read_closely(series, max_decimals)


def _all_plain(series: pl.Series, max_decimals: int) -> Cells | None:
    """Read a column of nothing but digits, signs and points in few passes; else None.

    Without its point a plain number is a whole one, and what a whole number is cut from is
    plain, but for a point before the sign.
    """
    text = pl.col("t")
    point = text.str.find(".", literal=True).cast(pl.Int64)
    places = (text.str.len_bytes().cast(pl.Int64) - point - 1).fill_null(0)
    frame = pl.DataFrame({"t": series.cast(pl.String)})
    frame = frame.with_columns(
        m=text.str.replace(".", "", literal=True).cast(pl.Int64, strict=False), d=places
    )
    fits = (text.is_null() | pl.col("m").is_not_null()) & (pl.col("d") <= max_decimals)
    led = text.str.starts_with(".").any()
    if not frame.select((fits.all() & ~led).fill_null(value=True)).item():
        return None
    return Cells(
        frame["m"].alias(series.name),
        frame.select(pl.when(text.is_not_null()).then("d").cast(pl.UInt8)).to_series(),
        pl.repeat(value=False, n=len(series), dtype=pl.Boolean, eager=True).alias("bad"),
    )


def _read_closely(series: pl.Series, max_decimals: int) -> Cells:
    text = pl.col("t")
    frame = pl.DataFrame({"t": series.cast(pl.String)}).with_columns(text.str.strip_chars(_SPACE))
    frame = frame.with_columns(
        t=pl.when(text != "").then(text),
        point=text.str.find(".", literal=True).cast(pl.Int64),
        plain=text.str.contains(_PLAIN).fill_null(value=False),
    ).with_columns(
        d=pl.when(pl.col("point").is_null())
        .then(0)
        .otherwise(text.str.len_bytes().cast(pl.Int64) - pl.col("point") - 1)
    )
    digits = text.str.replace(".", "", literal=True).str.strip_prefix("+")
    frame = frame.with_columns(
        m=pl.when(pl.col("plain") & (pl.col("d") <= max_decimals))
        .then(digits)
        .cast(pl.Int64, strict=False)
    )
    frame = _read_unusual(frame, max_decimals)
    mantissa = frame["m"]
    return Cells(
        mantissa.alias(series.name),
        frame.select(pl.when(pl.col("m").is_not_null()).then("d").cast(pl.UInt8)).to_series(),
        frame.select((text.is_not_null() & pl.col("m").is_null()).alias("bad")).to_series(),
    )


def _read_unusual(frame: pl.DataFrame, max_decimals: int) -> pl.DataFrame:
    """Fill the cells the fast path left open, each distinct text once, with exact decimals."""
    left = pl.col("t").is_not_null() & pl.col("m").is_null()
    texts = (
        frame.filter(left & pl.col("t").str.contains(_UNUSUAL)).select(pl.col("t").unique())
    ).to_series()
    known = {text: pair for text in texts if (pair := _exact(text, max_decimals))}
    if not known:
        return frame
    found = pl.DataFrame(
        {
            "t": list(known),
            "m2": [pair[0] for pair in known.values()],
            "d2": [pair[1] for pair in known.values()],
        },
        schema={"t": pl.String, "m2": pl.Int64, "d2": pl.Int64},
    )
    return frame.join(found, on="t", how="left", maintain_order="left").with_columns(
        m=pl.coalesce("m", "m2"), d=pl.coalesce("d2", "d")
    )


def _exact(text: str, max_decimals: int) -> tuple[int, int] | None:
    """Read one number exactly; None when it is none or does not fit 64 bits."""
    try:
        number = decimal.Decimal(text.translate(_WIDE))
    except decimal.InvalidOperation:
        return None
    if not number.is_finite() or number.adjusted() > 18:
        return None
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)  # noqa: S101 - finite numbers have one
    places = min(max(-exponent, 0), max_decimals)
    with decimal.localcontext() as context:
        context.prec = 60
        context.rounding = decimal.ROUND_05UP
        units = int(number.quantize(decimal.Decimal(1).scaleb(-places)).scaleb(places))
    return (units, places) if abs(units) <= _MAX_UNITS else None


def shortest(series: pl.Series) -> pl.Series:
    """Write a float column as the shortest text that reads back to the same number.

    Whole numbers carry no ``.0``; NaN, the usual stand-in for an empty cell in such
    columns, becomes null; infinities stay ``inf`` and are refused as numbers later.
    """
    text = series.cast(pl.String)
    frame = pl.DataFrame({"v": series, "t": text})
    return frame.select(
        pl.when(~pl.col("v").is_nan()).then(pl.col("t").str.strip_suffix(".0")).alias(series.name)
    ).to_series()


def to_text(units: pl.Series, decimals: pl.Series) -> pl.Series:
    """Write integers at each cell's own scale back as decimal text, digit for digit.

    ``to_text(*read_cells(text)[:2])`` gives the plain spelling of the same number;
    null stays null.
    """
    frame = pl.DataFrame({"m": units.cast(pl.Int64), "d": decimals.cast(pl.Int64)})
    digits = pl.col("m").abs().cast(pl.String).str.zfill(pl.col("d") + 1)
    whole = digits.str.head(digits.str.len_bytes().cast(pl.Int64) - pl.col("d"))
    part = pl.when(pl.col("d") > 0).then("." + digits.str.tail(pl.col("d"))).otherwise(pl.lit(""))
    sign = pl.when(pl.col("m") < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return frame.select(pl.concat_str(sign, whole, part).alias(units.name)).to_series()


class Floats(NamedTuple):
    """Nearest floats with the decimals each cell wrote: round(value * 10^decimals) is exact."""

    value: pl.Series
    decimals: pl.Series
    bad: pl.Series


def read_floats(series: pl.Series, shift: int = 0) -> Floats:
    """Read decimal text as the nearest float of value / 10^shift, and its decimals (UInt8).

    The float is that of the decimal itself: no arithmetic on floats comes between. Cells
    whose digits do not fit 2^53 are bad, as is text that is no number; null stays null.
    """
    text = pl.col("t")
    frame = pl.DataFrame({"t": series}).with_columns(
        simple=text.str.contains(_PLAIN) & (text.str.len_bytes() <= _SAFE_LENGTH),
        d=(text.str.len_bytes().cast(pl.Int64) - text.str.find(".", literal=True) - 1).fill_null(0),
    )
    if shift or not frame.select((pl.col("simple") & (pl.col("d") <= MAX_DECIMALS)).all()).item():
        return _floats_of(read_cells(series), shift)
    done = frame.select(text.cast(pl.Float64), pl.when(text.is_not_null()).then("d").cast(pl.UInt8))
    return Floats(
        done.to_series(0).alias(series.name),
        done.to_series(1),
        pl.repeat(value=False, n=len(series), dtype=pl.Boolean, eager=True),
    )


def _floats_of(cells: Cells, shift: int) -> Floats:
    """Divide integers by their power of ten: both exact in a float, so the result is nearest."""
    frame = pl.DataFrame({"m": cells.mantissa, "d": cells.decimals, "bad": cells.bad})
    frame = frame.with_columns(
        bad=pl.col("bad") | (pl.col("m").abs() >= _SAFE_UNITS).fill_null(value=False),
        d=pl.col("d").cast(pl.Int64) + shift,
    ).with_columns(m=pl.when(~pl.col("bad")).then("m"))
    power = _FLOAT_POWERS.gather(frame["d"])
    done = frame.select(
        (pl.col("m").cast(pl.Float64) / power).alias(cells.mantissa.name),
        pl.when(pl.col("m").is_not_null()).then("d").cast(pl.UInt8),
        "bad",
    )
    return Floats(*done.get_columns())
