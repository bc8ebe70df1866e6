"""Real sinks for what is sent: a mail server and a web server on this machine."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from django.db import OperationalError

from fenhe.platform.notices.acts import AddRoute
from fenhe.platform.notices.models import Episode, Route
from fenhe.platform.registry.secrets import Secret
from fenhe.platform.workflow.acts import local_actor

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # noon in Beijing
SECRET = "s3cret-Pa55"  # noqa: S105 (of the sink)


@dataclass
class Mail:
    """One message as it came."""

    to: list[str]
    message: EmailMessage

    @property
    def text(self) -> str:
        return str(self.message.get_content())

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])


class MailSink:
    """Takes mail; refuses addressees, or everything, when told to."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.refused: set[str] = set()
        self.down = False
        self.logins: list[str] = []
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            authenticator=self._login,
            auth_require_tls=False,
            ready_timeout=30,
        )
        self._controller.start()

    def _login(self, _server: Any, _session: Any, _envelope: Any, _how: str, told: Any) -> Any:
        assert isinstance(told, LoginPassword)
        self.logins.append(told.login.decode())
        return AuthResult(success=told.password.decode() == SECRET, handled=False)

    async def handle_RCPT(  # noqa: N802 (the library's name)
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 nobody here by that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.down:
            return "451 4.3.0 try again later"
        parsed = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(Mail(list(envelope.rcpt_tos), parsed))
        return "250 kept"

    def stop(self) -> None:
        self._controller.stop()


@dataclass
class Got:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class WebSink:
    """Takes what is posted and answers as told."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    status: int = 200
    answer: str = "{}"
    wait: threading.Event | None = None
    location: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def mail_sink() -> Iterator[MailSink]:
    sink = MailSink()
    yield sink
    sink.stop()


@pytest.fixture
def web_sink() -> Iterator[WebSink]:
    sink = WebSink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sink.got.append(Got(self.path, dict(self.headers), json.loads(body)))
            if sink.wait is not None:
                sink.wait.wait(30)
            self.send_response(sink.status)
            if sink.location:
                self.send_header("Location", sink.location)
            self.send_header("Content-Length", str(len(sink.answer.encode())))
            self.end_headers()
            self.wfile.write(sink.answer.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sink.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield sink
    if sink.wait is not None:
        sink.wait.set()
    server.shutdown()
    server.server_close()
    thread.join(10)


def until(true: Callable[[], bool], seconds: float = 30.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        # threads of a test share one database in memory, whose tables lock each other out
        with contextlib.suppress(OperationalError):
            if true():
                return True
        time.sleep(0.05)
    return true()


def mail_route(sink: MailSink, key: str = "ops", **told: Any) -> Route:
    """Add a route of mail to the sink, with a password."""
    fields = {"to": ["ops@example.org"], "group_s": 0, **told}
    address = f"mailto://fenhe:{SECRET}@127.0.0.1:{sink.port}?from=fenhe@example.org"
    return AddRoute(key, address, fields).run(local_actor())


def web_route(sink: WebSink, key: str = "hook", path: str = "/hook", **told: Any) -> Route:
    """Add a webhook to the sink."""
    return AddRoute(key, sink.url + path, {"group_s": 0, **told}).run(local_actor())


def bare_route(key: str, kind: str, url: str, **told: Any) -> Route:
    """Write a route without an act: the audit log can not be emptied after a test with threads."""
    return Route.objects.create(key=key, kind=kind, url=Secret(url), group_s=0, **told)


def an_episode(kind: str = "disk_low", name: str = "disk", **more: Any) -> Episode:
    """Write an open episode."""
    told = {"facts": {"free_bytes": 1_500_000_000, "total_bytes": 50_000_000_000}}
    fields = {
        "severity": "warning",
        "opened_at": NOW,
        "seen_at": NOW,
        "hold": 300.0,
        **told,
        **more,
    }
    return Episode.objects.create(kind=kind, object=name, **fields)
