"""Health and metrics over HTTP."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from fenhe.platform.operations import health, metrics
from fenhe.platform.registry import door
from fenhe.platform.registry.throttle import address_of

LOOPBACK = frozenset({"127.0.0.1", "::1"})
PASSED_ON = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")


@door.guard("operations.health")
@require_safe
def alive(_request: HttpRequest) -> HttpResponse:
    """Answer that the process answers, and nothing else."""
    return _plain("ok\n")


@door.guard("operations.health")
@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """Answer 200 when store, worker, watcher and disk are well, else 503; a word for each.

    ``alarms`` is told beside them and changes nothing: an alarm is no reason to send nobody here.
    """
    found = health.readiness()
    status = 200 if set(found.values()) == {"ok"} else 503
    answer = JsonResponse({**found, "alarms": health.said(health.alarms)}, status=status)
    answer["Cache-Control"] = "no-store"
    return answer


@door.guard("operations.metrics")
@require_safe
def show_metrics(request: HttpRequest) -> HttpResponse:
    """Answer with the metrics, to this machine or to who has the token."""
    if not may_measure(request):
        return _plain("metrics are for this machine, or for FENHE_METRICS_TOKEN\n", 403)
    answer = HttpResponse(metrics.text(), content_type=CONTENT_TYPE_LATEST)
    answer["Cache-Control"] = "no-store"
    return answer


def may_measure(request: HttpRequest) -> bool:
    """Say whether a request may see the metrics.

    Where a token is set, it alone opens; elsewhere the request must come from this machine
    and not through a proxy.
    """
    token = settings.FENHE_METRICS_TOKEN
    if token:
        return constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}")
    passed_on = any(name in request.META for name in PASSED_ON)
    return address_of(request) in LOOPBACK and not passed_on


def _plain(said: str, status: int = 200) -> HttpResponse:
    answer = HttpResponse(said, status=status, content_type="text/plain; charset=utf-8")
    answer["Cache-Control"] = "no-store"
    return answer
