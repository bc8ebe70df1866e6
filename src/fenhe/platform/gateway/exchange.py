"""One command on its way to a device and back: states, time-outs, retries. Pure.

Request: sent → 9011 → data → 9012. Notice: sent → 9013. A request without 9011 within
``over_time`` is sent again with the same QN, ``resend`` times. One whose 9011 came and whose
9012 did not is not sent again: it may have been done (HJ 212-2017, 6.3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fenhe.base.beijing import OFFSET
from fenhe.protocols import hj212

NOW = "@now"  # stands for the moment of sending, in Beijing time
EXE_DONE, QN_READY = "1", "1"
MOST_KEPT = 200  # items of answers that are kept with the command
NOTIFY = frozenset({"2012", "2022"})  # the device answers with 9013 alone
HISTORY = frozenset({"2011", "2021", "2031", "2041", "2051", "2052", "2061", "2013"})
_MILLISECOND = timedelta(milliseconds=1)


def stamp(moment: datetime, digits: int = 17) -> str:
    """Return naive UTC as Beijing digits YYYYMMDDhhmmss[zzz]."""
    there = moment + OFFSET
    return f"{there:%Y%m%d%H%M%S}{there.microsecond // 1000:03d}"[:digits]


@dataclass(frozen=True)
class Order:
    """A command to be carried out. ``fields`` hold secrets in clear: never log them."""

    number: int
    mn: str
    cn: str
    st: str
    fields: tuple[tuple[str, str], ...]
    over_time: float
    resend: int
    patience: float
    qn: str = ""  # of a command that was under way when the gateway stopped
    attempts: int = 0
    accepted: bool = False


def request(order: Order, edition: int, qn: str, password: str, moment: datetime) -> hj212.Message:
    """Return the request of an order. Raises ``BadMessage`` when the edition has none such."""
    # the example of 2005 for a notice has neither Flag nor answer bit
    quiet = edition == 2005 and order.cn in NOTIFY
    return hj212.request(
        order.cn,
        edition=edition,
        st=order.st,
        mn=order.mn,
        pw=password,
        qn=qn,
        top=tuple(_item(name, text, edition, moment) for name, text in order.fields),
        answer=not quiet,
    )


def _item(name: str, text: str, edition: int, moment: datetime) -> tuple[str, str]:
    if name == "NewPW" and edition == 2005:
        name = "PW"
    return name, stamp(moment, 14) if text == NOW else text


@dataclass
class Exchange:
    """How an order stands. ``changes()`` yields what is new since it was last asked."""

    order: Order
    edition: int
    deadline: float = 0.0
    state: str = "approved"
    qn: str = ""
    attempts: int = 0
    frames: int = 0
    result: list[list[str]] = field(default_factory=list)
    _news: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.qn, self.attempts = self.order.qn, self.order.attempts
        if self.order.accepted:
            self.state = "accepted"

    @property
    def is_over(self) -> bool:
        """True when nothing more will come of it."""
        return self.state in {"done", "failed", "refused", "timed_out"}

    def news(self) -> dict[str, Any]:
        """Return what changed since the last call, as fields of the record."""
        found, self._news = self._news, {}
        return found

    def send(self, device_password: str, now: float, moment: datetime, qn: str) -> hj212.Message:
        """Return the request to send now; the first time under ``qn``, then under the same."""
        self.qn = self.qn or qn
        self.attempts += 1
        self.state, self.deadline = "sent", now + self.order.over_time
        self._note(state="sent", qn=self.qn, attempts=self.attempts)
        return request(self.order, self.edition, self.qn, device_password, moment)

    def fail(self, why: str) -> None:
        """Give up a command that can not be put into the device's edition."""
        self._end("failed", why)

    def miss(self, now: float) -> None:
        """Count a try the device was not connected for; before the first one, wait for it."""
        if self.state != "approved":
            self.attempts += 1
            self.deadline = now + self.order.over_time

    def resume(self, now: float) -> None:
        """Wait anew for a command that was under way when the gateway stopped."""
        self.deadline = now + (self.order.patience if self.state == "accepted" else 0.0)

    def hear(self, frame: hj212.Frame, now: float) -> bool:
        """Take a frame of the device; say whether it belongs to this command."""
        if self.state not in {"sent", "accepted"}:
            return False
        if frame.cn in {"9011", "9012", "9013"}:
            return self._reply(frame, now)
        if frame.cn != self.order.cn:
            return False
        if self.state == "sent" and self.order.cn in HISTORY and _qn(frame) != self.qn:
            return False  # its usual data: nothing says that they answer
        self._data(frame, now)
        return True

    def _reply(self, frame: hj212.Frame, now: float) -> bool:
        told = _qn(frame)
        if told and told != self.qn:
            return False
        items = dict(frame.cp.top)
        if frame.cn == "9013":
            if self.order.cn in NOTIFY:
                self._end("done")
            return True
        if frame.cn == "9011":
            self._ready(items.get("QnRtn", ""), now)
        else:
            self._executed(items.get("ExeRtn", ""))
        return True

    def _ready(self, code: str, now: float) -> None:
        self._note(qn_rtn=code[:8])
        if code != QN_READY:
            self._end("refused", f"QnRtn={code}")
        elif self.state == "sent":
            self.state, self.deadline = "accepted", now + self.order.patience
            self._note(state="accepted")

    def _executed(self, code: str) -> None:
        self._note(exe_rtn=code[:8])
        if code == EXE_DONE:
            self._end("done")
        else:
            self._end("failed", f"ExeRtn={code}")

    def _data(self, frame: hj212.Frame, now: float) -> None:
        self.frames += 1
        if self.state == "accepted":
            self.deadline = now + self.order.patience
        if self.order.cn not in HISTORY:
            self.result += [list(one) for one in _items(frame)][: MOST_KEPT - len(self.result)]
            self._note(result=list(self.result))
        self._note(frames=self.frames)

    def due(self, now: float) -> bool:
        """Say whether it is to be sent again now; ends it when it was sent often enough."""
        if self.is_over or self.state == "approved" or now < self.deadline:
            return False
        if self.state == "accepted":
            self._end("timed_out", "accepted (9011), but no result (9012) came")
            return False
        if self.attempts > self.order.resend:
            self._end("timed_out", f"no answer (9011) to {self.attempts} tries")
            return False
        return True

    def _end(self, state: str, why: str = "") -> None:
        self.state = state
        self._note(state=state, why=why)

    def _note(self, **news: Any) -> None:
        self._news.update(news)


def _qn(frame: hj212.Frame) -> str:
    """Return the QN a reply is for: in 2005 it stands in CP."""
    inner = dict(frame.cp.top).get("QN") if frame.cp is not None else None
    return inner or frame.qn or ""


def _items(frame: hj212.Frame) -> Iterator[tuple[str, str]]:
    yield from ((name, text) for name, text in frame.cp.top if name != "QN")
    for code, suffix, text in frame.cp.factors:
        yield (f"{code}-{suffix}" if suffix else code, text)


class Numbers:
    """QN for the host's requests: the moment in milliseconds, each later than the last."""

    def __init__(self) -> None:
        self._last = datetime(1970, 1, 1)

    def next(self, moment: datetime) -> str:
        """Return the next number."""
        self._last = max(moment, self._last + _MILLISECOND)
        return stamp(self._last)
