"""What devices say of themselves: parameters, states, lines of their logs, kept when they change.

They are rows of the records, written before the values of the same batch are committed: what
is read again after a crash is found there and not written twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl
from django.db.models import Q

from fenhe.base import beijing
from fenhe.base.instants import naive_utc
from fenhe.platform.monitoring.frames import fields, mapping
from fenhe.platform.monitoring.frames.reading import Read
from fenhe.platform.monitoring.frames.values import CONDITION
from fenhe.platform.registry.models import DeviceParameter
from fenhe.protocols.hj212 import secret, times

Kind = DeviceParameter.Kind
# plain items of the data area that say something of the device
TOPS = {
    "rtdinterval": "RtdInterval", "mininterval": mapping.INTERVAL, "reporttime": "ReportTime",
    "alarmtarget": "AlarmTarget", "restarttime": "RestartTime", "cstarttime": "CstartTime",
    "ctime": "CTime", "stime": "Stime", "vaseno": "VaseNo",
}  # fmt: skip
_STATES = ("i12", "i22", "i32")  # codes of states of instrument, logger, station
_LOGS = ("i11001", "i21001", "i31001")
_OF_FACTOR = ("sn", "lowvalue", "upvalue", "ala", "info")
_Key = tuple[int, str, str, str]


@dataclass(frozen=True)
class Saying:
    """One thing said; ``of`` is the factor it belongs to, empty for the device."""

    device: int
    st: str
    of: str
    name: str
    kind: str
    value: str
    since: datetime
    at: datetime
    cn: str
    raw_row: int

    @property
    def key(self) -> _Key:
        """Return what it is about."""
        return (self.device, self.st, self.of, self.name)


def said(read: Read, frames: pl.DataFrame) -> list[Saying]:
    """Return what the taken frames say of their devices, in the order of the wire."""
    taken = frames.filter(pl.col("refused").is_null(), pl.col("device").is_not_null())
    about = taken.filter(pl.col("cn").is_in(fields.SAYING))
    found: list[Saying] = []
    if not about.is_empty():
        found += _of_sayings(about, read)
    conditions = taken.filter(pl.col("st") == CONDITION, pl.col("data_time").is_not_null())
    if not conditions.is_empty():
        found += _of_conditions(conditions, read.factors)
    return sorted(found, key=lambda one: one.raw_row)


def _of_sayings(about: pl.DataFrame, read: Read) -> Iterator[Saying]:
    tops = _by_frame(read.top, about)
    factors = _by_frame(read.factors, about)
    for head in about.iter_rows(named=True):
        plain = {row["name"].lower(): row["text"] for row in tops.get(head["frame"], ())}
        since = _alarm(plain) or head["data_time"]
        of = plain.get("polid", "").lower()
        for name, text in plain.items():
            if name in TOPS:
                yield _saying(head, of, TOPS[name], Kind.PARAMETER, text, since)
        for row in factors.get(head["frame"], ()):
            yield from _of_factor(head, row, of, since, plain)


def _of_factor(
    head: dict[str, Any], row: dict[str, Any], of: str, since: datetime, plain: dict[str, str]
) -> Iterator[Saying]:
    code, suffix, text = row["code"].lower(), row["suffix"], row["text"]
    if suffix.lower() not in _OF_FACTOR:
        return
    if suffix.lower() == "info":
        kind = Kind.LOG if code in _LOGS else Kind.STATE if code[:3] in _STATES else Kind.PARAMETER
        yield _saying(
            head, of, code, kind, text.strip().removeprefix("//").removesuffix("//"), since
        )
    elif suffix.lower() == "ala":
        over = {"1": "over", "0": "cleared"}.get(plain.get("alarmtype", ""), "")
        yield _saying(head, code, suffix, Kind.LOG, f"{text} {over}".strip(), since)
    else:
        yield _saying(head, code, suffix, Kind.PARAMETER, text, since)


def _of_conditions(frames: pl.DataFrame, factors: pl.DataFrame) -> Iterator[Saying]:
    """Working conditions of 2025 travel as letters in the place of values."""
    here = _by_frame(factors.filter(pl.col("value").is_null()), frames)
    for head in frames.iter_rows(named=True):
        for row in here.get(head["frame"], ()):
            if row["suffix"].lower() == "rtd" and row["text"]:
                code = row["code"].lower()
                yield _saying(head, code, "condition", Kind.STATE, row["text"], head["data_time"])


def _alarm(plain: dict[str, str]) -> datetime | None:
    found = times.read(plain.get("alarmtime", ""))
    return None if found is None else beijing.to_utc(found)


def _saying(  # noqa: PLR0917 (who, about what, what, when)
    head: dict[str, Any], of: str, name: str, kind: str, text: str, since: datetime
) -> Saying:
    return Saying(
        device=head["device"],
        st=(head["st"] or "")[:2],
        of=of[:40],
        name=name[:40],
        kind=kind,
        value=secret.within(text),
        since=since,
        at=head["at"],
        cn=head["cn"][:4],
        raw_row=head["raw_row"],
    )


def _by_frame(rows: pl.DataFrame, frames: pl.DataFrame) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    wanted = rows.join(frames.select("frame"), on="frame", how="semi", maintain_order="left")
    for row in wanted.iter_rows(named=True):
        found.setdefault(row["frame"], []).append(row)
    return found


class Memory:
    """The last thing known of each name, so that what has not changed needs no look-up."""

    def __init__(self) -> None:
        self._last: dict[_Key, tuple[datetime, str]] = {}

    def keep(self, sayings: Iterable[Saying], segment: str, commit: int) -> list[Saying]:
        """Write what is new or changed into the records; return it."""
        rows: list[DeviceParameter] = []
        kept = []
        for one in sayings:
            if one.kind == Kind.LOG or self._is_late(one):
                _write(rows)  # what is asked below must be there
            if self._is_news(one):
                rows.append(_row(one, segment, commit))
                kept.append(one)
        _write(rows)
        return kept

    def _is_late(self, one: Saying) -> bool:
        last = self._last.get(one.key)
        return last is not None and one.since < last[0]

    def _is_news(self, one: Saying) -> bool:
        if one.kind == Kind.LOG:
            same = _about(one).filter(since=one.since.replace(tzinfo=UTC), value=one.value)
            return not same.exists()
        last = self._last.get(one.key) or _standing(one)
        if last is not None and one.since < last[0]:
            before = _standing(one, until=one.since)
            return before is None or before[1] != one.value
        news = last is None or last[1] != one.value
        self._last[one.key] = (one.since, one.value) if news or last is None else last
        return news


def _write(rows: list[DeviceParameter]) -> None:
    DeviceParameter.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    rows.clear()


def _about(one: Saying) -> Any:
    return DeviceParameter.objects.filter(Q(device=one.device, st=one.st, of=one.of, name=one.name))


def _standing(one: Saying, until: datetime | None = None) -> tuple[datetime, str] | None:
    found = _about(one)
    if until is not None:
        found = found.filter(since__lte=until.replace(tzinfo=UTC))
    row = found.order_by("since", "id").values_list("since", "value").last()
    return None if row is None else (naive_utc(row[0]), row[1])


def _row(one: Saying, segment: str, commit: int) -> DeviceParameter:
    return DeviceParameter(
        device_id=one.device,
        st=one.st,
        of=one.of,
        name=one.name,
        kind=one.kind,
        value=one.value,
        since=one.since.replace(tzinfo=UTC),
        arrived_at=one.at.replace(tzinfo=UTC),
        cn=one.cn,
        raw_sha256=segment,
        raw_row=one.raw_row,
        commit=commit,
    )
