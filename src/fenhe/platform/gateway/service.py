"""The gateway as a thread of the owner: its loop, its listeners, its clerk."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import resource
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

from fenhe.base.errors import BadInput
from fenhe.platform.gateway import live
from fenhe.platform.gateway.access import Log
from fenhe.platform.gateway.clerk import Clerk
from fenhe.platform.gateway.config import Address, Config
from fenhe.platform.gateway.hub import Hub, utc_now
from fenhe.platform.gateway.link import Link
from fenhe.platform.registry.devices import Access, Keeper

log = logging.getLogger("fenhe.gateway")
TICK = 0.5  # seconds between looks at time-outs
STARTING = 30.0  # seconds a start may take
ENDING = 10.0  # seconds a stop waits
BACKLOG = 4096  # connections the kernel holds until they are taken
SPARE = 200  # file descriptors besides those of connections


class Gateway(threading.Thread):
    """Listens until stopped. ``start`` returns when it does, or raises ``BadInput``."""

    def __init__(self, config: Config, stream: Log) -> None:
        super().__init__(name="fenhe-gateway", daemon=True)
        self.config, self.stream = config, stream
        self.hub: Hub | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.listens: list[str] = []
        self.access = Access()
        self.began = time.time()
        self._context = config.tls()
        self._ready = threading.Event()
        self._error: OSError | None = None
        self._stop_asked: asyncio.Event | None = None
        self._clerk = Clerk(config, self._take, self._withdraw)
        self._keeper = Keeper(self.access, self._registry_changed)

    def start(self) -> None:
        """Begin, and wait until connections are taken. Raises ``BadInput`` if that can not be."""
        _raise_descriptors(self.config.limits.connections + SPARE)
        self.access.refresh()
        super().start()
        if not self._ready.wait(STARTING):
            raise BadInput("the gateway did not start")
        if self._error is not None:
            raise BadInput(f"the gateway can not listen: {self._error.strerror or self._error}")
        self._clerk.start()
        self._keeper.start()
        live.current = self
        log.info("gateway %s listens on %s", self.config.name, ", ".join(self.listens))

    def run(self) -> None:
        """Serve on a loop of its own."""
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self.loop, self._stop_asked = asyncio.get_running_loop(), asyncio.Event()
        hub = self.hub = Hub(
            self.config,
            self.stream,
            self.access,
            tell=self._clerk.tell,
            asked=lambda mn, frame: self._clerk.asked(mn, frame.cn or ""),
            wake=live.wake,
        )
        servers: list[asyncio.Server] = []
        try:
            servers = await self._listen(hub)
        except OSError as error:
            self._error = error
        self._ready.set()
        if self._error is None:
            await self._until_stopped(hub)
        for server in servers:
            server.close()
        await _say_good_bye(hub)

    async def _listen(self, hub: Hub) -> list[asyncio.Server]:
        numbers = itertools.count(int(time.time()) * 1_000_000)  # never used before in this log
        servers = []
        for address, context in (
            (self.config.plain, None),
            (self.config.secure, self._context),
        ):
            if address is not None:
                servers.append(await _listener(hub, numbers, address, context))
                for one in servers[-1].sockets:
                    host, port, *_ = one.getsockname()
                    word = "tls" if context is not None else "tcp"
                    self.listens.append(f"{word} {Address(host, port)}")
        return servers

    async def _until_stopped(self, hub: Hub) -> None:
        assert self._stop_asked is not None  # noqa: S101 (made above)
        while not self._stop_asked.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop_asked.wait(), TICK)
            hub.tick()
            if self.stream.failed is None:
                hub.incidents.clear("log_failed", self.config.name, "the raw log is written again")

    def _on_loop(self, call: Callable[..., Any], *args: Any) -> None:
        loop = self.loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(call, *args)

    def _take(self, orders: list[Any]) -> None:
        def give() -> None:
            if self.hub is not None and self.loop is not None:
                self.hub.desk.take(orders, self.loop.time(), utc_now())

        self._on_loop(give)

    def _withdraw(self, numbers: list[int]) -> None:
        def forget() -> None:
            for number in numbers:
                if self.hub is not None:
                    self.hub.desk.withdraw(number)

        self._on_loop(forget)

    def _registry_changed(self) -> None:
        if self.hub is not None:
            self._on_loop(self.hub.forget_passes)

    def look_now(self) -> None:
        """Have commands that were just entered sent at once."""
        self._clerk.look_now()

    def stop(self) -> None:
        """Close every connection, write what is known, end."""
        live.current = None
        if self._stop_asked is not None:
            self._on_loop(self._stop_asked.set)
        if self.is_alive():
            self.join(ENDING)
        self._keeper.stop()
        self._clerk.stop()


async def _listener(
    hub: Hub, numbers: itertools.count[int], address: Address, context: ssl.SSLContext | None
) -> asyncio.Server:
    secure = context is not None
    return await asyncio.get_running_loop().create_server(
        lambda: Link(hub, next(numbers), secure),
        address.host,
        address.port,
        ssl=context,
        ssl_handshake_timeout=10.0 if secure else None,
        backlog=BACKLOG,
        reuse_address=True,
    )


async def _say_good_bye(hub: Hub) -> None:
    """Close the connections and let their last bytes reach the log."""
    for link in list(hub.links.values()):
        link.close("the gateway stops")
    until = time.monotonic() + ENDING / 2
    while (hub.links or hub.waiting) and time.monotonic() < until:
        await asyncio.sleep(0.01)


def _raise_descriptors(wanted: int) -> None:
    """Allow as many open files as connections need, as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
