"""From findings to episodes: opened once, repeated, made graver, closed by themselves.

The database lets a condition of an object have one open episode. One closes when its condition
has been gone for its hold; what comes and goes within a day is held longer each time.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from fenhe.platform.notices import kinds
from fenhe.platform.notices.findings import OTHERS, Finding, bounded
from fenhe.platform.notices.kinds import Kind
from fenhe.platform.notices.models import Episode, Happening
from fenhe.platform.notices.tuning import Tuning
from fenhe.platform.registry.models import Region

log = logging.getLogger("fenhe.alarms")
DAY = timedelta(days=1)
FRESH = timedelta(minutes=1)  # how old the facts of an episode that goes on may be
What = Happening.What


@dataclass
class Settled:
    """What one round did."""

    opened: int = 0
    repeated: int = 0
    graver: int = 0
    closed: int = 0

    def __bool__(self) -> bool:
        """True when anything changed."""
        return bool(self.opened or self.repeated or self.graver or self.closed)


def settle(
    findings: Iterable[Finding], looked: Collection[str], now: datetime, tuning: Tuning
) -> Settled:
    """Bring the episodes in step with what was found (``now`` is aware UTC).

    ``looked``: the kinds that were looked at; episodes of other kinds stay as they are.
    """
    standing = {
        (one.kind, one.object): one
        for one in Episode.objects.filter(closed_at__isnull=True, kind__in=list(looked))
    }
    most = int(tuning.common("objects_most"))
    found = bounded(findings, frozenset(standing), most)
    done = Settled()
    for finding in found:
        if finding.kind not in looked:
            continue
        episode = standing.pop(finding.key, None)
        if episode is None:
            _open(finding, now, tuning, done)
        else:
            _again(episode, finding, now, done)
    for episode in standing.values():
        _gone(episode, now, done)
    return done


def _open(finding: Finding, now: datetime, tuning: Tuning, done: Settled) -> None:
    kind = kinds.all_kinds()[finding.kind]
    try:
        with transaction.atomic():
            episode = Episode.objects.create(
                topic=kind.topic,
                kind=kind.id,
                object=finding.object,
                region=Region.objects.filter(pk=finding.region).first(),
                severity=finding.severity or kind.severity,
                facts=dict(finding.facts),
                opened_at=now,
                seen_at=now,
                times=finding.times or 1,
                hold=_hold(kind, finding, now, tuning),
            )
            happened(episode, What.OPENED, now, facts=dict(finding.facts))
    except IntegrityError:
        return  # another process opened it; the next round finds it
    done.opened += 1
    log.warning("alarm %d opened: %s %s", episode.pk, finding.kind, dict(finding.facts))


def _hold(kind: Kind, finding: Finding, now: datetime, tuning: Tuning) -> float:
    """Return the hold of a new episode: doubled for each that began within a day."""
    lately = Episode.objects.filter(
        topic=kind.topic, kind=kind.id, object=finding.object, opened_at__gt=now - DAY
    ).count()
    base, longest = tuning.common("hold_s"), tuning.common("hold_longest_s")
    return max(min(base * 2.0 ** min(lately, 20), longest), base)


def _again(episode: Episode, finding: Finding, now: datetime, done: Settled) -> None:
    """Note that the condition still holds, or that it is back, or that more happened."""
    severity = finding.severity or kinds.all_kinds()[finding.kind].severity
    graver = kinds.SEVERITIES.index(severity) > kinds.SEVERITIES.index(episode.severity)
    more = _more(episode, finding)
    if not (graver or more or episode.gone_at or now - episode.seen_at >= FRESH):
        return  # nothing new: the records are not written at every look
    facts = dict(finding.facts)
    with transaction.atomic():
        if graver:
            episode.severity = severity  # never milder again: what was grave is told as such
            happened(episode, What.GRAVER, now, facts=facts)
            done.graver += 1
        if more:
            happened(episode, What.REPEATED, now, times=more, facts=facts)
            done.repeated += 1
        episode.times += more
        episode.seen_at, episode.gone_at, episode.facts = now, None, facts
        episode.save(update_fields=["severity", "times", "seen_at", "gone_at", "facts"])


def _more(episode: Episode, finding: Finding) -> int:
    """Return how often it happened again: by its own count, or once when it had been gone."""
    if finding.times is None:
        return 1 if episode.gone_at is not None else 0
    before = int(episode.facts.get("times", 0))
    if finding.times >= before:
        return finding.times - before
    # a count begun anew; that of the others falls as objects leave them
    return 0 if finding.object == OTHERS else finding.times


def _gone(episode: Episode, now: datetime, done: Settled) -> None:
    """Note that the condition is gone; after its hold, close."""
    if episode.gone_at is None:
        episode.gone_at = now
        episode.save(update_fields=["gone_at"])
    if (now - episode.gone_at).total_seconds() < episode.hold:
        return
    with transaction.atomic():
        episode.closed_at = now
        episode.save(update_fields=["closed_at"])
        happened(episode, What.CLOSED, now)
    done.closed += 1
    log.info("alarm %d closed: %s", episode.pk, episode.kind)


def happened(
    episode: Episode, what: str, now: datetime, *, times: int = 1, **more: Any
) -> Happening:
    """Write what happened to an episode; a repetition after a repetition adds to its row."""
    last = episode.happenings.last() if what == What.REPEATED else None
    if last is not None and last.what == what:
        last.times, last.last_at, last.facts = last.times + times, now, more.get("facts", {})
        last.save(update_fields=["times", "last_at", "facts"])
        return last
    return Happening.objects.create(
        episode=episode, what=what, at=now, last_at=now, times=times, **more
    )
