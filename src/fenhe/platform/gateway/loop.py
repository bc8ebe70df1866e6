"""The gateway's loop in a thread of its own: listeners, hub, time-outs. Knows no records."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import resource
import ssl
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from fenhe.base.errors import BadInput
from fenhe.base.instants import utc_now
from fenhe.platform.gateway.access import Access, Log
from fenhe.platform.gateway.config import Address, Config
from fenhe.platform.gateway.hub import Calls, Hub
from fenhe.platform.gateway.link import Link

SWITCH = 0.0001  # seconds a thread may keep the interpreter when another wants it
TICK = 0.5  # seconds between looks at time-outs
STARTING = 30.0  # seconds a start may take
ENDING = 10.0  # seconds a stop waits
BACKLOG = 4096  # connections the kernel holds until they are taken
SPARE = 200  # file descriptors besides those of connections


class Loop(threading.Thread):
    """Listens until stopped. ``start`` returns when it does, or raises ``BadInput``."""

    def __init__(self, config: Config, stream: Log, access: Access, calls: Calls) -> None:
        super().__init__(name="fenhe-gateway", daemon=True)
        self.config, self.stream, self.access = config, stream, access
        self.listens: list[str] = []
        self.ports: list[int] = []
        self.began = time.time()
        self._calls = calls
        self._context = config.tls()
        self._ready = threading.Event()
        self._error: OSError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._hub: Hub | None = None
        self._stop_asked: asyncio.Event | None = None

    @property
    def hub(self) -> Hub:
        """The hub; its state belongs to the loop. Only after ``start``."""
        assert self._hub is not None  # noqa: S101 (made before start returns)
        return self._hub

    def start(self) -> None:
        """Begin, and wait until connections are taken. Raises ``BadInput`` if that can not be."""
        _allow_descriptors(self.config.limits.connections + SPARE)
        super().start()
        if not self._ready.wait(STARTING):
            raise BadInput("the gateway did not start")
        if self._error is not None:
            raise BadInput(f"the gateway can not listen: {self._error.strerror or self._error}")

    def run(self) -> None:
        """Serve on a loop of its own."""
        # Every read and write of a socket lets go of the interpreter; beside a thread that
        # computes, it comes back only after this long. With the usual 5 ms that is a frame each.
        sys.setswitchinterval(SWITCH)
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop_asked = asyncio.get_running_loop(), asyncio.Event()
        hub = self._hub = Hub(self.config, self.stream, self.access, self._calls)
        servers: list[asyncio.Server] = []
        try:
            await self._listen(hub, servers)
        except OSError as error:
            self._error = error
        self._ready.set()
        if self._error is None:
            await self._until_stopped(hub, self._stop_asked)
        for server in servers:
            server.close()
        await _say_good_bye(hub)

    async def _listen(self, hub: Hub, servers: list[asyncio.Server]) -> None:
        numbers = itertools.count(int(time.time()) * 1_000_000)  # never used before in this log
        wanted = ((self.config.plain, None), (self.config.secure, self._context))
        for address, context in wanted:
            if address is None:
                continue
            servers.append(await _listener(hub, numbers, address, context))
            for one in servers[-1].sockets:
                host, port, *_ = one.getsockname()
                self.ports.append(port)
                self.listens.append(f"{'tcp' if context is None else 'tls'} {Address(host, port)}")

    async def _until_stopped(self, hub: Hub, stopped: asyncio.Event) -> None:
        while not stopped.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), TICK)
            hub.tick()

    def call(self, call: Callable[..., object], *args: object) -> None:
        """Have something called on the loop; nothing happens once it has ended."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(call, *args)

    def give(self, orders: list[Any]) -> None:
        """Hand orders to the desk; from any thread."""

        def take() -> None:
            self.hub.desk.take(orders, asyncio.get_running_loop().time(), utc_now())

        self.call(take)

    def withdraw(self, numbers: list[int]) -> None:
        """Take orders back; from any thread."""

        def forget() -> None:
            for number in numbers:
                self.hub.desk.withdraw(number)

        self.call(forget)

    def forget_passes(self) -> None:
        """Look devices up anew; from any thread."""
        if self._hub is not None:
            self.call(self._hub.forget_passes)

    def stop(self) -> None:
        """Close every connection, let their bytes reach the log, end."""
        if self._stop_asked is not None:
            self.call(self._stop_asked.set)
        if self.is_alive():
            self.join(ENDING)


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
    for link in list(hub.links.values()):
        link.close("the gateway stops")
    until = time.monotonic() + ENDING / 2
    while not hub.is_idle and time.monotonic() < until:
        await asyncio.sleep(0.01)


def _allow_descriptors(wanted: int) -> None:
    """Allow as many open files as connections need, as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
