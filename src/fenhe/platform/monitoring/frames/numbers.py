"""Numbers of the wire in the unit they are kept in, and the codes that are no numbers."""

from __future__ import annotations

import polars as pl

from fenhe.base.errors import BadInput

# What instruments and loggers write where there is no value (HJ 212-2025, 8.1.1 d: the largest
# value of the type). Whole numbers such as 9999 are left: a total may well be one.
SENTINELS = (
    -999.0, -9999.0, -99999.0, -999.9, -999.99, -9999.9, -9999.99, -99999.9, -99999.99,
    9999.9, 9999.99, 99999.9, 99999.99, 999999.99,
)  # fmt: skip
MORE = 4  # decimals more where a factor is no power of ten
MOST = 9
_TEN = 10
_POWERS = pl.Series([float(_TEN**i) for i in range(23)], dtype=pl.Float64)


def is_sentinel() -> pl.Expr:
    """Return whether ``value`` is a code for missing."""
    return pl.col("value").is_in(list(SENTINELS))


def converted(cells: pl.DataFrame) -> pl.DataFrame:
    """Return cells with ``value`` and ``decimals`` in the kept unit: value times num over den.

    Exact where the factor is a power of ten: 1.35 µg/m³ are 0.00135 mg/m³ with five decimals.
    Else the quotient has four decimals more than were written, at most nine.
    """
    same = (pl.col("num") == 1) & (pl.col("den") == 1)
    if cells.select(same.all()).item():
        return cells
    parts = cells.partition_by("num", "den", maintain_order=True, as_dict=True)
    found = [_scaled(part, int(num), int(den)) for (num, den), part in parts.items()]
    return pl.concat(found).sort("cell")


def _scaled(part: pl.DataFrame, num: int, den: int) -> pl.DataFrame:
    shift = _power(num, den)
    if shift is None:
        return _divided(part, num, den)
    places = pl.col("decimals").cast(pl.Int64) - shift
    # as a whole number first: a whole number times or over a power of ten is the nearest float
    return (
        part.with_columns(whole=_whole(), places=places)
        .with_columns(
            value=pl.col("whole") * _power_of(-pl.col("places")) / _power_of(pl.col("places")),
            decimals=pl.col("places").clip(0).cast(pl.UInt8),
        )
        .drop("whole", "places")
    )


def _divided(part: pl.DataFrame, num: int, den: int) -> pl.DataFrame:
    written = pl.col("decimals").cast(pl.Int64)
    places = (written + MORE).clip(upper_bound=MOST).clip(lower_bound=written)
    scaled = pl.col("value") * num / den * _power_of(pl.col("places"))
    return (
        part.with_columns(places=places)
        .with_columns(
            value=scaled.round(0) / _power_of(pl.col("places")),
            decimals=pl.col("places").cast(pl.UInt8),
        )
        .drop("places")
    )


def _whole() -> pl.Expr:
    return (pl.col("value") * _power_of(pl.col("decimals").cast(pl.Int64))).round(0)


def _power_of(exponent: pl.Expr) -> pl.Expr:
    """Return ten to a power of 0 to 22; to one below it, 1."""
    return pl.lit(_POWERS).gather(exponent.clip(0, 22))


def _power(num: int, den: int) -> int | None:
    """Return k where num/den is 10 to the k; None where it is no power of ten."""
    if num <= 0 or den <= 0:
        raise BadInput(f"{num}/{den} is no factor between units")
    large, sign = (num, 1) if den == 1 else (den, -1)
    if 1 not in {num, den}:
        return None
    text = str(large)
    return sign * (len(text) - 1) if text.strip("0") == "1" and text[0] == "1" else None
