"""A gateway's loop with a real raw log and a few devices, without the records."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from fenhe.platform.gateway import live
from fenhe.platform.gateway.config import Address, Config, Limits
from fenhe.platform.gateway.hub import Calls
from fenhe.platform.gateway.loop import Loop
from fenhe.store.rawlog import Entry, StreamLog
from fenhe.store.rawlog.streams import Streams
from tests.platform.gateway.devices import Devices, Known


@dataclass
class Running:
    """A gateway that listens, and what it told."""

    loop: Loop
    log: StreamLog
    devices: Devices
    news: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.loop.ports[0]

    def totals(self) -> dict[str, Any]:
        return self.state()["totals"]

    def state(self) -> dict[str, Any]:
        live.current = self.loop
        return live.state()

    def entries(self) -> list[Entry]:
        return [one for part in self.log.segments() for one in self.log.read(part.id)]

    def bytes_in(self) -> list[bytes]:
        return [one.payload for one in self.entries() if one.kind == "in"]


Start = Callable[..., contextlib.AbstractContextManager[Running]]
LIMITS = Limits()
LOCAL = Address("127.0.0.1", 0)


@contextlib.contextmanager
def listening(
    folder: Path, devices: Devices, log: Any = None, config: Config | None = None, **limits: Any
) -> Iterator[Running]:
    """Run a gateway's loop on a free port until left."""
    streams = Streams(folder / "stream")
    kept = log if log is not None else streams.open("main")
    config = config or Config(plain=LOCAL)
    config = replace(config, limits=replace(LIMITS, **limits))
    news: list[tuple[int, dict[str, Any]]] = []
    asked: list[tuple[str, str]] = []
    calls = Calls(lambda *told: news.append(told), lambda *told: asked.append(told))
    loop = Loop(config, kept, devices, calls)
    loop.start()
    try:
        yield Running(loop, kept, devices, news, asked)
    finally:
        live.current = None
        loop.stop()
        streams.close()


@pytest.fixture
def devices() -> Devices:
    found = Devices()
    found.add(Known())
    return found


@pytest.fixture
def gateway(tmp_path: Path, devices: Devices) -> Iterator[Running]:
    with listening(tmp_path, devices) as running:
        yield running
