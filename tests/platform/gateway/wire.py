"""A logger that is not ours: frames from text, with a checksum computed bit by bit."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Iterator

WAIT = 30.0  # seconds a loaded machine may take
MN, PW = "010000A8900016F000169DC0", "123456"
DATA = "DataTime=20260301101500;a21026-Rtd=21.4,a21026-Flag=N;a19001-Rtd=8.1,a19001-Flag=N"


def checksum(segment: bytes) -> bytes:
    """The CRC of HJ 212, annex A, as printed there."""
    register = 0xFFFF
    for byte in segment:
        register = (register >> 8) ^ byte
        for _ in range(8):
            register, out = register >> 1, register & 1
            if out:
                register ^= 0xA001
    return b"%04X" % register


def frame(segment: str | bytes) -> bytes:
    """Return a frame round a data segment."""
    data = segment.encode() if isinstance(segment, str) else segment
    return b"##%04d%b%b\r\n" % (len(data), data, checksum(data))


def upload(
    number: int = 1, *, mn: str = MN, pw: str = PW, flag: int = 5, cn: str = "2011", st: str = "31",
    cp: str = DATA, more: str = "",
) -> bytes:  # fmt: skip
    """Return a frame of data; ``number`` makes its QN."""
    return frame(f"QN={qn(number)};ST={st};CN={cn};PW={pw};MN={mn};Flag={flag};{more}CP=&&{cp}&&")


def qn(number: int) -> str:
    return f"20260301{10 + number // 3_600_000 % 10:02d}{number // 60_000 % 60:02d}" + (
        f"{number // 1000 % 60:02d}{number % 1000:03d}"
    )


def ack(number: int = 1, *, mn: str = MN, pw: str = PW, flag: int = 4, cn: str = "9014",
        cp: str = "") -> bytes:  # fmt: skip
    """Return the answer to ``upload`` the standard asks for."""
    return frame(f"QN={qn(number)};ST=91;CN={cn};PW={pw};MN={mn};Flag={flag};CP=&&{cp}&&")


_FRAME = re.compile(rb"##(\d{4})")


class Logger:
    """A connection to the gateway; what it receives is cut by length."""

    def __init__(self, port: int, sock: socket.socket | None = None) -> None:
        self.socket = sock or socket.create_connection(("127.0.0.1", port), timeout=WAIT)
        self.socket.settimeout(WAIT)
        self._buffer = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self, timeout: float = WAIT) -> bytes:
        """Return the next frame; empty bytes when the gateway closed the connection."""
        self.socket.settimeout(timeout)
        while True:
            found = _FRAME.match(self._buffer)
            size = 12 + int(found[1]) if found else 0
            if found and len(self._buffer) >= size:
                whole, self._buffer = self._buffer[:size], self._buffer[size:]
                return whole
            try:
                more = self.socket.recv(65536)
            except ConnectionError:
                return b""
            if not more:
                assert not self._buffer, self._buffer
                return b""
            self._buffer += more

    def silent(self, seconds: float = 0.3) -> bool:
        """Say whether nothing comes for a while."""
        try:
            return self.receive(seconds) is None
        except TimeoutError:
            return True

    def close(self) -> None:
        self.socket.close()


@contextlib.contextmanager
def logger(port: int) -> Iterator[Logger]:
    """Connect, and close when left."""
    one = Logger(port)
    try:
        yield one
    finally:
        one.close()


def until(condition: object, seconds: float = WAIT) -> bool:
    """Wait until a condition (called again and again) holds; say whether it did."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def header(data: bytes) -> dict[str, str]:
    """Return the fields of a frame, those of CP under their own names."""
    head, _, area = data[6:-6].decode().partition("CP=&&")
    items = [*head.split(";"), *area.removesuffix("&&").replace(",", ";").split(";")]
    return dict(part.split("=", 1) for part in items if part)
