"""One simulated logger without its socket: what it sends next, what it makes of what it hears."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

from fenhe.simulator.fleet import Device
from fenhe.simulator.happenings import DAY
from fenhe.simulator.network import requests, wire
from fenhe.simulator.network.agenda import Agenda, Settings
from fenhe.simulator.network.balance import Balance
from fenhe.simulator.network.telling import Due, Teller
from fenhe.simulator.network.wire import Frame, Packet, Speaker, Telegram
from fenhe.simulator.simulation import Simulation

#: Milliseconds between two QNs, one for each sub-packet a telegram may have.
ROOM = 5
DATA_ANSWER, NOTICE_ANSWER, HEARTBEAT = "9014", "9013", "9015"
SILENCE = 300  # simulated seconds after which a logger of 2025 shows that it lives


@dataclass
class Flight:
    """A telegram on its way: its packets that are not acknowledged yet."""

    telegram: Telegram
    packets: dict[tuple[str, str], Packet]
    sent_at: float
    tries: int = 1
    counted: bool = True  # requested history and notices are not part of the balance
    since: float = 0.0  # simulated moment before which nothing of it was due


@dataclass
class Ready:
    """Something to send before any record: an answer's bytes, or a telegram with its answer."""

    data: bytes = b""
    telegram: Telegram | None = None
    renew: requests.Change | None = None


@dataclass
class Logger:
    """A logger: its memory, its settings, and the telegrams in flight."""

    sim: Simulation
    device: Device
    start: float
    window: int = 8
    memory_days: int = 30
    since: float | None = None  # it was cut off from then to the start
    settings: Settings = field(default_factory=Settings)
    balance: Balance = field(default_factory=Balance)
    dead: bool = False  # retries ran out: the link is no longer usable
    closing: bool = False  # nothing new becomes due
    talking: bool = False  # a connection stands
    beyond_reach: bool = False  # its last attempt failed, or it has no line

    def __post_init__(self) -> None:
        spec = self.device.spec
        self.settings = replace(self.settings, realtime=spec.realtime_seconds, minute=spec.minute)
        self.agenda = Agenda(self.sim, self.device, self.start, self.since)
        self.tellers = [Teller(self.sim, site) for site in self.device.sites]
        key = bytes.fromhex(self.device.cipher_key)
        self.speaker = Speaker(spec.edition, self.device.mn, self.device.password, key)
        self.parameters: dict[str, str] = {}
        self._ready: deque[Ready] = deque()
        self._flights: dict[str, Flight] = {}  # by the QN of the telegram
        self._by_qn: dict[str, Flight] = {}  # by the QN of each packet
        self._orphans: deque[Flight] = deque()
        self._qn = 0
        self._set_to, self._set_at = 0.0, self.start
        self._asked_day = int(self.start) // DAY
        self.key_since, self.key_asked = self.start, False
        self._spoke = self.start

    def ahead(self, now: float) -> float:
        """Return the seconds its clock is ahead of the simulated one: it drifts till it is set."""
        return self._set_to + self.device.spec.clock_drift * (now - self._set_at) / DAY

    def set_clock(self, ahead: float, now: float) -> None:
        """Set the clock: so many seconds ahead, and drifting on from there."""
        self._set_to, self._set_at = ahead, now

    def restarted(self, now: float) -> None:
        """Tell the host when the logger came to power: the first thing it says (2017, 2025)."""
        if self.speaker.edition != 2005:
            moment = wire.time_text(now + self.ahead(now))
            top = (("DataTime", moment), ("RestartTime", moment))
            self.say(self.telegram("2081", self.systems()[0], top, now))

    def systems(self) -> list[str]:
        """Return the ST of the outlets behind it."""
        return [("31" if site.outlet.medium == "gas" else "32") for site in self.device.sites]

    def say(self, telegram: Telegram) -> None:
        """Put a telegram before the records."""
        self._ready.append(Ready(telegram=telegram))

    def answer(self, data: bytes, renew: requests.Change | None = None) -> None:
        """Put an answer behind what waits already; a change holds once it is sent."""
        self._ready.append(Ready(data=data, renew=renew))

    def telegram(
        self, cn: str, st: str, top: tuple[wire.Top, ...], now: float, *, answer: bool = True
    ) -> Telegram:
        """Return a telegram of plain items, with a QN of its own."""
        return Telegram(st, cn, self.qn(now), top, answer=answer)

    def qn(self, now: float) -> str:
        """Return a new QN; each is later than the one before, with room for sub-packets."""
        self._qn = max(self._qn + ROOM, int((now + self.ahead(now)) * 1000))
        return wire.qn_text(self._qn)

    def outgoing(self, now: float, true_now: float) -> list[bytes]:
        """Return what to send now: repetitions, answers, then records while there is room."""
        if not self.closing:
            self.agenda.collect(now, self.settings)
            self._ask(now)
        out = self._repeated(true_now)
        while self._ready and (not self._ready[0].telegram or len(self._flights) <= self.window):
            out += self._said(self._ready.popleft(), true_now)
        while len(self._flights) < self.window and not self.dead:
            if self._orphans:
                out += self._flown(self._orphans.popleft(), now, true_now)
                continue
            due = self.agenda.take()
            if due is None:
                break
            out += self._told(due, now, true_now)
        self._spoke = now if out else self._spoke
        return out

    def hear(self, frame: Frame, now: float) -> None:
        """Take what the host said: an acknowledgement, or a request to answer."""
        if frame.cn in {DATA_ANSWER, NOTICE_ANSWER}:
            self._acknowledged(*wire.acknowledged(frame))
            return
        if frame.cn:
            requests.heard(self, frame, now)

    def lost_link(self) -> None:
        """The connection is gone: what was not acknowledged will be sent again."""
        self.agenda.postpone()
        self._orphans.extend(one for one in self._flights.values() if one.counted)
        self._flights.clear()
        self._by_qn.clear()
        self._ready.clear()
        self.dead = False

    def deadline(self) -> float | None:
        """Return the true moment at which something must be repeated."""
        waits = [one.sent_at + self.settings.over_time for one in self._flights.values()]
        return min(waits, default=None)

    def full(self) -> bool:
        """Return whether the window is full: nothing more goes out before something is heard."""
        return len(self._flights) >= self.window

    def idle(self) -> bool:
        """Return whether nothing waits for the host or to be sent."""
        return not (self._flights or self._orphans or self._ready or len(self.agenda))

    def reached(self) -> float:
        """Return the moment a later run has to go on from, so that nothing is left out."""
        flying = (*self._flights.values(), *self._orphans)
        return min([self.agenda.reached(), *(one.since for one in flying if one.counted)])

    def counted(self) -> Balance:
        """Return the balance as of now."""
        told = self.balance
        told.made, told.lost = self.agenda.made, self.agenda.lost
        told.waiting = len(self.agenda)
        flying = [one for one in (*self._flights.values(), *self._orphans) if one.counted]
        told.outstanding = len(flying)
        return told

    def _ask(self, now: float) -> None:
        """Ask for the time each day (1013), for a new key in time (1014); show that it lives."""
        spec, st = self.device.spec, self.systems()[0]
        if spec.asks_time and spec.edition != 2005 and int(now) // DAY != self._asked_day:
            self._asked_day = int(now) // DAY
            self.say(self.telegram("1013", st, (), now))
        old = now - self.key_since > spec.key_days * DAY
        if self.speaker.key and old and not self.key_asked:
            self.key_asked = True
            created = wire.qn_text(int(self.key_since * 1000))
            self.say(self.telegram("1014", st, (("SKCreateTime", created),), now))
        if spec.edition == 2025 and now - self._spoke > SILENCE:
            self.say(self.telegram(HEARTBEAT, st, (), now, answer=False))

    def _said(self, ready: Ready, true_now: float) -> list[bytes]:
        if ready.telegram is None:
            if ready.renew is not None:
                ready.renew(self)
            return [ready.data]
        return self._sent(ready.telegram, true_now, counted=False)

    def _told(self, due: Due, now: float, true_now: float) -> list[bytes]:
        out: list[bytes] = []
        told = self._made(due, now)
        for one in told:
            out += self._sent(one, true_now, since=due.at - 1)
        self.balance.sent += len(told)
        self.balance.told += bool(told)
        self.balance.empty += not told
        self.balance.late += bool(told) and due.again
        return out

    def _made(self, due: Due, now: float) -> list[Telegram]:
        teller = self.tellers[due.site]
        start = due.start + (self.ahead(now) if due.cn == "2011" else 0)
        top = (("DataTime", wire.time_text(start)),)
        if due.cn == "3020":
            st = self.systems()[due.site]
            return [
                Telegram(st, "3020", self.qn(now), (*top, ("PolId", item)), factors)
                for item, factors in teller.turned(due).items()
            ]
        return [
            Telegram(st, due.cn, self.qn(now), top, factors, again=due.again)
            for st, factors in teller.factors(due, self.settings.period(due.cn)).items()
        ]

    def _sent(
        self, telegram: Telegram, true_now: float, *, counted: bool = True, since: float = 0.0
    ) -> list[bytes]:
        packets = wire.packets(self.speaker, telegram)
        self.balance.frames += len(packets)
        if telegram.answer:
            waiting = {(one.qn, one.pno): one for one in packets}
            flight = Flight(telegram, waiting, true_now, counted=counted, since=since)
            self._flights[telegram.qn] = flight
            self._by_qn.update({one.qn: flight for one in packets})
        return [one.data for one in packets]

    def _flown(self, flight: Flight, now: float, true_now: float) -> list[bytes]:
        """Send again after the link was lost: whole, with a new QN, as a retransmission."""
        again = replace(flight.telegram, qn=self.qn(now), again=True)
        out = self._sent(again, true_now, since=flight.since)
        self.balance.resent += len(out)
        return out

    def _repeated(self, true_now: float) -> list[bytes]:
        out: list[bytes] = []
        for one in self._flights.values():
            if true_now - one.sent_at < self.settings.over_time:
                continue
            if one.tries > self.settings.retries:
                self.dead = True
                return []
            one.tries += 1
            one.sent_at = true_now
            out += [packet.data for packet in one.packets.values()]
        self.balance.frames += len(out)
        self.balance.resent += len(out)
        return out

    def _acknowledged(self, qn: str, pno: str) -> None:
        """Sub-packets of 2005 share a QN: their number tells them apart, where it is told."""
        one = self._by_qn.get(qn)
        if one is None:
            return
        found = next((key for key in one.packets if key[0] == qn and pno in {"", key[1]}), None)
        if found is None:
            return
        del one.packets[found]
        if not any(key[0] == qn for key in one.packets):
            del self._by_qn[qn]
        if not one.packets:
            del self._flights[one.telegram.qn]
            self.balance.acknowledged += one.counted
