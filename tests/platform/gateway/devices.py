"""A registry in memory, for gateways without the records."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.platform.gateway import wire


@dataclass(frozen=True)
class Known:
    """A device of the registry."""

    mn: str = wire.MN
    password: str | None = wire.PW
    edition: int | None = None
    keys: tuple[bytes, ...] = ()
    enabled: bool = True
    sites: tuple[str, ...] = ()


@dataclass
class Devices:
    """The registry."""

    known: dict[str, Known] = field(default_factory=dict)

    def device(self, mn: str) -> Known | None:
        return self.known.get(mn.strip().upper())

    def add(self, *devices: Known) -> None:
        self.known.update({one.mn.upper(): one for one in devices})
