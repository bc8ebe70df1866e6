"""Orders by device: one at a time, in the order they were asked. Lives on the gateway's loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from fenhe.platform.gateway.access import Device
from fenhe.platform.gateway.exchange import Exchange, Numbers, Order
from fenhe.protocols import hj212

Writer = Callable[[bytes], None]
Tell = Callable[[int, dict[str, Any]], None]  # number of the command, what changed
MOST_SAID = 300  # characters of a reason that are kept
UNSAID = 2017  # edition of a device that has not yet said which it speaks


class Desk:
    """Hands orders out, listens for their answers, sends again, gives up.

    ``writer`` returns what writes to a device's newest connection, None when it has none;
    ``heard`` the edition its frames are of; ``tell`` takes every change of a command's record.
    """

    def __init__(
        self,
        find: Callable[[str], Device | None],
        heard: Callable[[str], int | None],
        writer: Callable[[str], Writer | None],
        tell: Tell,
    ) -> None:
        self._find, self._heard, self._writer, self._tell = find, heard, writer, tell
        self._queues: dict[str, deque[Exchange]] = {}
        self._numbers = Numbers()
        self._known: set[int] = set()

    @property
    def waiting(self) -> int:
        """How many commands are not over."""
        return len(self._known)

    def expects(self, mn: str) -> bool:
        """Say whether frames of a device may belong to a command."""
        return mn in self._queues

    def take(self, orders: Iterable[Order], now: float, moment: datetime) -> None:
        """Take orders over; those taken already are left alone."""
        for order in orders:
            if order.number in self._known:
                continue
            self._known.add(order.number)
            one = Exchange(order, self._edition(order.mn))
            if order.qn:
                one.state = "accepted" if order.accepted else "sent"
                one.resume(now)
            self._queues.setdefault(order.mn, deque()).append(one)
            self.look(order.mn, now, moment)

    def withdraw(self, number: int) -> None:
        """Forget a command that was taken back or has expired; one under way stays."""
        for mn, queue in list(self._queues.items()):
            for one in list(queue):
                if one.order.number == number and one.state == "approved":
                    queue.remove(one)
                    self._known.discard(number)
            if not queue:
                del self._queues[mn]

    def hear(self, frame: hj212.Frame, mn: str, now: float, moment: datetime) -> bool:
        """Take a frame of a device; say whether it belonged to its present command."""
        queue = self._queues.get(mn)
        if not queue or not queue[0].hear(frame, now):
            return False
        self._report(queue[0])
        self.look(mn, now, moment)
        return True

    def tick(self, now: float, moment: datetime) -> None:
        """Send again what got no answer, give up what was sent often enough."""
        for mn in list(self._queues):
            self.look(mn, now, moment)

    def look(self, mn: str, now: float, moment: datetime) -> None:
        """Start, repeat or end what is due for one device."""
        queue = self._queues.get(mn)
        while queue:
            one = queue[0]
            if one.state == "approved" or one.due(now):
                self._go(one, now, moment)
            self._report(one)
            if not one.is_over:
                return
            self._known.discard(one.order.number)
            queue.popleft()
        self._queues.pop(mn, None)

    def _go(self, one: Exchange, now: float, moment: datetime) -> None:
        device, write = self._find(one.order.mn), self._writer(one.order.mn)
        if device is None or write is None:
            one.miss(now)
            return
        one.edition = self._edition(one.order.mn)
        qn = self._numbers.next(moment)
        try:
            message = one.send(device.password or "", now, moment, qn)
            write(hj212.encode(message, _key(device, one)))
        except hj212.Hj212Error as error:
            one.fail(str(error)[:MOST_SAID])

    def _report(self, one: Exchange) -> None:
        news = one.news()
        if news:
            self._tell(one.order.number, news)

    def _edition(self, mn: str) -> int:
        device = self._find(mn)
        return (device.edition if device else None) or self._heard(mn) or UNSAID


def _key(device: Device, one: Exchange) -> bytes | None:
    """Return the key a request is encrypted with: only the one that carries a new key is.

    The new one itself stands among the device's keys already; it is not meant.
    """
    new = dict(one.order.fields).get("NewSK", "")
    if one.edition != 2025 or not new:
        return None
    return next((key for key in device.keys if key.hex().upper() != new), None)
