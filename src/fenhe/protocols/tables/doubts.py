"""What speaks against a file: each doubt as a sentence a person understands."""

from __future__ import annotations

from collections.abc import Iterator
from math import log, sqrt

import polars as pl

from fenhe.protocols.tables.decimals import read_floats
from fenhe.protocols.tables.feeds.model import Feed, ItemColumn
from fenhe.protocols.tables.parse import REASONS
from fenhe.protocols.tables.table import TextTable
from fenhe.protocols.tables.tally import Tally, median

LABELS = {
    "so2": "SO2",
    "no2": "NO2",
    "co": "CO",
    "o3": "O3",
    "o3_8h": "O3-8h",
    "o3_1h": "O3-1h",
    "pm10": "PM10",
    "pm25": "PM2.5",
    "wind_speed": "wind speed",
    "wind_direction": "wind direction",
}
_THOUSAND = 1000.0
_FEWEST = 2  # one odd value is no second unit
_NEAR = log(1.5)  # how much farther a second guess may lie


class Reason(str):
    """A sentence in English, with its code and the same sentence in Chinese."""

    code: str
    zh: str

    __slots__ = ("code", "zh")

    def __new__(cls, code: str, zh: str, en: str) -> Reason:
        """Make the text that is read as the English sentence."""
        reason = super().__new__(cls, en)
        reason.code, reason.zh = code, zh
        return reason


def doubts(tally: Tally, table: TextTable) -> Iterator[Reason]:
    """Yield every reason to refuse the file under its feed."""
    if tally.accepted == 0:
        yield Reason(
            "no_values",
            f"没有可用数值（{tally.rows} 行）",
            f"there is no usable value in {tally.rows} rows",
        )
    yield from _rejected(tally)
    for item in tally.feed.items:
        if not item.of_weather:  # codes of wind such as 999 are no second unit
            yield from _mixed_units(tally, item, table)
        yield from _median(tally, item, table)
    yield from _particles(tally)
    yield from _index(tally)


def remarks(tally: Tally, table: TextTable) -> Iterator[Reason]:
    """Yield what a person should know without it standing in the way."""
    unused = tally.feed.unused(table.columns)
    if unused:
        names = ", ".join(unused)
        yield Reason("columns_unused", f"未使用的列：{names}", f"columns not used: {names}")
    if tally.particles_crossed:
        n = tally.particles_crossed
        yield Reason(
            "pm25_above_pm10",
            f"{n} 组 PM2.5 大于 PM10，将加标记",
            f"PM2.5 is above PM10 in {n} rows; they will be flagged",
        )
    for item in tally.feed.items:
        yield from _decimals(tally, item, table)
    counts = tally.refusals().group_by("reason").agg(pl.col("n").sum()).sort("reason")
    for reason, n in counts.iter_rows():
        zh, en = REASONS[reason]
        yield Reason(reason, f"{n} 个单元格被拒：{zh}", f"{n} cells are refused: {en}")


def _decimals(tally: Tally, item: ItemColumn, table: TextTable) -> Iterator[Reason]:
    """Remark on values written finer than the source usually writes: often recalculated ones."""
    n = tally.finer.get((item.item, item.statistic), 0)
    if n:
        column = _column(tally, item, table)
        yield Reason(
            "more_decimals",
            f"{column} 列有 {n} 个值的小数位多于通常的 {item.decimals} 位",
            f"column {column}: {n} values have more than the usual {item.decimals} decimals",
        )


def _check(feed: Feed, name: str) -> float | None:
    threshold = feed.checks.get(name)
    return None if threshold is None else threshold.value


def _enough(tally: Tally, n: int) -> bool:
    return n >= (_check(tally.feed, "enough_values") or 0)


def _rejected(tally: Tally) -> Iterator[Reason]:
    most = _check(tally.feed, "rejected_share")
    refused = tally.received - tally.accepted
    if most is None or refused <= most * tally.received or not tally.received:
        return
    counts = tally.refusals().group_by("reason").agg(pl.col("n").sum()).sort("n", descending=True)
    code = counts["reason"][0]
    zh, en = REASONS[code]
    share = refused / tally.received
    yield Reason(
        "mostly_refused",
        f"{share:.0%} 的数值不可用，主要原因：{zh}",
        f"{share:.0%} of the values are refused, most because {en}",
    )


def _mixed_units(tally: Tally, item: ItemColumn, table: TextTable) -> Iterator[Reason]:
    """Doubt a column some or all of whose values only fit after a factor of 1000."""
    most = _check(tally.feed, "beyond_share")
    values = tally.values(item)
    (low, high), v = item.median, pl.col("value")
    middle = median(values)
    if most is None or (middle is not None and not low <= middle <= high):
        return  # the whole column is doubted by its median
    too_large = (v > high) & (v / _THOUSAND).is_between(low, high)
    too_small = (v > 0) & (v < low) & (v * _THOUSAND).is_between(low, high)
    refused = _beyond(tally, item)
    total = int(values["n"].sum()) + int(refused["n"].sum())
    n = int(values.filter(too_large | too_small)["n"].sum()) + _thousandfold(refused, item)
    if n < _FEWEST or n <= most * total:
        return
    column, unit, label = _column(tally, item, table), item.unit, LABELS[item.item]
    if n == total:
        yield Reason(
            "other_unit",
            f"{column} 列的值相差约 1000 倍，单位似乎不是声明的 {unit}",
            f"column {column}: the values fit {label} only after a factor of 1000: the unit "
            f"seems not to be the declared {unit}",
        )
        return
    yield Reason(
        "mixed_units",
        f"{column} 列有 {n} 个值（{n / total:.0%}）相差约 1000 倍，疑混用单位（声明为 {unit}）",
        f"column {column}: {n} values ({n / total:.0%}) fit {label} only after a "
        f"factor of 1000: two units seem mixed (declared {unit})",
    )


def _thousandfold(refused: pl.DataFrame, item: ItemColumn) -> int:
    """Count refused numbers that a factor of 1000 would make plausible."""
    value = read_floats(refused["text"], item.shift).value / _THOUSAND
    return int(refused.filter(value.is_between(*item.median))["n"].sum())


def _beyond(tally: Tally, item: ItemColumn) -> pl.DataFrame:
    """Return the item's cells that were refused as out of range (a wide table's only)."""
    refused = tally.refusals().filter(pl.col("reason") == "out_of_range")
    if tally.feed.layout != "wide":
        return refused.clear()
    return refused.filter(pl.col("raw_column").is_in(item.names))


def _median(tally: Tally, item: ItemColumn, table: TextTable) -> Iterator[Reason]:
    """Doubt a column whose middle value no such item has."""
    values = tally.values(item)
    n = int(values["n"].sum())
    middle = median(values)
    if middle is None or not _enough(tally, n):
        return
    low, high = item.median
    if low <= middle <= high:
        return
    column, label = _column(tally, item, table), LABELS[item.item]
    smallest, largest = values["value"][0], values["value"][-1]
    zh, en = _looks_like(tally.feed, item, middle)
    yield Reason(
        "not_like_item",
        f"{column} 列的值（{smallest:g} 至 {largest:g}，中位数 {middle:g}）不像 {label}{zh}",
        f"column {column}: values from {smallest:g} to {largest:g} (median {middle:g}) are not "
        f"those of {label}{en}",
    )


def _looks_like(feed: Feed, item: ItemColumn, middle: float) -> tuple[str, str]:
    """Say what else the values might be: other items, nearest first, or another unit."""
    others = sorted(
        (abs(log(middle / sqrt(o.median[0] * o.median[1]))), LABELS[o.item])
        for o in feed.items
        if o.item != item.item and not o.of_weather and o.median[0] <= middle <= o.median[1]
    )
    names = [label for far, label in others if far <= others[0][0] + _NEAR]
    low, high = item.median
    if low <= middle * _THOUSAND <= high or low <= middle / _THOUSAND <= high:
        names.append(
            f"{LABELS[item.item]} × 1000" if middle > high else f"{LABELS[item.item]} ÷ 1000"
        )
    if not names:
        return "", ""
    return f"，而像 {'、'.join(names)}", f"; they look like {' or '.join(names)}"


def _particles(tally: Tally) -> Iterator[Reason]:
    most = _check(tally.feed, "pm25_above_pm10_share")
    if most is None or not _enough(tally, tally.particles):
        return
    share = tally.particles_crossed / tally.particles
    if share > most:
        yield Reason(
            "pm25_above_pm10_mostly",
            f"{share:.0%} 的行 PM2.5 大于 PM10，而 PM2.5 是 PM10 的一部分：列可能错位",
            f"PM2.5 is above PM10 in {share:.0%} of rows, although it is a part of it: "
            "the headers seem shifted",
        )


def _index(tally: Tally) -> Iterator[Reason]:
    """Doubt concentrations that the published AQI beside them contradicts."""
    most = _check(tally.feed, "aqi_below_pm25_share")
    if most is not None and _enough(tally, tally.index_rows):
        share = tally.index_below / tally.index_rows
        pm25, aqi = (s / tally.index_rows for s in (tally.index_pm25_sum, tally.index_sum))
        if share > most:
            yield Reason(
                "aqi_below_pm25",
                f"PM2.5 均值 {pm25:.0f}，而公布的 AQI 均值仅 {aqi:.0f}；"
                f"{share:.0%} 的行 AQI 低于 PM2.5，不可能成立",
                f"PM2.5 has a mean of {pm25:.0f} against a published AQI of {aqi:.0f}; the AQI "
                f"is below PM2.5 in {share:.0%} of rows, which no edition allows",
            )
    most = _check(tally.feed, "aqi_differs_share")
    if most is not None and tally.recomputed:
        share = tally.recomputed_other / tally.recomputed
        if share > most:
            yield Reason(
                "aqi_differs",
                f"{share:.0%} 的行由浓度重算的 AQI 与公布值不同",
                f"the AQI computed from the values differs from the published one in "
                f"{share:.0%} of {tally.recomputed} rows",
            )


def _column(tally: Tally, item: ItemColumn, table: TextTable) -> str:
    if tally.feed.layout != "wide":
        return item.names[0]
    return tally.feed.column_of(item, table.columns, table.name)
