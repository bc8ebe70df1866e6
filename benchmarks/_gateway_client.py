"""The loggers of ``gateway_tcp.py``, in a process of their own: frames out, answers counted.

Every frame is made before the clock starts. ``rate 0``: each connection keeps ``window`` frames
unanswered (what the gateway can take); otherwise frames are sent at the times a constant rate
sets, whatever is unanswered, and an answer's delay counts from the time its frame was due.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from datetime import datetime, timedelta, timezone

from fenhe.protocols import hj212

PW = "123456"
CODES = {
    "a21026": "mg/m3", "a21002": "mg/m3", "a34013": "mg/m3", "a19001": "%", "a01011": "m/s",
    "a01012": "degC", "a01013": "Pa", "a01014": "%",
}  # fmt: skip
BEIJING = timezone(timedelta(hours=8))


def mn(device: int) -> str:
    """Return the number of a device."""
    return f"BENCH{device:019d}"


def frames(devices: int, each: int) -> list[list[bytes]]:
    """Return the frames of each device: ``each`` real-time records of about 320 bytes."""
    segments, present = [], datetime.now(BEIJING)
    begin = present - timedelta(seconds=each)
    for device in range(devices):
        for step in range(each):
            now, sent = begin + timedelta(seconds=step), present + timedelta(milliseconds=step)
            items = ";".join(
                f"{code}-Rtd={(device * 7 + step * 3 + n) % 900 / 10:.1f},{code}-Flag=N"
                for n, code in enumerate(CODES)
            )
            tail = f"DataTime={now:%Y%m%d%H%M%S};{items}"
            segments.append(
                f"QN={sent:%Y%m%d%H%M%S}{sent.microsecond // 1000:03d};ST=31;CN=2011;PW={PW};"
                f"MN={mn(device)};Flag=5;CP=&&{tail}&&".encode()
            )
    checks = hj212.crc_many(segments)
    whole = [
        b"##%04d%b%04X\r\n" % (len(part), part, check)
        for part, check in zip(segments, checks, strict=True)
    ]
    return [whole[n * each : (n + 1) * each] for n in range(devices)]


class Device(asyncio.Protocol):
    """One connection that speaks for one device."""

    def __init__(self, script: list[bytes], delays: list[float]) -> None:
        self.script, self.delays = script, delays
        self.sent = self.answered = 0
        self.due: deque[float] = deque()
        first = hj212.decode(script[0])
        self.answer = hj212.answer(first, "9014")
        self.rest = 0
        self.window = 0
        self.last = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def push(self, count: int, due: float) -> None:
        """Send the next frames."""
        part = self.script[self.sent : self.sent + count]
        self.sent += len(part)
        self.due.extend([due] * len(part))
        if part:
            self.transport.write(b"".join(part))  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.rest += len(data)
        self.last = data[-len(self.answer) :]
        count, self.rest = divmod(self.rest, len(self.answer))
        now = time.perf_counter()
        for _ in range(count):
            self.delays.append(now - self.due.popleft())
        self.answered += count
        if self.window:
            self.push(min(count, self.window), now)

    def connection_lost(self, error: Exception | None) -> None:
        if self.answered < self.sent:
            raise SystemExit(f"the gateway closed a connection: {error}")


async def run(port: int, devices: int, each: int, window: int, rate: float) -> dict[str, float]:
    """Send everything and return seconds, frames and delays."""
    scripts, delays = frames(devices, each), []
    loop, links = asyncio.get_running_loop(), []
    for script in scripts:
        _, link = await loop.create_connection(
            lambda script=script: Device(script, delays), "127.0.0.1", port
        )
        links.append(link)
    total = devices * each
    await asyncio.sleep(0.5)
    begun = time.perf_counter()
    late: list[float] = [0.0]
    if rate:
        late = await _paced(links, total, rate, begun)
    else:
        for link in links:
            link.window = window
            link.push(window, begun)
    while len(delays) < total:
        await asyncio.sleep(0.005)
    seconds = time.perf_counter() - begun
    for link, script in zip(links, scripts, strict=True):
        expected = hj212.answer(hj212.decode(script[-1]), "9014")
        assert link.last[-len(expected) :] == expected, (link.last, expected)
        assert link.answered == each
    delays.sort()
    late.sort()
    return {
        "frames": total, "seconds": seconds, "p50": delays[total // 2],
        "p99": delays[total * 99 // 100], "most": delays[-1],
        "late": late[len(late) * 99 // 100],
        "bytes": sum(map(len, scripts[0])) / each,
    }  # fmt: skip


async def _paced(links: list[Device], total: int, rate: float, begun: float) -> list[float]:
    """Send frames when they are due; return how late each was sent by this process."""
    sent, late = 0, []
    while sent < total:
        late.append(time.perf_counter() - begun - sent / rate)
        due = min(int((time.perf_counter() - begun) * rate) + 1, total)
        for number in range(sent, due):
            links[number % len(links)].push(1, begun + number / rate)
        sent = due
        await asyncio.sleep(0.001)
    return late


if __name__ == "__main__":
    told = [float(word) for word in sys.argv[1:]]
    port, devices, each, window = (int(one) for one in told[:4])
    print(json.dumps(asyncio.run(run(port, devices, each, window, told[4]))))
