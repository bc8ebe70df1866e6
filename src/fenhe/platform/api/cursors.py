"""Opaque cursors: where a page ended, bound to the question it was a page of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.core import signing
from django.http import HttpRequest

from fenhe.platform.api.errors import ApiError

_SALT = "fenhe.api.cursor"
_NOT_ASKED = frozenset({"cursor", "limit", "format"})
Row = TypeVar("Row")
Key = Sequence[Any]


def question(request: HttpRequest) -> str:
    """Return what a cursor belongs to: the address with everything but where to go on."""
    asked = sorted((k, v) for k, v in request.GET.lists() if k not in _NOT_ASKED)
    text = json.dumps([request.path, asked])
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def make(request: HttpRequest, place: Key) -> str:
    """Return the cursor of a place."""
    return signing.Signer(salt=_SALT).sign_object([question(request), list(place)])


def read(request: HttpRequest) -> list[Any] | None:
    """Return the place a request goes on from, None at the start.

    Raises 400 for a cursor that was altered or belongs to another question.
    """
    text = request.GET.get("cursor")
    if text is None:
        return None
    try:
        asked, place = signing.Signer(salt=_SALT).unsign_object(text)
    except (signing.BadSignature, ValueError, UnicodeError):
        raise ApiError(400, "this is no cursor of Fenhe", code="bad_cursor", where="cursor") from (
            None
        )
    if asked != question(request):
        text = "the cursor belongs to another question: change nothing but limit while paging"
        raise ApiError(400, text, code="bad_cursor", where="cursor")
    return list(place)


def page(
    request: HttpRequest, rows: Sequence[Row], key: Callable[[Row], Key], limit: int
) -> dict[str, Any]:
    """Return one page of a list in memory, in the order of ``key``, which no two rows share.

    Keys: ``data`` and ``next``, the cursor of the next page or None at the end.
    """
    place = read(request)
    ordered = sorted(rows, key=lambda row: list(key(row)))
    left = [row for row in ordered if place is None or list(key(row)) > place]
    shown = left[:limit]
    more = len(left) > limit
    return {"data": shown, "next": make(request, key(shown[-1])) if more else None}
