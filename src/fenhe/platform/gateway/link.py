"""One connection: bytes in, pieces to the hub, answers out. Sans-I/O but for its transport."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, cast

from fenhe.platform.gateway.figures import Counts
from fenhe.protocols import hj212

if TYPE_CHECKING:
    from fenhe.platform.gateway.hub import Hub

# why a connection is not read from at the moment; they add up
RATE, IN_HAND, ALL = 1, 2, 4
ENDED = "closed by the device"
NOTHING_GOOD = "nothing acceptable came"
KEEP_ALIVE = (  # seconds of silence, seconds between tries, tries
    (socket.TCP_KEEPIDLE, 60),
    (socket.TCP_KEEPINTVL, 20),
    (socket.TCP_KEEPCNT, 4),
)
BYTES_A_FRAME = 1024  # so many bytes cost as much as one frame


class Link(asyncio.Protocol):
    """A socket of a device. The hub keeps the log and decides; this counts and holds limits."""

    def __init__(self, hub: Hub, number: int, secure: bool) -> None:
        self.hub, self.number, self.secure = hub, number, secure
        self.limits = hub.config.limits
        self.stream = hj212.Stream(limit=self.limits.frame)
        self.counts = Counts()
        self.peer, self.address = "", ""
        self.mns: set[str] = set()
        self.opened_at = self.last_at = 0.0  # by the loop's own clock, which nobody sets
        self.strikes = 0
        self.in_hand = 0
        self.ended = False  # the device sends no more
        self.why = ""  # why we closed it
        self._paused = 0
        self._allowance = float(self.limits.burst)
        self._allowed_at = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Enter the connection, or refuse it when there are too many."""
        self._transport = cast("asyncio.Transport", transport)
        host, port, *_ = transport.get_extra_info("peername") or ("unknown", 0)
        self.address = str(host)
        self.peer = f"[{host}]:{port}" if ":" in self.address else f"{host}:{port}"
        self.opened_at = self.last_at = self._allowed_at = self.hub.timer()
        self._keep_alive(transport.get_extra_info("socket"))
        self._transport.set_write_buffer_limits(high=self.limits.unread)
        if not self.hub.opened(self):
            self._transport.abort()

    def _keep_alive(self, sock: socket.socket | None) -> None:
        """Notice within minutes that the other side is gone without a word."""
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in KEEP_ALIVE:
                sock.setsockopt(socket.IPPROTO_TCP, option, value)

    def data_received(self, data: bytes) -> None:
        """Cut bytes into pieces; slow the connection down when it is above its rate."""
        self.last_at = self.hub.timer()
        if not self.mns and self.counts.bytes_in > self.limits.unknown:
            self.close(NOTHING_GOOD)
            return
        self.counts.bytes_in += len(data)
        pieces = self.stream.feed(data)
        if pieces:
            self.hub.take(self, pieces)
        self._spend(max(len(pieces), len(data) / BYTES_A_FRAME))

    def _spend(self, cost: float) -> None:
        limits, now = self.limits, self.last_at
        more = (now - self._allowed_at) * limits.frames_per_second
        self._allowance = min(self._allowance + more, limits.burst) - cost
        self._allowed_at = now
        if self._allowance < 0 and not self._paused & RATE:
            self.pause(RATE)
            wait = -self._allowance / limits.frames_per_second
            asyncio.get_running_loop().call_later(wait, self.resume, RATE)
            self.hub.slowed(self)

    def eof_received(self) -> bool:
        """Answer what came before a device said that it sends no more; then close."""
        self.flush()
        self.ended = True
        return self.in_hand > 0 and not self.secure

    def finish(self) -> None:
        """Close once everything is answered, where the device has ended its side."""
        if self.ended and self.in_hand == 0:
            self.close(ENDED)

    def flush(self) -> None:
        """Give up waiting for the rest of a begun frame."""
        pieces = self.stream.flush()
        if pieces:
            self.hub.take(self, pieces)

    def pause(self, why: int) -> None:
        """Stop reading, for one more reason."""
        if not self._paused and self._transport is not None:
            self._transport.pause_reading()
        self._paused |= why

    def resume(self, why: int) -> None:
        """Read on when no reason is left."""
        if not self._paused & why:
            return
        self._paused &= ~why
        if not self._paused and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    @property
    def paused(self) -> int:
        """Why it is not read from at the moment; 0 when it is."""
        return self._paused

    @property
    def is_open(self) -> bool:
        """True while answers can be written."""
        return self._transport is not None and not self._transport.is_closing()

    def write(self, data: bytes) -> None:
        """Send bytes, if the connection still is."""
        if self._transport is not None and not self._transport.is_closing():
            self.counts.bytes_out += len(data)
            self._transport.write(data)

    def pause_writing(self) -> None:
        """Cut a device that does not read its answers."""
        self.cut("slow")

    def cut(self, why: str) -> None:
        """Close at once; what was not sent is dropped."""
        if self._transport is not None and not self.why:
            self.why = why
            self._transport.abort()

    def close(self, why: str) -> None:
        """Close after what was written is sent."""
        if self._transport is not None and not self.why:
            self.why = why
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Hand in what is left and say good-bye."""
        if not self.why:
            self.why = type(error).__name__ if error is not None else ENDED
        if self._transport is not None and self.number in self.hub.links:
            self.flush()
            self.hub.closed(self)
        self._transport = None
