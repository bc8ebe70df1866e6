"""What is said aloud of standing feeds: one that is late, receipts that do not balance.

How late a source is, is computed whenever somebody asks (``operations.lateness``). Here the log
is told when a source becomes late and when it is in time again, and a source remembers that
the receipts of one of its feeds do not balance until they do.
"""

from __future__ import annotations

import logging
from math import isfinite

from fenhe.platform.monitoring import queries
from fenhe.platform.monitoring.models import Source
from fenhe.platform.operations import lateness

log = logging.getLogger("fenhe.feeder")
_late: set[str] = set()  # what this process has said already


def look() -> None:
    """Tell the log what has changed, and mark the sources whose receipts do not balance."""
    _look_at_time()
    _look_at_receipts()


def _look_at_time() -> None:
    found = (lag for lag in lateness.lags() if isfinite(lag.seconds))  # others are just new
    late = {lag.feed: lag for lag in found if lag.is_late}
    for key in late.keys() - _late:
        log.warning("source %s is late: %s", key, lateness.said(late[key].seconds))
    for key in _late - late.keys():
        log.info("source %s is in time again", key)
    _late.clear()
    _late.update(late)


def _look_at_receipts() -> None:
    wrong = {feed["id"] for feed in queries.feeds() if not feed["balanced"]}
    for source in Source.objects.all():
        here = sorted(wrong.intersection(source.feeds))
        alarm = f"the receipts of {', '.join(here)} do not balance" if here else ""
        if alarm != source.alarm:
            source.alarm = alarm
            source.save(update_fields=["alarm"])
            log.error("source %s: %s", source.key, alarm or "the receipts balance again")
