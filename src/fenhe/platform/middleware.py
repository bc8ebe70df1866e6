"""Security headers, and the limit on what a browser may send."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def content_policy() -> str:
    """Return the content security policy: own files only, no inline script."""
    tiles = " ".join(settings.TILE_HOSTS)
    rules = {
        "default-src": "'self'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": f"'self' data: blob: {tiles}".strip(),
        "connect-src": f"'self' {tiles}".strip(),
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


class SecurityHeaders:
    """Set the headers Django's own middleware leaves out, in sync and async stacks."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.policy = content_policy()
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Answer the request with the headers added."""
        if iscoroutinefunction(self):
            return self._later(request)
        return self._mark(self.get_response(request))

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        return self._mark(await self.get_response(request))

    def _mark(self, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Content-Security-Policy", self.policy)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=(self), payment=()"
        )
        return response


class BodyLimit:
    """Refuse a request body above ``UPLOAD_LIMIT`` before it is written anywhere.

    The declared length is refused at once; a body without one is counted as it comes.
    """

    def __init__(self, app: App, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 413."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if _declared(scope) > self.limit:
            await self._refuse(scope, send)
            return
        seen = 0
        started = False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.limit:
                raise _TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, counted, watched)
        except _TooLarge:
            if not started:
                await self._refuse(scope, send)

    async def _refuse(self, scope: Scope, send: Send) -> None:
        said = (
            f"文件超过 {self.limit // 2**20} MB，请用命令行 fenhe import 导入。\n"
            f"The file is larger than {self.limit // 2**20} MB: use fenhe import.\n"
        )
        kind = b"text/plain; charset=utf-8"
        if scope["path"].startswith("/api/"):  # for programs, in their one shape of an error
            error = {"code": "too_large", "message": said.splitlines()[1], "where": "body"}
            said, kind = json.dumps({"error": error}), b"application/json"
        text = said.encode()
        headers = [
            (b"content-type", kind),
            (b"content-length", str(len(text)).encode()),
            (b"connection", b"close"),
        ]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": text})


class _TooLarge(Exception):
    """The body grew past the limit."""


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
