"""What the kill test offers: files and addresses with known values, and what must stand then."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.platform.conftest import HEADER

ITEMS = HEADER.split(",")[2:]
HOUR = timedelta(hours=1)
FIRST = datetime(2026, 1, 1)
BACK = 30  # hours the dated source has to catch up on
Key = tuple[str, datetime]  # code of the station, end of the hour in Beijing


@dataclass
class Offers:
    """Everything offered so far. ``former`` holds the values that were corrected, in order."""

    folder: Path
    stands: dict[Key, int] = field(default_factory=dict)  # pm25; other items follow from it
    former: dict[Key, list[int]] = field(default_factory=dict)
    pages: dict[str, tuple[int, bytes]] = field(default_factory=dict)  # path: status, body
    live: dict[Key, int] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(20260302))
    later: dict[Key, int] = field(default_factory=dict)  # of hours that come while it runs
    files: int = 0
    days: int = 0

    def value(self) -> int:
        return self.chance.randrange(5, 60)

    def take_over(self, values: dict[Key, int]) -> None:
        for key, value in values.items():
            if key in self.stands and self.stands[key] != value:
                self.former.setdefault(key, []).append(self.stands[key])
            self.stands[key] = value

    def new_file(self) -> None:
        """Offer a day of the first station."""
        day = FIRST + timedelta(days=self.days)
        self.days += 1
        values = {("C1", day + HOUR * n): self.value() for n in range(1, 25)}
        self._write(f"{day:%m}/{day:%d}.csv", values)

    def correction(self) -> None:
        """Offer some other values of hours offered before, in a file of its own."""
        known = [key for key in self.stands if key[0] == "C1"]
        chosen = self.chance.sample(known, 5)
        values = {key: self.stands[key] + self.chance.randrange(1, 9) for key in chosen}
        self._write(f"corrections/{self.files:04d}.csv", values)

    def back_again(self) -> None:
        """Offer bytes, then other values of the same hours, then the first bytes again."""
        key = self.chance.choice([key for key in self.stands if key[0] == "C1"])
        for value in (70, 71, 70):
            self._write(f"again/{self.files:04d}.csv", {key: value})

    def _write(self, name: str, values: dict[Key, int]) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}")
        part.write_bytes(table(values))
        part.rename(path)
        self.files += 1
        self.take_over(values)

    def new_live(self) -> str:
        """Offer the next hour at the one address, and a correction; return the body's hash."""
        if self.live:
            key = self.chance.choice(list(self.live))
            self.live[key] += 1
        self.live["C2", FIRST + HOUR * (len(self.live) + 1)] = self.value()
        self.take_over(self.live)
        body = table(self.live)
        self.pages["/live.csv"] = (200, body)
        return hashlib.sha256(body).hexdigest()

    def dated(self, now: datetime) -> None:
        """Make the pages of the past hours and of two to come."""
        for step in range(-BACK, 3):
            hour = now.replace(minute=0, second=0, microsecond=0) + HOUR * step
            values = {("C3", hour): self.value()}
            self.pages[f"/dated/{hour:%Y%m%d%H}.csv"] = (200, table(values))
            if step <= 0:
                self.take_over(values)
            else:
                self.later |= values

    def hours_up_to(self, last: datetime) -> None:
        """Count the hours that came while it ran, up to the last one asked for, as offered."""
        self.take_over({key: value for key, value in self.later.items() if key[1] <= last})

    def spoil(self) -> None:
        """Let some of the dated pages be missing and some fail."""
        dated = sorted(path for path in self.pages if path.startswith("/dated/"))
        for path in dated[2:BACK:5]:
            self.pages[path] = (404, self.pages[path][1])
        for path in dated[4:BACK:7]:
            self.pages[path] = (500, self.pages[path][1])

    def mend(self) -> None:
        """Let every page answer."""
        self.pages = {path: (200, body) for path, (_, body) in self.pages.items()}


def table(values: dict[Key, int]) -> bytes:
    """Return a file of the feed ``tidy-hourly``; all items of an hour follow from its PM2.5."""
    rows = [
        f"{code},{end - HOUR:%Y-%m-%d} {(end - HOUR).hour + 1:02d}:00,"
        + ",".join(str(one) for one in of(value).values())
        for (code, end), value in sorted(values.items())
    ]
    return "\n".join([HEADER, *rows, ""]).encode()


def of(pm25: int) -> dict[str, float]:
    """Return the values of all items that go with one of PM2.5; only PM2.5 is ever corrected."""
    return {"so2": 12, "no2": 40, "co": 0.8, "o3": 90, "pm10": 160, "pm25": pm25}


@contextmanager
def offered(offers: Offers) -> Iterator[str]:
    """Serve the pages; yield the address of the server."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = offers.pages.get(self.path, (404, b""))
            mark = f'"{hashlib.sha256(body).hexdigest()}"'
            if status == 200 and self.headers.get("If-None-Match") == mark:
                status, body = 304, b""
            self.send_response(status)
            self.send_header("Content-Type", "text/csv")
            self.send_header("ETag", mark)
            if status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def beijing_now() -> datetime:
    """Return the present as Beijing shows it."""
    return datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=8)
