"""Making and recognising tokens: ``fenhe_<number>_<secret>``."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from fenhe.platform.api.errors import ApiError
from fenhe.platform.api.models import ApiToken
from fenhe.platform.registry import throttle

_FORM = re.compile(r"fenhe_(\d{1,18})_([A-Za-z0-9_-]{40,60})")
_BEARER = "bearer "
_NOTED = timedelta(minutes=1)  # how exactly the last use is kept: not every reading writes


def digest_of(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def make(token: ApiToken) -> str:
    """Give a token its secret and save it; return the text that is shown once."""
    secret = secrets.token_urlsafe(32)
    token.digest = digest_of(secret)
    token.save()
    return f"fenhe_{token.pk}_{secret}"


def presented(request: HttpRequest) -> str | None:
    """Return the token a request brings, None without one."""
    header = request.headers.get("Authorization", "")
    if not header:
        return None
    if not header.lower().startswith(_BEARER):
        raise ApiError(401, "write: Authorization: Bearer TOKEN", where="header.Authorization")
    return header[len(_BEARER) :].strip()


def recognise(text: str, request: HttpRequest) -> ApiToken:
    """Return the token of a text. Raises 401 for one that does not hold, 429 after many.

    A token that holds is never put off: what is throttled is trying others.
    """
    found = _find(text)
    if found is None:
        raise _failed(request)
    if found.state != "active" or not found.owner.is_active:
        state = found.state if found.owner.is_active else "revoked"
        raise ApiError(401, f"the token is {state}", code=f"token_{state}")
    _note(found)
    return found


def _find(text: str) -> ApiToken | None:
    form = _FORM.fullmatch(text)
    number, secret = (int(form[1]), form[2]) if form else (0, text)
    found = ApiToken.objects.select_related("owner").filter(pk=number).first()
    kept = found.digest if found else "0" * 64
    return found if constant_time_compare(digest_of(secret), kept) and found else None


def _failed(request: HttpRequest) -> ApiError:
    """Count a failure; apart from those of people who log in from the same address."""
    name, address = "api token", f"api {throttle.address_of(request)}"[:45]
    wait = throttle.minutes_to_wait(name, address)
    if wait:
        text = f"too many tokens that do not hold; wait {wait} min"
        return ApiError(429, text, headers={"Retry-After": str(wait * 60)})
    throttle.note_failure(name, address)
    return ApiError(401, "there is no such token", code="token_unknown")


def _note(token: ApiToken) -> None:
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > _NOTED:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
