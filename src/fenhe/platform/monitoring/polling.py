"""A polled address. One with dates stands for many: those missed are asked for later.

Every address from the source's *place* until now is asked once. One that gives nothing, or
something that is refused, is *owed*: the others go on, and it is asked again, less and less often,
until it is given up after ``GIVE_UP``.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from fenhe.base.beijing import HOUR
from fenhe.base.instants import utc_now
from fenhe.platform import owner
from fenhe.platform.monitoring import fetching
from fenhe.platform.monitoring.models import Source
from fenhe.platform.monitoring.pauses import pause_after
from fenhe.platform.monitoring.taking import Trying
from fenhe.store import RawFile

CATCH_UP = 48  # addresses of one run
IN_A_ROW = 3  # addresses without an answer after which the run is over
GIVE_UP = timedelta(days=7)


def poll(trying: Trying) -> None:
    """Ask what is to be asked. Raises ``NotFetched`` when the newest address gave nothing."""
    source = trying.source
    fetching.check(source.location)
    headers = {}
    if source.headers:
        headers = fetching.headers_of(Path(settings.FENHE_DATA) / "secrets" / source.headers)
    now = utc_now()
    if fetching.has_dates(source.location):
        _Dated(trying, headers, now).run()
    else:
        _newest(trying, source.location, headers)


def _newest(trying: Trying, url: str, headers: dict[str, str]) -> None:
    """Ask an address that may have been asked before; an answer not changed is not read."""
    source = trying.source
    raw, marks = _bytes(trying, url, headers, source.remembered)
    if raw is None:
        return
    refused = source.remembered.get("refused")
    if refused != raw.sha256:
        refused = raw.sha256 if trying.take(raw) else None
    kept = {
        key: source.remembered[key]
        for key in ("sha256", "owed", "taking")
        if key in source.remembered
    }
    source.remembered = {**kept, **marks, **({"refused": refused} if refused else {})}
    source.save(update_fields=["remembered"])


def _bytes(
    trying: Trying, url: str, headers: dict[str, str], last: dict[str, Any]
) -> tuple[RawFile | None, dict[str, str]]:
    """Return what an address gives, kept, and what to ask by next time; None: not changed."""
    with tempfile.TemporaryFile() as spool:
        answer = fetching.fetch(url, spool, headers, last, trying.stop)
        if not answer.changed:
            return None, {}
        spool.seek(0)
        return owner.store().raw.keep(spool, answer.name), answer.remembered


class _Dated:
    """One run over the addresses of a dated source."""

    def __init__(self, trying: Trying, headers: dict[str, str], now: datetime) -> None:
        self._trying, self._headers, self._now = trying, headers, now
        self._source = trying.source
        self._owed: dict[str, dict[str, Any]] = dict(self._source.remembered.get("owed", {}))
        self._silent = 0  # addresses in a row without an answer

    def run(self) -> None:
        """Ask for the hours since the place, the newest last, and then for what is owed."""
        steps = addresses(self._source, self._now)
        owed = [url for url, one in self._owed.items() if _moment(one["next"]) <= self._now]
        for number, (url, moment) in enumerate(steps[:CATCH_UP]):
            if self._is_over():
                break
            if number == len(steps) - 1:
                self._last(url)
            else:
                self._one(url, moment)
            self._keep(moment)
        for url in owed[:CATCH_UP]:
            if self._is_over():
                break
            self._one(url, _moment(self._owed[url]["moment"]))
            self._keep(None)
        self._trying.tally.soon |= len(steps) > CATCH_UP
        if self._silent >= IN_A_ROW:
            raise fetching.NotFetched(f"{self._silent} addresses in a row gave nothing")

    def _is_over(self) -> bool:
        return self._trying.stop.is_set() or self._silent >= IN_A_ROW

    def _last(self, url: str) -> None:
        """Ask for the newest; that it is not there yet is no fault."""
        try:
            _newest(self._trying, url, self._headers)
        except fetching.NotFetched as error:
            if not error.gone:
                raise
            self._trying.tally.notes.append(f"{error}; not there yet")

    def _one(self, url: str, moment: datetime) -> None:
        """Ask for one that is not the newest; what it does not give is owed."""
        known = self._source.remembered if self._source.remembered.get("address") == url else {}
        earlier = (known.get("refused", ""), self._owed.get(url, {}).get("sha256", ""))
        refused: set[str] = {sha256 for sha256 in earlier if sha256}
        try:
            raw, _ = _bytes(self._trying, url, self._headers, known)
        except fetching.NotFetched as error:
            self._silent += not error.gone
            self._trying.tally.notes.append(str(error))
            self._owe(url, moment, next(iter(refused), ""), str(error))
            return
        self._silent = 0
        sha256 = next(iter(refused), "") if raw is None else raw.sha256
        why = self._owed.get(url, {}).get("why") or "refused before and not changed"
        if sha256 not in refused:
            why = self._trying.take(raw) if raw is not None else ""
        if why:
            self._owe(url, moment, sha256, why)
        else:
            self._owed.pop(url, None)

    def _owe(self, url: str, moment: datetime, sha256: str, why: str) -> None:
        if self._now - moment > GIVE_UP:
            self._owed.pop(url, None)
            self._trying.tally.notes.append(f"{fetching.bare(url)} is given up")
            return
        tries = self._owed.get(url, {}).get("tries", 0) + 1
        wait = timedelta(seconds=pause_after(self._source.interval, tries))
        self._owed[url] = {
            "moment": moment.isoformat(),
            "tries": tries,
            "next": (self._now + wait).isoformat(),
            "sha256": sha256,  # of what was refused, so that it is not refused every time
            "why": why,
        }

    def _keep(self, moment: datetime | None) -> None:
        if moment is not None:
            self._source.place = moment.replace(tzinfo=UTC)
        self._source.remembered = {**self._source.remembered, "owed": self._owed}
        self._source.save(update_fields=["place", "remembered"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def addresses(source: Source, now: datetime) -> list[tuple[str, datetime]]:
    """Return the addresses since the place, each once, with the last hour it stands for."""
    place = source.place.replace(tzinfo=None) if source.place else now
    hours = max(int((now - place) / HOUR), 0)
    moments = [*(place + HOUR * step for step in range(hours + 1)), now]
    return list({fetching.address(source.location, one): one for one in moments}.items())
