"""Log-in throttling: failed tries are counted in the database, per name and address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone

from fenhe.platform.registry.models import LogInTry


def address_of(request: HttpRequest | None) -> str:
    """Return the address a request came from; a proxy's header is not believed."""
    return str(request.META.get("REMOTE_ADDR", "")) if request is not None else ""


def minutes_to_wait(name: str, address: str) -> int:
    """Return how many minutes this name must wait from this address; 0 when it may try."""
    window = timedelta(minutes=settings.LOGIN_WINDOW_MINUTES)
    since = timezone.now() - window
    recent = LogInTry.objects.filter(at__gt=since)
    limits = (
        (recent.filter(name=_plain(name), address=address), settings.LOGIN_TRIES),
        (recent.filter(name=_plain(name)), settings.LOGIN_TRIES_PER_NAME),
        (recent.filter(address=address), settings.LOGIN_TRIES_PER_ADDRESS),
    )
    waits = []
    for tries, limit in limits:
        times = list(tries.order_by("-at").values_list("at", flat=True)[:limit])
        if len(times) == limit:
            waits.append(times[-1] + window - timezone.now())
    longest = max(waits, default=timedelta(0))
    return -(-int(longest.total_seconds()) // 60) if longest > timedelta(0) else 0


def note_failure(name: str, address: str) -> None:
    """Count one failed try, and forget those older than a day."""
    LogInTry.objects.filter(at__lt=timezone.now() - timedelta(days=1)).delete()
    LogInTry.objects.create(name=_plain(name), address=address)


def forget(name: str, address: str) -> None:
    """Forget the failures of a name at an address, after it got in."""
    LogInTry.objects.filter(name=_plain(name), address=address).delete()


class ThrottledBackend(ModelBackend):
    """Check passwords as Django does, unless there were too many failures of late.

    A throttled try is refused even with the right password, so that guessing learns nothing.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return the user, None for a wrong password; raise when throttled."""
        if request is not None and minutes_to_wait(username or "", address_of(request)):
            raise PermissionDenied("too many failed tries to log in")
        return super().authenticate(request, username, password, **kwargs)


def _plain(name: str) -> str:
    return name.strip().casefold()[:150]
