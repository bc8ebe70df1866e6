"""Feed descriptions: what a file of a known layout means, as data."""

from fenhe.protocols.tables.feeds.loader import known, load, read
from fenhe.protocols.tables.feeds.model import Feed, ItemColumn, PairRule, Station, Threshold, Time

__all__ = [
    "Feed",
    "ItemColumn",
    "PairRule",
    "Station",
    "Threshold",
    "Time",
    "known",
    "load",
    "read",
]
