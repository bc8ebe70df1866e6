"""Records of commands: written by acts, carried on by the clerk. For threads with a database."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from fenhe.platform.gateway import catalogue
from fenhe.platform.gateway.config import Timing
from fenhe.platform.gateway.exchange import Order
from fenhe.platform.gateway.models import Command
from fenhe.platform.registry import secrets

State = Command.State
MOMENTS = {"sent": "sent_at", "accepted": "accepted_at"}
LATELY = timedelta(minutes=1)
WHY_EXPIRED = "the device was not connected in time"


def sealed(fields: catalogue.Fields) -> str:
    """Return fields encrypted, when one is a secret, else an empty text."""
    if not any(name in catalogue.SECRETS for name, _ in fields):
        return ""
    return secrets.encrypted(json.dumps(fields))


def clear_fields(command: Command) -> catalogue.Fields:
    """Return the fields as they go on the wire."""
    told = json.loads(secrets.decrypted(command.sealed)) if command.sealed else command.fields
    return tuple((name, text) for name, text in told)


def orders(name: str, timing: Timing) -> list[Order]:
    """Return what this gateway has to do: what waits for a device, and what it had sent."""
    waits = Q(state=State.APPROVED) | Q(state__in=Command.UNDER_WAY, gateway=name)
    return [_order(one, timing) for one in Command.objects.filter(waits).order_by("id")]


def _order(command: Command, timing: Timing) -> Order:
    over_time, resend = _agreed(command.mn, timing)
    return Order(
        number=command.pk,
        mn=command.mn,
        cn=command.cn,
        st=command.st,
        fields=clear_fields(command),
        over_time=over_time,
        resend=resend,
        patience=timing.patience,
        qn=command.qn,
        attempts=command.attempts,
        accepted=command.state == State.ACCEPTED,
    )


def _agreed(mn: str, timing: Timing) -> tuple[float, int]:
    """Return time-out and number of retries: what command 1000 last set at the device."""
    done = Command.objects.filter(mn=mn, cn=catalogue.TIME_OUTS, state=State.DONE)
    last = done.order_by("-ended_at").first()
    told = dict(last.fields) if last is not None else {}
    return float(told.get("OverTime", timing.over_time)), int(told.get("ReCount", timing.resend))


def carry_on(number: int, news: dict[str, Any], gateway: str) -> Command | None:
    """Write what is new about a command; return it when it has ended by this."""
    changes = {**news, "gateway": gateway}
    state = news.get("state")
    if state in MOMENTS:
        changes[MOMENTS[state]] = timezone.now()
    over = state in Command.ENDED
    if over:
        changes["ended_at"] = timezone.now()
    # one that was taken back in the moment it was sent has been sent all the same
    told = (State.DONE, State.FAILED, State.REFUSED)
    open_ones = Command.objects.filter(pk=number).exclude(state__in=told)
    if not open_ones.update(**changes) or not over:
        return None
    return Command.objects.get(pk=number)


def expire(now: datetime) -> list[int]:
    """End what waited too long, for a device or a second person; return the numbers."""
    late = Command.objects.filter(
        state__in=(State.ASKED, State.APPROVED), qn="", expires_at__lt=now
    )
    numbers = list(late.values_list("pk", flat=True))
    for number in numbers:
        found = Command.objects.filter(pk=number, state__in=(State.ASKED, State.APPROVED))
        found.update(state=State.TIMED_OUT, ended_at=now, why=WHY_EXPIRED, sealed="")
    return numbers


def asked_lately(mn: str, cn: str) -> bool:
    """Say whether a device has such a command open, or was sent one within the minute."""
    found = Command.objects.filter(mn=mn, cn=cn)
    lately = Q(asked_at__gt=timezone.now() - LATELY)
    return found.filter(~Q(state__in=Command.ENDED) | lately).exists()


def expires(timing: Timing, asked: bool) -> datetime:
    """Return until when a command may wait: a second person is given a day."""
    return timezone.now() + (timedelta(days=1) if asked else timedelta(seconds=timing.valid))


def plain(command: Command) -> dict[str, Any]:
    """Return a command as plain data; secrets are masked in the record already."""
    names = (
        "mn", "cn", "st", "fields", "state", "changes", "reason", "asked_by", "asked_at",
        "decided_by", "decided_at", "expires_at", "qn", "attempts", "sent_at", "accepted_at",
        "ended_at", "qn_rtn", "exe_rtn", "frames", "result", "why",
    )  # fmt: skip
    return {"id": command.pk, **{name: getattr(command, name) for name in names}}
