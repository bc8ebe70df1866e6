"""What the gateway needs from the registry and from the raw log, and no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from fenhe.store.rawlog import NewEntry, Written

Done = Callable[[Written | Exception], None]


class Device(Protocol):
    """A device as the registry knows it."""

    @property
    def mn(self) -> str:
        """Its number on the wire."""

    @property
    def password(self) -> str | None:
        """The password its frames must carry; None: none is asked for."""

    @property
    def edition(self) -> int | None:
        """2005, 2017 or 2025; None: as its frames say."""

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The SM4 keys that may be in use, the newest first."""

    @property
    def enabled(self) -> bool:
        """False: its frames are refused."""

    @property
    def sites(self) -> tuple[str, ...]:
        """The keys of the outlets it serves."""


class Access(Protocol):
    """Who may connect, from memory; see ``registry.devices.Access``."""

    def device(self, mn: str) -> Device | None:
        """Return the device of a number, None when nobody registered it."""


class Log(Protocol):
    """The raw log of this gateway; see ``fenhe.store.rawlog``."""

    @property
    def failed(self) -> Exception | None:
        """Why nothing can be written now; None when it can."""

    @property
    def backlog(self) -> int:
        """Bytes that wait to be written."""

    def append(self, entries: Sequence[NewEntry], done: Done) -> None:
        """Keep entries; ``done`` is called from another thread once they are on disk, or not."""
