"""Where all connections meet: pieces are judged, kept in one append a turn, then answered.

Within one turn of the loop everything that arrived on any connection goes to the raw log
together. Its callback, after the bytes are on disk, brings the answers. Nothing is answered,
and no command moves on, before that.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from fenhe.base.instants import utc_now
from fenhe.platform.gateway import answers, quick
from fenhe.platform.gateway.access import Access, Log
from fenhe.platform.gateway.config import Config
from fenhe.platform.gateway.desk import Desk, Writer
from fenhe.platform.gateway.figures import Counts, Delays, DeviceFigures
from fenhe.platform.gateway.incidents import Incidents
from fenhe.platform.gateway.link import ALL, IN_HAND, NOTHING_GOOD, Link
from fenhe.platform.gateway.skew import skew
from fenhe.protocols import hj212
from fenhe.protocols.hj212.stream import Piece
from fenhe.store.rawlog import NewEntry, Written

log = logging.getLogger("fenhe.gateway")
REAL_TIME = b"2011"
_MN = re.compile(rb"\bMN=([^;&]{0,64});")
MOST_PASSES = 50_000
SKEW_EVERY = 10.0  # seconds between looks at a device's clock
STRANGE = frozenset({"unknown_device", "password", "disabled"})
INCIDENTS = frozenset({*STRANGE, "no_key", "crc"})


class Calls(NamedTuple):
    """Whom the hub tells, from its loop, so quickly please.

    ``tell`` takes news of commands (number, fields), ``asked`` notices of devices (MN, CN).
    """

    tell: Callable[[int, dict[str, Any]], None]
    asked: Callable[[str, str], None]


class Fate(NamedTuple):
    """What becomes of one piece once it is on disk."""

    link: Link
    size: int
    status: str  # "" accepted; garbage; incomplete; or why it was refused
    figures: DeviceFigures | None
    answer: bytes | None
    frame: hj212.Frame | None  # kept where somebody waits for it


class Hub:
    """All connections of one gateway. Everything here runs on the gateway's loop."""

    def __init__(self, config: Config, log: Log, access: Access, calls: Calls) -> None:
        self.config, self._log, self._access = config, log, access
        self._asked = calls.asked
        self.clock = time.time
        self.incidents = Incidents()
        self.links: dict[int, Link] = {}
        self.devices: dict[str, DeviceFigures] = {}
        self.past = Counts()  # of connections that are gone
        self.refused_connections = 0
        self.desk = Desk(access.device, self._edition, self._writer, calls.tell)
        self._loop = asyncio.get_running_loop()
        self.timer = self._loop.time
        self._addresses: Counter[str] = Counter()
        self._owners: dict[str, Link] = {}
        self._passes: dict[tuple[bytes, bytes], DeviceFigures] = {}
        self._batch: list[tuple[Link, Piece]] = []
        self._entries: list[NewEntry] = []  # opened, closed, notes: go with the next append
        self._turning = False
        self.delays = Delays()
        self._appends = 0  # that are on their way to the disk
        self.waiting = 0  # bytes that wait for the disk
        self._held = False
        self._full: set[Link] = set()  # connections not read from until more is on disk

    def report(self, kind: str, subject: str, text: str) -> None:
        """Count an incident."""
        self.incidents.report(kind, subject, text, self.clock())

    @property
    def is_idle(self) -> bool:
        """True when there is no connection and nothing waits for the disk."""
        return not (self.links or self._batch or self._entries or self._appends)

    # connections

    def opened(self, link: Link) -> bool:
        """Enter a connection; False when there are too many, in all or from its address."""
        limits = self.config.limits
        if (
            len(self.links) >= limits.connections
            or self._addresses[link.address] >= limits.per_address
        ):
            self.refused_connections += 1
            self.report("too_many", link.address, f"{len(self.links)} connections")
            return False
        self.links[link.number] = link
        self._addresses[link.address] += 1
        text = b"tls" if link.secure else b""
        self._enter(NewEntry("open", link.number, text, link.peer))
        if self._held:
            link.pause(ALL)
        return True

    def closed(self, link: Link) -> None:
        """Take a connection out; its counts stay in the totals."""
        del self.links[link.number]
        self._addresses[link.address] -= 1
        if not self._addresses[link.address]:
            del self._addresses[link.address]
        for mn in link.mns:
            if self._owners.get(mn) is link:
                del self._owners[mn]
                self.devices[mn].connection = None
        self._enter(NewEntry("close", link.number, link.why.encode(), link.peer))
        if link.why == "slow":
            self.report("slow", next(iter(link.mns), link.address), link.peer)
        self._retire(link)

    def _retire(self, link: Link) -> None:
        """Keep counting for a connection that is gone until its last bytes are on disk."""
        self.past.add(link.counts)
        link.counts = self.past

    def slowed(self, link: Link) -> None:
        """Note that a connection sends more than it may."""
        self.report("flood", next(iter(link.mns), link.address), link.peer)

    def forget_passes(self) -> None:
        """Look devices up anew: the registry changed."""
        self._passes.clear()

    # arrival

    def take(self, link: Link, pieces: Sequence[Piece]) -> None:
        """Take pieces of a connection; they are judged together at the end of this turn."""
        size = 0
        for piece in pieces:
            size += len(piece.data)
            if piece.kind == "garbage":
                link.counts.garbage += len(piece.data)
            else:
                link.counts.frames += 1
            self._batch.append((link, piece))
        link.in_hand += size
        self.waiting += size
        if link.in_hand > self.config.limits.in_hand:
            self._full.add(link)
            link.pause(IN_HAND)
        if self.waiting > self.config.limits.waiting and not self._held:
            self._hold(True)
        self._turn_soon()

    def _hold(self, held: bool) -> None:
        self._held = held
        for link in self.links.values():
            link.pause(ALL) if held else link.resume(ALL)

    def _enter(self, entry: NewEntry) -> None:
        self._entries.append(entry)
        self._turn_soon()

    def _turn_soon(self) -> None:
        if not self._turning:
            self._turning = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._turning = False
        batch, self._batch = self._batch, []
        entries, self._entries = self._entries, []
        heads = [quick.head(piece.data) if piece.kind == "frame" else None for _, piece in batch]
        sound = iter(quick.sound([one for one in heads if one is not None]))
        fates = []
        for (link, piece), head in zip(batch, heads, strict=True):
            plain = head if head is not None and next(sound) else None
            fate = self._fate_in_any_case(link, piece, plain)
            if fate.status in answers.NOTED:
                entries.append(_note(link, {"refused": fate.status}))
            entries.append(NewEntry("in", link.number, piece.data, link.peer))
            fates.append(fate)
        entries += self._entries  # notes made while judging
        self._entries = []
        arrived = time.monotonic()
        self._append(entries, lambda result: self._durable(fates, arrived, result))

    def _append(
        self, entries: Sequence[NewEntry], then: Callable[[Written | Exception], None]
    ) -> None:
        """Keep entries; ``then`` runs on the loop with the outcome."""
        if not entries:
            return

        def finish(result: Written | Exception) -> None:
            self._appends -= 1
            then(result)

        def done(result: Written | Exception) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, nobody can be answered
                self._loop.call_soon_threadsafe(finish, result)

        self._appends += 1
        try:
            self._log.append(entries, done)
        except Exception as error:  # an overrun, a closed log: nothing was kept
            finish(error)

    # judging

    def _fate_in_any_case(self, link: Link, piece: Piece, head: quick.Head | None) -> Fate:
        """Judge a piece; one that trips us up is kept, and holds nobody else up."""
        try:
            return self._fate(link, piece, head)
        except Exception:
            log.exception("a frame from %s could not be judged; it is kept", link.peer)
            return Fate(link, len(piece.data), "error", None, None, None)

    def _fate(self, link: Link, piece: Piece, head: quick.Head | None) -> Fate:
        size = len(piece.data)
        if piece.kind != "frame":
            return Fate(link, size, piece.kind, None, None, None)
        if head is not None:
            figures = self._passes.get((head.mn, head.pw)) or self._pass(head)
            if figures is not None:
                self._claim(figures, link)
                self._seen(figures, head.qn, head.cn)
                figures.speaks(head.st, head.flag)
                answer = quick.acknowledgement(head) if head.wants_answer else None
                frame = hj212.decode(piece.data) if self.desk.expects(figures.mn) else None
                return Fate(link, size, "", figures, answer, frame)
        return self._slowly(link, piece.data)

    def _pass(self, head: quick.Head) -> DeviceFigures | None:
        """Return the figures of a device whose password fits, remembering that it does."""
        device = self._access.device(head.mn.decode())
        if device is None or not device.enabled or not answers.fits(device, head.pw):
            return None
        figures = self._figures(device.mn)
        if len(self._passes) >= MOST_PASSES:  # a device without a password may send any
            self._passes.clear()
        self._passes[head.mn, head.pw] = figures
        return figures

    def _slowly(self, link: Link, data: bytes) -> Fate:
        frame = hj212.decode(data, keys=self._keys(data))
        mn = frame.mn if frame.mn is not None else _only(link.mns)
        device = self._access.device(mn) if mn is not None else None
        ruling = answers.rule(frame, device)
        figures = self._figures(device.mn) if device is not None else None
        if ruling.refused:
            self._refused(link, ruling.refused, mn)
        elif figures is not None:
            figures.edition = frame.edition
            self._claim(figures, link)
            if frame.cn not in answers.REPLIES:  # a reply carries the QN of our request
                qn, cn = frame.qn or "", frame.cn or ""
                self._seen(figures, qn.encode("ascii", "replace"), cn.encode())
        return Fate(link, len(data), ruling.refused, figures, ruling.answer, frame)

    def _keys(self, data: bytes) -> Sequence[bytes]:
        """Return the keys of the device a frame says it is of: its header is never encrypted."""
        found = _MN.search(data)
        device = self._access.device(found[1].decode("utf-8", "replace")) if found else None
        return device.keys if device is not None else ()

    def _refused(self, link: Link, why: str, mn: str | None) -> None:
        if why in STRANGE or not link.mns:
            link.strikes += 1
        if why in INCIDENTS:
            subject = mn if mn and why != "crc" else _only(link.mns) or link.address
            self.report(why, subject, link.peer)

    def _figures(self, mn: str) -> DeviceFigures:
        found = self.devices.get(mn)
        if found is None:
            found = self.devices[mn] = DeviceFigures(mn)
        return found

    def _claim(self, figures: DeviceFigures, link: Link) -> None:
        """Let the newest connection of a device be its own; the one before is closed."""
        if figures.connection == link.number:
            return
        before = self._owners.get(figures.mn)
        if link.number not in self.links or link.why:
            return  # the last words of a connection that is gone
        if before is not None and before.is_open and before.number > link.number:
            return  # a newer one speaks for it
        self._owners[figures.mn] = link
        figures.connection, figures.peer = link.number, link.peer
        link.mns.add(figures.mn)
        link.strikes = 0
        if before is None or before is link:
            return
        figures.claims += 1
        before.mns.discard(figures.mn)
        self.report("two_sockets", figures.mn, f"{before.peer}, then {link.peer}")
        self._entries.append(_note(link, {"note": "newest wins", "former": before.number}))
        if not before.mns:
            before.close("the device came on another connection")

    def _seen(self, figures: DeviceFigures, qn: bytes, cn: bytes) -> None:
        now = self.clock()
        figures.last_at = now
        if now - figures.skew_at >= SKEW_EVERY:
            figures.skew, figures.skew_at = skew(qn, now), now
        if cn == REAL_TIME:
            figures.beat(now)

    # on disk

    def _durable(self, fates: list[Fate], arrived: float, result: Written | Exception) -> None:
        failed = isinstance(result, Exception)
        if failed and fates:
            self.report("log_failed", self.config.name, str(result))
        writes: dict[Link, list[bytes]] = {}
        for fate in fates:
            self._settle(fate, failed)
            if fate.answer is not None and not failed:
                writes.setdefault(fate.link, []).append(fate.answer)
        self._answer(writes)
        for link in {fate.link for fate in fates if fate.link.ended}:
            link.finish()
        if not failed:
            self._hear(fates)
            if fates:
                self.delays.note(time.monotonic() - arrived)
        self._go_on()

    def _settle(self, fate: Fate, failed: bool) -> None:
        link = fate.link
        link.in_hand -= fate.size
        self.waiting -= fate.size
        if fate.status == "garbage":
            return
        status = "log_failed" if failed and fate.status != "incomplete" else fate.status
        link.counts.settle(status)
        if fate.figures is not None:
            counts = fate.figures.counts
            counts.frames += 1
            counts.bytes_in += fate.size
            counts.settle(status)

    def _answer(self, writes: dict[Link, list[bytes]]) -> None:
        if not writes:
            return
        sent = []
        for link, parts in writes.items():
            if link.is_open:
                data = b"".join(parts)
                link.counts.answers += len(parts)
                link.write(data)
                sent.append(NewEntry("out", link.number, data, link.peer))
        if sent:
            self._append(sent, _nothing)

    def _hear(self, fates: list[Fate]) -> None:
        now, moment = self._loop.time(), utc_now()
        for fate in fates:
            if fate.status or fate.frame is None or fate.figures is None:
                continue
            mn = fate.figures.mn
            self.desk.hear(fate.frame, mn, now, moment)
            if fate.frame.cn in answers.NOTICES:
                self._asked(mn, fate.frame.cn or "")

    def _go_on(self) -> None:
        limits = self.config.limits
        for link in [one for one in self._full if one.in_hand <= limits.in_hand // 2]:
            self._full.discard(link)
            link.resume(IN_HAND)
        if self._held and self.waiting <= limits.waiting // 2:
            self._hold(False)

    # commands

    def _edition(self, mn: str) -> int | None:
        figures = self.devices.get(mn)
        return figures.edition if figures is not None else None

    def _writer(self, mn: str) -> Writer | None:
        link = self._owners.get(mn)
        if link is None or not link.is_open:
            return None
        return lambda data: self._send_kept(link, data)

    def _send_kept(self, link: Link, data: bytes) -> None:
        """Send a command once the log has it."""

        def then(result: Written | Exception) -> None:
            if not isinstance(result, Exception):
                link.write(data)

        self._append([NewEntry("out", link.number, data, link.peer)], then)

    def tick(self) -> None:
        """Look at time-outs: of commands, of connections. Called every second or so."""
        now, limits = self.timer(), self.config.limits
        if self._log.failed is None:
            self.incidents.clear("log_failed", self.config.name, "the raw log is written again")
        self.desk.tick(now, utc_now())
        for link in list(self.links.values()):
            quiet = now - link.last_at
            if link.stream.waiting and quiet > (
                limits.tail if link.stream.has_whole else limits.half
            ):
                link.flush()
            if link.strikes >= limits.strikes:
                link.close("too many refused frames")
            elif quiet > limits.idle:
                link.close("idle")
            elif not link.mns and now - link.opened_at > limits.greeting:
                link.close(NOTHING_GOOD)


def _only(mns: set[str]) -> str | None:
    return next(iter(mns)) if len(mns) == 1 else None


def _note(link: Link, said: dict[str, Any]) -> NewEntry:
    return NewEntry("note", link.number, json.dumps(said).encode(), link.peer)


def _nothing(_result: Written | Exception) -> None:
    """An answer that is sent and could not be noted: the log has said that it failed."""
