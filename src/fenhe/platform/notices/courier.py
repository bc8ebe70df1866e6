"""The courier of the owner: sends what is due, each route in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import close_old_connections, connection, transaction
from django.db.models import Min

from fenhe.platform.monitoring.pauses import pause_after
from fenhe.platform.notices import sending, tuning, wording
from fenhe.platform.notices.models import Attempt, Line, Notice, Route
from fenhe.platform.registry.secrets import SecretLost

log = logging.getLogger("fenhe.notices")
PAUSE = 1.0  # seconds between looks at what is due
PATIENCE = 5.0  # seconds a stop waits for the routes under way, all together
FIRST = 30.0  # seconds to the second try; then doubling to an hour
CUT_SHORT = "cut short: the process ended before there was an answer"
State = Notice.State


def now_utc() -> datetime:
    """Return the present, aware."""
    return datetime.now(UTC)


def put_back(sending_now: Iterable[str] = ()) -> int:
    """Take up what a death or an error left half sent: it may come twice, never not at all.

    ``sending_now``: the routes whose notices are being sent indeed.
    """
    left = Notice.objects.filter(state=State.SENDING, test=False)
    keys = list(left.exclude(route__in=list(sending_now)).values_list("pk", flat=True))
    return Notice.objects.filter(pk__in=keys).update(state=State.WAITING) if keys else 0


def end_tests() -> int:
    """Give up tests a death left half sent: who asked for them is gone."""
    left = Notice.objects.filter(state=State.SENDING, test=True)
    return left.update(state=State.GIVEN_UP)


def due(now: datetime) -> list[Route]:
    """Return the routes that have something to send now and are not resting after a failure."""
    waiting = Notice.objects.filter(state=State.WAITING, due_at__lte=now)
    keys = waiting.values("route")
    found = Route.objects.filter(active=True, pk__in=keys)
    return [route for route in found if route.next_try is None or route.next_try <= now]


def send_due(route: Route, now: datetime) -> int:
    """Send what is due on a route, oldest first, until one fails; return how many went."""
    give_up_old(route, now)
    sent = 0
    found = Notice.objects.filter(route=route, state=State.WAITING, due_at__lte=now)
    for pk in list(found.order_by("due_at", "pk").values_list("pk", flat=True)):
        notice = _take(pk)
        if notice is None:
            continue
        if not deliver(notice):
            break
        sent += 1
    return sent


def _take(pk: int) -> Notice | None:
    """Mark a notice as being sent, so that no line is added to it any more."""
    with transaction.atomic():
        taken = Notice.objects.filter(pk=pk, state=State.WAITING).update(state=State.SENDING)
    return Notice.objects.select_related("route").get(pk=pk) if taken else None


def deliver(notice: Notice) -> bool:
    """Try a notice once; write the try before it is made, and then what became of it."""
    route = notice.route
    with transaction.atomic():
        tried = Attempt.objects.create(notice=notice, at=now_utc(), answer=CUT_SHORT)
        notice.attempts += 1
        notice.save(update_fields=["attempts"])
    answer = _try(notice, route)
    with transaction.atomic():
        tried.seconds, tried.ok, tried.answer = answer.seconds, answer.ok, answer.text
        tried.save(update_fields=["seconds", "ok", "answer"])
        notice.state = State.SENT if answer.ok else State.WAITING
        notice.sent_at = now_utc() if answer.ok else None
        notice.save(update_fields=["state", "sent_at"])
        _note(route, answer)
    if not answer.ok:
        log.warning("notice %d on route %s was not sent: %s", notice.pk, route.key, answer.text)
    return answer.ok


def _try(notice: Notice, route: Route) -> sending.Answer:
    try:
        url = route.url.reveal() if route.url else ""
    except SecretLost as error:
        return sending.Answer(False, str(error), 0.0)
    message = message_of(notice, route)
    extra = {"notice": notice.pk, "test": notice.test, "alarms": facts_of(notice)}
    return sending.send(route.kind, url, notice.recipient, message, extra)


def _note(route: Route, answer: sending.Answer) -> None:
    """Write how a route is; after a failure it rests, longer each time."""
    fresh = Route.objects.select_for_update().get(pk=route.pk)
    fresh.last_tried, fresh.last_answer = now_utc(), answer.text
    fresh.failures = 0 if answer.ok else fresh.failures + 1
    rest = pause_after(FIRST, fresh.failures)
    fresh.next_try = None if answer.ok else now_utc() + timedelta(seconds=rest)
    if answer.ok:
        fresh.last_ok = fresh.last_tried
    names = ["last_tried", "last_answer", "failures", "next_try", "last_ok"]
    fresh.save(update_fields=names)


def give_up_old(route: Route, now: datetime) -> int:
    """Give up what could not be sent for too long; it stays on record."""
    oldest = now - timedelta(seconds=tuning.load().common("give_up_s"))
    waiting = Notice.objects.filter(route=route, state=State.WAITING, attempts__gt=0)
    old = waiting.annotate(first=Min("tries__at")).filter(first__lt=oldest)
    keys = list(old.values_list("pk", flat=True))
    return Notice.objects.filter(pk__in=keys).update(state=State.GIVEN_UP)


def message_of(notice: Notice, route: Route) -> wording.Message:
    """Return what a notice says, in the route's language and within what its service takes."""
    if notice.test:
        return wording.trial_message(route.language)
    room = sending.ROOM[route.kind]
    return wording.message(items_of(notice), route.language, link=route.link, room=room)


def items_of(notice: Notice) -> list[wording.Item]:
    """Return what a notice says of each episode; of several lines about one, the last."""
    lines = notice.lines.select_related("told__episode")
    last = {line.told.episode_id: line for line in lines}
    return [_item(line) for line in last.values()]


def _item(line: Line) -> wording.Item:
    one = line.told.episode
    return wording.Item(
        number=one.pk,
        phase=line.phase,
        kind=one.kind,
        object=one.object,
        severity=one.severity,
        facts=one.facts,
        opened=one.opened_at,
        closed=one.closed_at if line.phase == Line.Phase.CLOSED else None,
    )


def facts_of(notice: Notice) -> list[dict[str, Any]]:
    """Return the same for programs: what a webhook carries beside the text."""
    return [
        {
            "alarm": item.number,
            "phase": item.phase,
            "kind": item.kind,
            "object": wording.plain(item.object),
            "severity": item.severity,
            "opened": item.opened.isoformat(),
            "closed": item.closed.isoformat() if item.closed else None,
        }
        for item in items_of(notice)
    ]


class Courier(threading.Thread):
    """A route that hangs holds up no other."""

    def __init__(self) -> None:
        super().__init__(name="fenhe-courier", daemon=True)
        self._stop_asked = threading.Event()
        self._running: dict[str, threading.Thread] = {}

    def run(self) -> None:
        """Send what is due until stopped."""
        self._safely(end_tests)
        while not self._stop_asked.wait(PAUSE):
            self._safely(self._start_due)

    def _safely(self, step: Callable[[], object]) -> None:
        try:
            step()
        except Exception:
            if not self._stop_asked.is_set():
                log.exception("the courier will try again")
        finally:
            close_old_connections()

    def _start_due(self) -> None:
        self._running = {key: one for key, one in self._running.items() if one.is_alive()}
        put_back(self._running)
        for route in due(now_utc()):
            if route.key not in self._running:
                name = f"fenhe-route-{route.key}"
                thread = threading.Thread(target=self._send, args=(route,), name=name, daemon=True)
                self._running[route.key] = thread
                thread.start()

    def _send(self, route: Route) -> None:
        try:
            send_due(route, now_utc())
        except Exception:
            if not self._stop_asked.is_set():
                log.exception("route %s will be tried again", route.key)
        finally:
            connection.close()

    def stop(self) -> None:
        """Ask the thread to end; wait for what is under way, but not for a route that hangs."""
        self._stop_asked.set()
        until = time.monotonic() + PATIENCE
        for thread in (self, *self._running.values()):
            if thread.is_alive():
                thread.join(max(until - time.monotonic(), 0.0))
