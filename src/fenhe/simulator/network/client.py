"""One simulated logger on the network: connects, speaks, listens, and comes back when cut off."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass

from fenhe.simulator import noise
from fenhe.simulator.network.clock import Clock
from fenhe.simulator.network.logger import Logger
from fenhe.simulator.network.wire import Ear

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
CONNECT_TIMEOUT = 10.0
READ = 65_536
#: Longest pause before the clock is looked at again; a fast clock does not wait for events.
GLANCE = 0.5


@dataclass(frozen=True)
class Host:
    """Where to connect, and how patiently (true seconds)."""

    address: str
    port: int
    first_wait: float = FIRST_WAIT
    longest_wait: float = LONGEST_WAIT


class Client:
    """Runs one logger until it is told to stop."""

    def __init__(self, logger: Logger, host: Host, clock: Clock, stop: asyncio.Event) -> None:
        self.logger = logger
        self._host = host
        self._clock = clock
        self._stop = stop
        self._failures = 0
        self._key = noise.key_of("back-off", logger.device.key)
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Connect, play, reconnect with growing pauses, until stopped."""
        try:
            while not self._stop.is_set():
                down = self._down_until()
                if down:
                    self._offline()
                    await self._sleep(min(self._clock.wait(down), GLANCE))
                    continue
                await self._once()
        finally:
            if not self.logger.closing:
                self.logger.agenda.collect(self._clock.now(), self.logger.settings)

    async def _once(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                reader, writer = await asyncio.open_connection(self._host.address, self._host.port)
        except (OSError, TimeoutError):
            self.logger.balance.failed += 1
            self._failures += 1
            self._offline()
            await self._pause()
            return
        self.logger.balance.connections += 1
        heard = self.logger.balance.acknowledged
        self.logger.talking, self.logger.beyond_reach = True, False
        listening = asyncio.ensure_future(self._listen(reader))
        try:
            await self._speak(writer)
        except (OSError, ConnectionError):
            pass
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await listening
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await writer.wait_closed()
            self.logger.lost_link()
        if self._stop.is_set():
            return
        self._failures = 0 if self.logger.balance.acknowledged > heard else self._failures + 1
        await self._pause()

    async def _speak(self, writer: asyncio.StreamWriter) -> None:
        logger = self.logger
        while self.logger.talking and not self._stop.is_set():
            if self._down_until() or logger.dead:
                return
            data = logger.outgoing(self._clock.now(), time.monotonic())
            if data:
                writer.write(b"".join(data))
                await writer.drain()
            self._news.clear()
            if not data or logger.full():
                await self._wait_for_news()

    async def _wait_for_news(self) -> None:
        """Wait for something heard, the next record, or the next repetition."""
        wait = GLANCE
        if not (self.logger.full() or self.logger.closing):
            wait = self._clock.wait(self.logger.agenda.next(self.logger.settings))
        deadline = self.logger.deadline()
        if deadline is not None:
            wait = min(wait, deadline - time.monotonic())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(max(wait, 0.001), GLANCE)):
                await self._news.wait()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        ear = Ear()
        try:
            while data := await reader.read(READ):
                for frame in ear.feed(data, self.logger.speaker.key):
                    self.logger.hear(frame, self._clock.now())
                self._news.set()
        finally:
            self.logger.balance.garbage += ear.garbage
            self.logger.talking = False
            self._news.set()

    def _offline(self) -> None:
        """Keep what became due meanwhile; live values are not kept."""
        self.logger.beyond_reach = True
        if not self.logger.closing:
            self.logger.agenda.collect(self._clock.now(), self.logger.settings)
            self.logger.agenda.postpone()

    def _down_until(self) -> int:
        """Return until when the logger has no line, 0 when it has one."""
        now = int(self._clock.now())
        return max((one.end for one in self.logger.agenda.downs(now, now + 1)), default=0)

    async def _pause(self) -> None:
        """Wait before the next attempt: twice as long each time, and never all at once."""
        wait = self._host.first_wait * 2 ** min(max(self._failures - 1, 0), 16)
        lot = noise.between(self._key, self.logger.balance.failed + self._failures, 0.7, 1.3)
        await self._sleep(min(wait, self._host.longest_wait) * lot)

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 0.001)):
                await self._stop.wait()
