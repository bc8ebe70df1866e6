"""The raw log of streams: every byte a gateway received and sent, in hash-chained segments."""

from fenhe.store.rawlog.entries import (
    Entry,
    NewEntry,
    Position,
    Segment,
    Written,
)
from fenhe.store.rawlog.errors import StreamError, StreamFailed, StreamOverrun
from fenhe.store.rawlog.follow import Follower, Taken
from fenhe.store.rawlog.log import StreamLog
from fenhe.store.rawlog.rotation import Rotation

__all__ = [
    "Entry",
    "Follower",
    "NewEntry",
    "Position",
    "Rotation",
    "Segment",
    "StreamError",
    "StreamFailed",
    "StreamLog",
    "StreamOverrun",
    "Taken",
    "Written",
]
