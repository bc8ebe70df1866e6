"""Log-ins, log-outs and failures go to the audit log and to the throttle."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from fenhe.platform.registry import throttle
from fenhe.platform.workflow import acts


@receiver(user_logged_in)
def logged_in(request: HttpRequest, user: Any, **_: Any) -> None:
    """Record a log-in and forget the failures before it."""
    address = throttle.address_of(request)
    throttle.forget(user.get_username(), address)
    acts.append("web.login", acts.Actor(user, user.get_username(), "web", address))


@receiver(user_logged_out)
def logged_out(request: HttpRequest, user: Any, **_: Any) -> None:
    """Record a log-out."""
    if user is not None:
        address = throttle.address_of(request)
        acts.append("web.logout", acts.Actor(user, user.get_username(), "web", address))


@receiver(user_login_failed)
def login_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """Count and record a failure; a try made while throttled does not lengthen the wait."""
    name, address = str(credentials.get("username", "")), throttle.address_of(request)
    throttled = request is not None and throttle.minutes_to_wait(name, address) > 0
    if not throttled:
        throttle.note_failure(name, address)
    acts.append(
        "web.login_failed", acts.nobody(name[:150], address), after={"throttled": throttled}
    )
