"""A real HTTP server that plays every part a feed's address may play."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    """What it answers by path (status, headers, body), and what it was asked (path, headers)."""

    url: str = ""
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    hang: threading.Event = field(default_factory=threading.Event)
    hanging: set[str] = field(default_factory=set)

    def csv(self, path: str, body: bytes, **headers: str) -> None:
        marks = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = (200, {"Content-Type": "text/csv", **marks}, body)

    def paths(self) -> list[str]:
        return [path for path, _ in self.seen]


@contextmanager
def asked() -> Iterator[Asked]:
    """Serve until left."""
    one = Asked()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            one.seen.append((self.path, dict(self.headers)))
            if self.path in one.hanging:
                one.hang.wait(30)
            status, headers, body = one.answers.get(self.path.split("?")[0], (404, {}, b""))
            mark = headers.get("ETag")
            if mark and self.headers.get("If-None-Match") == mark:
                status, body = 304, b""
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        one.url = f"http://127.0.0.1:{server.server_port}"
        yield one
        one.hang.set()
        server.shutdown()
