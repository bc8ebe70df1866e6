"""The gateway is killed at random moments while loggers send: nothing acknowledged is missing.

Killed is the loop with its raw log, ``FENHE_GATEWAY_KILLS`` times (two hundred take a quarter of
an hour), and a whole ``fenhe gateway`` twice.
"""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from fenhe.store import Store
from tests.platform.gateway import served, wire
from tests.platform.server import start

KILLS = int(os.environ.get("FENHE_GATEWAY_KILLS", "5"))
WAIT = 120.0  # seconds a loaded machine may take
DEVICES = 3
ROOT = Path(__file__).parents[3]
# the gateway without the rest of the owner: it starts quickly, and is the same loop and log
PROGRAM = """
import sys, threading
from pathlib import Path
from fenhe.platform.gateway.config import Address, Config
from fenhe.platform.gateway.hub import Calls
from fenhe.platform.gateway.loop import Loop
from fenhe.store.rawlog.streams import Streams
from tests.platform.gateway.devices import Devices, Known

devices = Devices()
devices.add(*(Known(mn) for mn in sys.argv[3].split(",")))
log = Streams(Path(sys.argv[1]) / "raw" / "stream").open("main")
config = Config(plain=Address("127.0.0.1", int(sys.argv[2])))
calls = Calls(lambda *_: None, lambda *_: None)
Loop(config, log, devices, calls).start()
threading.Event().wait()
"""
MNS = [f"KILLED{n}" for n in range(DEVICES)]
Start = Callable[[], subprocess.Popen[str]]
_QN = re.compile(rb"QN=(\d{17});ST=91;CN=9014")


class Sender(threading.Thread):
    """A logger that sends frame after frame, several unanswered, and reconnects for ever.

    What was not acknowledged before a connection broke is sent again, as devices do.
    """

    def __init__(self, mn: str, port: int, rng: random.Random) -> None:
        super().__init__(daemon=True)
        self.mn, self.port, self.rng = mn, port, rng
        self.sent: dict[bytes, bytes] = {}  # QN → frame
        self.acknowledged: set[bytes] = set()
        self.wrong: list[bytes] = []
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=WAIT) as link:
                    self._talk(link)
            except OSError:
                time.sleep(0.02)

    def _talk(self, link: socket.socket) -> None:
        link.settimeout(5.0)
        left = b""
        while not self.over.is_set():
            link.sendall(b"".join(self._next()))
            while not self.over.is_set() and self._open():
                more = link.recv(65536)
                if not more:
                    return
                left = self._take(left + more)

    def _next(self) -> list[bytes]:
        """Return what is not acknowledged yet, and some new frames."""
        for _ in range(self.rng.randrange(1, 30)):
            number = len(self.sent) + 1
            frame = wire.upload(number, mn=self.mn)
            self.sent[wire.qn(number).encode()] = frame
        return [self.sent[qn] for qn in self._open()]

    def _open(self) -> list[bytes]:
        return [qn for qn in self.sent if qn not in self.acknowledged]

    def _take(self, data: bytes) -> bytes:
        *whole, rest = data.split(b"\r\n")
        for frame in whole:
            found = _QN.search(frame)
            if found is None or found[1] not in self.sent:
                self.wrong.append(frame)
            else:
                self.acknowledged.add(found[1])
        return rest


def _killed(begin: Start, delay: float, senders: list[Sender]) -> None:
    """Run the gateway, wait for an acknowledgement and a moment more, and kill it."""
    process = begin()
    before = sum(len(one.acknowledged) for one in senders)
    until = time.monotonic() + WAIT
    while sum(len(one.acknowledged) for one in senders) == before:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until, [one.wrong[-1:] for one in senders]
        time.sleep(0.005)
    time.sleep(delay)
    _end(process, signal.SIGKILL)


def _end(process: subprocess.Popen[str], how: signal.Signals) -> None:
    process.send_signal(how)
    process.communicate(timeout=WAIT)


@pytest.mark.slow
def test_nothing_acknowledged_is_missing_from_the_raw_log(tmp_path: Path) -> None:
    data, port = tmp_path / "data", served.free_port()
    data.mkdir()
    words = [sys.executable, "-c", PROGRAM, str(data), str(port), ",".join(MNS)]

    def begin() -> subprocess.Popen[str]:
        return subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
        )

    _assert_kept(data, port, begin, KILLS)


@pytest.mark.slow
def test_the_same_with_all_of_the_owner(tmp_path: Path) -> None:
    data = served.prepare(tmp_path / "data", *((mn, wire.PW, None) for mn in MNS))
    port = served.free_port()
    listen = ("gateway", "--listen", f"127.0.0.1:{port}")
    _assert_kept(data, port, lambda: start(*listen, data=data), 2)


def _assert_kept(data: Path, port: int, begin: Start, kills: int) -> None:
    seed = int(os.environ.get("FENHE_SEED", "20260301"))
    rng = random.Random(seed)
    senders = [Sender(mn, port, random.Random(seed + n)) for n, mn in enumerate(MNS)]
    for one in senders:
        one.start()
    for _ in range(kills):
        _killed(begin, rng.uniform(0, 1.0), senders)
    for one in senders:
        one.over.set()
        one.join(timeout=WAIT)
        assert not one.is_alive()
    print({one.mn: (len(one.sent), len(one.acknowledged)) for one in senders}, "seed", seed)
    assert [one.wrong for one in senders] == [[]] * DEVICES
    assert sum(len(one.acknowledged) for one in senders) >= kills
    _check(data, senders)


def _check(data: Path, senders: list[Sender]) -> None:
    with Store.open(data) as store:
        log = store.stream("main")
        assert store.verify_stream("main").ok
        kept: Counter[bytes] = Counter()
        for part in log.segments():
            kept.update(one.payload for one in log.read(part.id) if one.kind == "in")
    frames = {frame for one in senders for frame in one.sent.values()}
    for one in senders:
        missing = [qn for qn in one.acknowledged if one.sent[qn] not in kept]
        assert missing == []
    for part in kept.keys() - frames:  # a frame cut off by a kill of the other side
        assert any(frame.startswith(part) for frame in frames), part
