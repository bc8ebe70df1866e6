"""A whole fleet over TCP: many loggers in one process, and the balance of it all."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fenhe.simulator.fleet import Device
from fenhe.simulator.network.balance import Balance
from fenhe.simulator.network.client import Client, Host
from fenhe.simulator.network.clock import Clock
from fenhe.simulator.network.logger import Logger
from fenhe.simulator.simulation import Simulation

#: Records a logger may lag behind on average before a hurrying clock is held.
BACKLOG = 12
GLANCE = 0.05
NOTE_EVERY = 10.0


@dataclass(frozen=True)
class Manner:
    """How a fleet is played."""

    start: float | None = None  # UTC seconds since 1970; the present without
    speed: float = 1.0
    seconds: float | None = None  # true seconds to run; without end when None
    until: float | None = None  # simulated moment to stop at
    window: int = 8
    memory_days: int = 30
    since: float | None = None  # as if cut off from then until it begins
    note: Path | None = None  # where the moment reached is written, for a later run
    spread: float = 0.0  # true seconds over which the loggers begin
    patience: float = 10.0  # true seconds the end of a run waits for what is in flight


class Player:
    """Plays the loggers of a fleet against one host."""

    def __init__(self, sim: Simulation, host: Host, manner: Manner) -> None:
        self.manner = manner
        self.clock = Clock(manner.start, manner.speed, manner.until)
        self._host = host
        self.loggers = [self._logger(sim, device) for device in sim.fleet.devices]
        self.stop = asyncio.Event()
        self.ended = False

    def _logger(self, sim: Simulation, device: Device) -> Logger:
        manner = self.manner
        made = Logger(
            sim,
            device,
            self.clock.start,
            window=manner.window,
            memory_days=manner.memory_days,
            since=manner.since,
        )
        made.restarted(self.clock.start)
        return made

    async def run(self) -> Balance:
        """Play until the end that was asked for, or until ``stop`` is set."""
        tasks = [
            asyncio.create_task(self._begin(one, index)) for index, one in enumerate(self.loggers)
        ]
        try:
            await self._wait()
        finally:
            self.stop.set()
            await asyncio.gather(*tasks)
            self._write_note()
            self.ended = True
        return self.balance()

    def balance(self) -> Balance:
        """Return the balance of all loggers as of now."""
        total = Balance()
        for one in self.loggers:
            total.add(one.counted())
        return total

    async def _begin(self, logger: Logger, index: int) -> None:
        delay = self.manner.spread * index / max(1, len(self.loggers))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(delay, 0.001)):
                await self.stop.wait()
        await Client(logger, self._host, self.clock, self.stop).run()

    async def _wait(self) -> None:
        manner, loop = self.manner, asyncio.get_running_loop()
        began = noted = loop.time()
        while not self.stop.is_set():
            past = manner.seconds is not None and loop.time() - began >= manner.seconds
            reached = manner.until is not None and self.clock.now() >= manner.until
            if past or reached:
                await self._last_words()
                return
            if loop.time() > noted + NOTE_EVERY:
                noted = loop.time()
                self._write_note()
            self.clock.held = self._behind() > BACKLOG * len(self.loggers)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GLANCE):
                    await self.stop.wait()

    def _write_note(self) -> None:
        """Write from which moment on a later run has to tell everything."""
        note = self.manner.note
        if note is not None:
            moment = min(one.reached() for one in self.loggers)
            partial = note.with_name(f"{note.name}.part")
            partial.write_text(json.dumps({"moment": moment}) + "\n", encoding="utf-8")
            partial.replace(note)

    def _behind(self) -> int:
        """Return how many records wait of the loggers that have a line."""
        return sum(one.agenda.fresh() for one in self.loggers if one.talking)

    async def _last_words(self) -> None:
        """Let what is in flight arrive; no new records become due meanwhile."""
        now = self.clock.now()
        for one in self.loggers:
            one.agenda.collect(now, one.settings)
            one.closing = True
        loop = asyncio.get_running_loop()
        end = loop.time() + self.manner.patience
        while loop.time() < end and any(
            not (one.beyond_reach or one.idle()) for one in self.loggers
        ):
            await asyncio.sleep(0.05)


def noted(path: Path | None) -> float | None:
    """Return the moment a former run reached; None when there is none, or it can not be read."""
    if path is None:
        return None
    try:
        return float(json.loads(path.read_text("utf-8"))["moment"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def line(balance: Balance) -> str:
    """Return the balance in one line."""
    return (
        f"records {balance.made:,} = told {balance.told:,} + empty {balance.empty:,} + lost "
        f"{balance.lost:,} + waiting {balance.waiting:,}; telegrams {balance.sent:,} = "
        f"acknowledged {balance.acknowledged:,} + outstanding {balance.outstanding:,}; "
        f"frames {balance.frames:,}, resent {balance.resent:,}"
    )


def report(loggers: Sequence[Logger]) -> dict[str, object]:
    """Return the balance of each logger and of all, as it is written to a file."""
    total = Balance()
    by_logger: dict[str, object] = {}
    for one in loggers:
        counted = one.counted()
        total.add(counted)
        by_logger[one.device.mn] = {"logger": one.device.key, **counted.plain()}
    return {"simulated": True, "fleet": total.plain(), "loggers": by_logger}
