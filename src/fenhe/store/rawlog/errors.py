"""What can go wrong with a stream log."""

from __future__ import annotations

from fenhe.store.errors import StoreError


class StreamError(StoreError):
    """A stream log could not do what was asked."""


class StreamFailed(StreamError):
    """The log could not be written; nothing of this append was kept."""

    def __init__(self, gateway: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the raw log of {gateway} can not be written: {reason}")


class StreamOverrun(StreamError):
    """More waits to be written than may; the sender must be slowed down."""

    def __init__(self, gateway: str, waiting: int) -> None:
        super().__init__(
            f"{waiting >> 20} MB wait to be written to the raw log of {gateway}; nothing was taken"
        )


class StreamOwned(StreamError):
    """Another process writes this log."""

    def __init__(self, gateway: str, pid: int | None) -> None:
        self.pid = pid
        owner = "another process" if pid is None else f"process {pid}"
        super().__init__(f"the raw log of {gateway} is written by {owner}")


class StreamClosed(StreamError):
    """The log was closed."""

    def __init__(self, gateway: str) -> None:
        super().__init__(f"the raw log of {gateway} is closed")
