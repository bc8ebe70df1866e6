"""What went wrong with connections and devices: counted in memory, said once in the log.

The raw log holds every refused frame with a note; the alarms about the system read this list.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

log = logging.getLogger("fenhe.gateway")
MOST = 500  # kept; the one quiet for longest makes room
QUIET = 600.0  # seconds after which the same is said anew
WORDS = {
    "unknown_device": "is not registered",
    "password": "sent a wrong password",
    "disabled": "is switched off here and refused",
    "no_key": "sends encrypted data and no key fits",
    "crc": "sends frames whose checksum is wrong",
    "flood": "sends more than it may and is read more slowly",
    "slow": "did not read its answers and was cut",
    "two_sockets": "came from another connection; the newest wins",
    "too_many": "has too many connections; more are refused",
    "log_failed": "can not keep what it receives and acknowledges nothing",
}  # fmt: skip
REFUSALS = ("unknown_device", "password", "disabled", "no_key")


@dataclass
class Incident:
    """One thing wrong with one subject (an MN, an address, the gateway); seconds since 1970."""

    kind: str
    subject: str
    text: str
    count: int
    first_at: float
    last_at: float


class Incidents:
    """The latest incidents of a gateway; used by its loop, read from anywhere."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], Incident] = OrderedDict()

    def report(self, kind: str, subject: str, text: str, now: float) -> None:
        """Count an incident; say it in the log when it is new or was quiet for long."""
        key = (kind, subject[:60])
        one = self._kept.get(key)
        if one is None:
            one = self._kept[key] = Incident(kind, key[1], text, 0, now, 0.0)
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
        if now - one.last_at > QUIET:
            log.warning("%s %s (%s)", _printable(subject), WORDS[kind], _printable(text))
        one.count, one.last_at, one.text = one.count + 1, now, text
        self._kept.move_to_end(key)

    def clear(self, kind: str, subject: str, text: str) -> None:
        """Say that something is well again."""
        if self._kept.pop((kind, subject), None) is not None:
            log.warning("%s: %s", subject, text)

    def since(self, moment: float) -> Iterator[dict[str, Any]]:
        """Yield what happened after a moment, the latest first."""
        for one in reversed(list(self._kept.values())):
            if one.last_at > moment:
                yield asdict(one)


def _printable(text: str) -> str:
    """Return what came from outside so that it can not forge a line of the log."""
    return text.encode("unicode_escape").decode("ascii")[:80]
