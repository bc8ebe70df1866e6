"""The thread between the gateway's loop and the records: commands out, their news in."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, Protocol

from django.db import close_old_connections
from django.utils import timezone

from fenhe.base.errors import FenheError
from fenhe.platform.gateway import acts, catalogue, commands, keys
from fenhe.platform.gateway.config import Config
from fenhe.platform.gateway.exchange import NOW, Order
from fenhe.platform.workflow.acts import Actor, system_actor

log = logging.getLogger("fenhe.gateway")
LOOK_EVERY = 1.0  # seconds between looks at the records
PATIENCE = 5.0  # seconds a stop waits for what is under way
Task = Callable[[], None]


class Desk(Protocol):
    """Who carries orders out; both methods may be called from any thread."""

    def give(self, orders: list[Order]) -> None:
        """Take orders."""

    def withdraw(self, numbers: list[int]) -> None:
        """Forget orders that were not sent."""


class Clerk(threading.Thread):
    """Does what needs the records, in order; looks for new commands once a second."""

    def __init__(self, config: Config) -> None:
        super().__init__(name="fenhe-gateway-clerk", daemon=True)
        self._config = config
        self._desk: Desk | None = None
        self._tasks: queue.Queue[Task | None] = queue.Queue()
        self._given: set[int] = set()

    def serve(self, desk: Desk) -> None:
        """Say who carries orders out; before ``start``."""
        self._desk = desk

    def run(self) -> None:
        """Work until stopped; an error is logged and tried again with the next look."""
        while True:
            try:
                task = self._tasks.get(timeout=LOOK_EVERY)
                if task is None:
                    return
                self._safely(task)
            except queue.Empty:
                self._safely(self.look)

    def _safely(self, task: Task) -> None:
        try:
            task()
        except Exception:
            log.exception("the gateway's records will be tried again")
        finally:
            close_old_connections()

    def look_now(self) -> None:
        """Have the records looked at without waiting."""
        self._tasks.put(self.look)

    def tell(self, number: int, news: dict[str, Any]) -> None:
        """Take news of a command; called from the loop."""
        self._tasks.put(lambda: self._carry_on(number, news))

    def asked(self, mn: str, cn: str) -> None:
        """Take a notice of a device: 1013 wants its clock set, 1014 a new key."""
        if cn in {"1013", catalogue.NEW_KEY}:
            self._tasks.put(lambda: self.answer(mn, cn))

    def look(self) -> None:
        """Hand out what is new in the records, take back what is not wanted any more."""
        expired = commands.expire(timezone.now())
        standing = commands.orders(self._config.name, self._config.timing)
        here = {one.number for one in standing}
        gone = sorted((self._given - here) | set(expired))
        if gone and self._desk is not None:
            self._desk.withdraw(gone)
        fresh = [one for one in standing if one.number not in self._given]
        self._given = here
        if fresh and self._desk is not None:
            self._desk.give(fresh)

    def _carry_on(self, number: int, news: dict[str, Any]) -> None:
        ended = commands.carry_on(number, news, self._config.name)
        if ended is not None:
            keys.settle(ended)
            log.info("command %d (%s to %s): %s %s", number, ended.cn, ended.mn, ended.state,
                     ended.why)  # fmt: skip

    def answer(self, mn: str, cn: str) -> None:
        """Carry out what a device asked for; a new key waits for a person all the same."""
        try:
            if cn == catalogue.NEW_KEY:
                if not keys.is_rotating(mn):
                    acts.RotateKey(mn, "asked for by the device").run(_device(mn))
                return
            if commands.asked_lately(mn, catalogue.SET_CLOCK):
                return
            fields = (("SystemTime", NOW),)
            act = acts.ChangeDevice(mn, catalogue.SET_CLOCK, fields, "asked for by the device")
            act.run(_device(mn))
            self.look()
        except FenheError as error:
            log.warning("device %s asked for %s: %s", mn, cn, error)

    def stop(self) -> None:
        """Write what is known and end."""
        self._tasks.put(None)
        if self.is_alive():
            self.join(PATIENCE)


def _device(mn: str) -> Actor:
    """Return a device as who asked: the door lets the system itself do it."""
    system = system_actor()
    return Actor(system.user, f"device:{mn}"[:150], "gateway")
