"""One shape for everything that goes wrong: ``{"error": {"code", "message", "where"}}``."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from fenhe.base.errors import BadInput, FenheError, UnknownValue
from fenhe.platform.monitoring.imports import ImportRefused
from fenhe.platform.registry import door
from fenhe.standards.errors import NoEdition

log = logging.getLogger("fenhe.api")
MEANING = {
    400: "the request can not be read",
    401: "a token is missing, unknown, expired or revoked, or a visitor may not do this",
    403: "the token or its owner may not do this",
    404: "there is no such thing, or it is not shown to you",
    405: "this address has no such method",
    409: "the idempotency key was used for another request",
    413: "the body is larger than is taken here",
    415: "the body is of a type that is not read here",
    422: "the request can be read and not be done; the message says why",
    429: "too many tokens that do not hold were tried; Retry-After says how long to wait",
    500: "a fault of Fenhe; it is in the server's log",
}
CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_type",
    422: "unusable",
    429: "too_many_tries",
    500: "internal",
}


class ApiError(FenheError):
    """An answer other than the one asked for."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str = "",
        where: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.where = status, code or CODES[status], where
        self.headers = dict(headers or {})


def body(code: str, message: str, where: str = "") -> dict[str, Any]:
    """Return the shape of an error; ``where`` is left out when there is no single place."""
    found = {"code": code, "message": message}
    return {"error": found | ({"where": where} if where else {})}


def answer(status: int, message: str = "", *, code: str = "", where: str = "") -> HttpResponse:
    """Return an error as a response."""
    return JsonResponse(
        body(code or CODES.get(status, "error"), message or MEANING.get(status, ""), where),
        status=status,
        json_dumps_params={"ensure_ascii": False},
    )


def of_validation(errors: Sequence[Mapping[str, Any]]) -> ApiError:
    """Return what is wrong with the first parameter that can not be read."""
    first = errors[0] if errors else {"loc": (), "msg": ""}
    parts = [str(part) for part in first["loc"] if part not in ("asked",)]
    return ApiError(400, str(first["msg"]), where=".".join(parts))


def of_domain(error: FenheError, *, known: bool) -> ApiError:
    """Return what the layers below said, with its status; ``known``: the asker has a name."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, door.Denied):
        return ApiError(403 if known else 401, str(error))
    if isinstance(error, ImportRefused):
        return ApiError(422, str(error), code="refused")
    if isinstance(error, UnknownValue):
        return ApiError(422, str(error), code="unknown_value")
    if isinstance(error, NoEdition):
        return ApiError(422, str(error), code="no_edition")
    if isinstance(error, BadInput):
        return ApiError(422, error.message, where=str(error.place or ""))
    raise error


def install(api: NinjaAPI) -> None:
    """Have every error of an operation answered in the one shape."""

    @api.exception_handler(FenheError)
    def said(request: HttpRequest, error: Any) -> HttpResponse:
        known = bool(getattr(request, "user", None) and request.user.is_authenticated)
        try:
            found = of_domain(error, known=known)
        except FenheError as fault:
            return broken(request, fault)
        reply = answer(found.status, found.message, code=found.code, where=found.where)
        for name, value in found.headers.items():
            reply[name] = value
        if found.status == 401:
            reply["WWW-Authenticate"] = "Bearer"
        return reply

    @api.exception_handler(ValidationError)
    def unreadable(request: HttpRequest, error: Any) -> HttpResponse:
        return said(request, of_validation(error.errors))

    @api.exception_handler(Http404)
    def absent(_request: HttpRequest, error: Any) -> HttpResponse:
        return answer(404, str(error))

    @api.exception_handler(HttpError)
    def refused(_request: HttpRequest, error: Any) -> HttpResponse:
        return answer(error.status_code, str(error))

    @api.exception_handler(Exception)
    def broken(request: HttpRequest, error: Any) -> HttpResponse:
        log.error("%s %s", request.method, request.path, exc_info=error)
        return answer(500)
