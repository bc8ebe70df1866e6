"""Which value of which upload is which statistic, and how long a record of it is.

From tables 8 and C of HJ 212-2017; for the uploads of 2025 as public implementations read it.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

MINUTES = "{n}min"  # its length is told by the device or the registry
NAMES_OF_PARTS = {
    "avg": "", "min": ".min", "max": ".max", "cou": ".sum",
    "zsavg": ".zs", "zsmin": ".zs_min", "zsmax": ".zs_max",
    "data": "", "daydata": ".day", "nightdata": ".night",
}  # fmt: skip


class Upload(NamedTuple):
    """One command that brings values: what its record is called and how many minutes it covers.

    ``minutes``: 0 for an instant, None for the device's own interval.
    """

    cn: str
    name: str
    minutes: int | None
    parts: dict[str, str]


UPLOADS: tuple[Upload, ...] = (
    Upload("2011", "rtd", 0, {"rtd": "", "zsrtd": ".zs"}),
    Upload("2021", "rtd", 0, {"rs": ".rs"}),
    Upload("2051", MINUTES, None, NAMES_OF_PARTS),
    Upload("2061", "1h", 60, NAMES_OF_PARTS),
    Upload("2031", "1d", 1440, NAMES_OF_PARTS),
    Upload("2041", "1d", 1440, {"rt": ".rt"}),
    Upload("2052", "single", 0, {"data": ""}),
    Upload("2013", "sample", 0, {"avg": ""}),
    Upload(
        "2062",
        "check",
        0,
        {"samplerd": "", "standardvalue": ".standard", "resulttype": ".result"},
    ),
    Upload("2111", "5min", 5, {"avg": ""}),
    Upload("3020", "rtd", 0, {"info": ""}),
    Upload("3021", "rtd", 0, {"info": ""}),
)
# what goes with a value and is none
BESIDE = ("flag", "eflag", "sampletime", "completetime", "sampletype", "sn")
# uploads that tell of the device itself (``sayings``)
SAYING = (
    "1021", "1031", "1041", "1061", "1063", "2071", "2072", "2081",
    "3015", "3017", "3018", "3019", "3020", "3021",
)  # fmt: skip
# of these a value without a channel is no loss: it is kept as a saying
OPTIONAL = ("3020", "3021")
# talk between host and site, and what needs no keeping beyond the raw log
TALK = ("1001", "1011", "1013", "1014", "9011", "9012", "9013", "9014", "9015", "9021")


def table() -> pl.DataFrame:
    """Return cn, suffix (lower case), statistic (``{n}min`` for minute records)."""
    rows = [
        (one.cn, suffix, one.name + ending)
        for one in UPLOADS
        for suffix, ending in one.parts.items()
    ]
    return pl.DataFrame(rows, ["cn", "suffix_of", "statistic"], orient="row")


def lengths() -> pl.DataFrame:
    """Return cn and length in minutes (0: an instant, null: the device's own interval)."""
    rows = [(one.cn, one.minutes) for one in UPLOADS]
    return pl.DataFrame(rows, {"cn": pl.String, "length": pl.Int64}, orient="row")
