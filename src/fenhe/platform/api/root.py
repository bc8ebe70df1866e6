"""The interface as a whole: its operations, its description, its addresses."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe
from ninja import NinjaAPI

from fenhe import __version__
from fenhe.platform.api import errors, frame
from fenhe.platform.api.subjects import ROUTERS
from fenhe.platform.registry import door

PREFIX = "api/v1/"
ABOUT = """Places, series, observations, verdicts with their evidence, standards and methods.

Times are naive UTC in fields named so, with the Beijing label beside them. Values come with unit
and decimals, verdicts with edition, status, reason and the ids of the unverified values they rest
on. Lists are paged: follow `next` with `cursor` until it is null; every row comes once. Visitors
see what is published; a token or a session shows what its owner may see. Writing needs a token with
the scope `push`."""
_SCHEMES = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "made by `fenhe token add`; acts as its owner",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "of a person who is logged in; for reading only",
    },
}


def _build() -> NinjaAPI:
    api = NinjaAPI(
        title="Fenhe",
        version=__version__,
        description=ABOUT,
        docs_url=None,
        openapi_url=None,
        urls_namespace="api",
    )
    errors.install(api)
    for subject, router in ROUTERS.items():
        api.add_router("", router, tags=[subject])
    return api


api = _build()


@cache
def schema() -> dict[str, Any]:
    """Return the OpenAPI description of the interface."""
    found: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix=PREFIX)))
    found["components"]["securitySchemes"] = _SCHEMES
    for operations in found["paths"].values():
        for told in operations.values():
            if told.get("description") == told["summary"]:
                del told["description"]
            for status, response in told["responses"].items():
                response["description"] = errors.MEANING.get(int(status), response["description"])
    return found


@door.guard("web.open")
@require_safe
def show_schema(_request: HttpRequest) -> HttpResponse:
    """Answer the OpenAPI description."""
    text = json.dumps(schema(), ensure_ascii=False)
    reply = HttpResponse(text, content_type="application/json; charset=utf-8")
    reply["Cache-Control"] = "no-cache"
    return reply


def addresses() -> list[URLPattern]:
    """Return the addresses below ``/api/v1/``, each marked with the act it asks the door for."""
    found = [path("openapi.json", show_schema, name="openapi")]
    acts = {where.replace("{", "<").replace("}", ">"): act for where, act in frame.ACTS.items()}
    for pattern in api.urls[0]:
        if isinstance(pattern, URLPattern) and str(pattern.pattern) in acts:
            pattern.callback.door_act = acts[str(pattern.pattern)]  # type: ignore[attr-defined]
            found.append(pattern)
    return found
