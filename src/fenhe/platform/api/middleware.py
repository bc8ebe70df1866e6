"""What every answer of the interface has: its headers, and the one shape of an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from fenhe.platform.api import errors

PREFIX = "/api/"


class ApiAnswers:
    """Finish answers below ``/api/``; errors that never reached an operation get its shape too."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Answer the request."""
        if iscoroutinefunction(self):
            return self._later(request)
        return self._finished(request, self.get_response(request))

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        return self._finished(request, await self.get_response(request))

    def _finished(self, request: HttpRequest, reply: HttpResponseBase) -> HttpResponseBase:
        if not request.path.startswith(PREFIX):
            return reply
        kind = reply.headers.get("Content-Type", "")
        if reply.status_code >= 400 and not kind.startswith("application/json"):
            told = errors.answer(reply.status_code)
            if "Allow" in reply.headers:
                told["Allow"] = reply.headers["Allow"]
            reply = told
        reply.headers.setdefault("Cache-Control", "private, no-cache")
        for name, value in request.__dict__.get("api_headers", {}).items():
            if reply.status_code < 400 or not name.startswith("ETag"):
                reply.headers[name] = value
        reply.headers["Vary"] = "Accept-Language, Authorization, Cookie"
        return reply
