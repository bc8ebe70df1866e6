"""Alarms in words, Chinese and English: for the page, the command line and the messages.

What a device or a file calls itself is not ours: in a message every such text is made plain, so
that no reader of mail or chat takes it for markup, a link or a line of our own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fenhe.base import beijing
from fenhe.base.instants import naive_utc
from fenhe.platform.notices import kinds
from fenhe.platform.notices.findings import OTHERS

ZH, EN = "zh", "en"
LONGEST = 120  # characters of a text that is not ours
HOUR, DAY = 3600.0, 86400.0
_UNITS = {
    ZH: ((DAY, "{:.1f} 天"), (HOUR, "{:.1f} 小时"), (60.0, "{:.0f} 分钟"), (0.0, "{:.0f} 秒")),
    EN: ((DAY, "{:.1f} days"), (HOUR, "{:.1f} h"), (60.0, "{:.0f} min"), (0.0, "{:.0f} s")),
}
_OTHERS = {
    ZH: "{title}：另有 {number} 个对象，如 {some}。",
    EN: "{title}: {number} more, such as {some}.",
}
_SIMULATED = {ZH: "（模拟设备）", EN: " (A simulated device.)"}
PHASES = {
    "opened": {ZH: "新告警", EN: "NEW"},
    "graver": {ZH: "转为严重", EN: "NOW CRITICAL"},
    "reminder": {ZH: "仍未结束", EN: "STILL OPEN"},
    "closed": {ZH: "已结束", EN: "ENDED"},
}
SEVERITY = {"warning": {ZH: "警告", EN: "warning"}, "critical": {ZH: "严重", EN: "critical"}}
TROUBLES = {
    "disabled": {ZH: "已停用而被拒", EN: "is switched off here and refused"},
    "no_key": {ZH: "发来加密数据，没有密钥可解", EN: "sends encrypted data and no key fits"},
    "crc": {ZH: "报文校验错误", EN: "sends frames whose checksum is wrong"},
    "structure": {ZH: "报文结构错误", EN: "sends frames that can not be read"},
    "flood": {ZH: "发送过快，已放慢接收", EN: "sends more than it may and is read more slowly"},
    "slow": {ZH: "不读应答，已断开", EN: "did not read its answers and was cut"},
    "two_sockets": {ZH: "同一设备来自两个连接", EN: "comes from two connections"},
    "too_many": {ZH: "连接过多，新的被拒", EN: "has too many connections; more are refused"},
    "tls": {ZH: "加密连接失败", EN: "could not begin a secure connection"},
}
OBJECTS = {
    ("queue_growing", "verdicts"): {ZH: "待评站日", EN: "site-days to judge"},
    ("queue_growing", "notices"): {ZH: "待发通知", EN: "notices to send"},
    ("queue_growing", "log-writing"): {ZH: "原始日志待落盘", EN: "raw log to write"},
    ("queue_growing", "log-storing"): {ZH: "原始日志待入库", EN: "raw log to store"},
    ("thread_dead", "worker"): {ZH: "评价（worker）", EN: "worker (verdicts)"},
    ("thread_dead", "upkeep"): {ZH: "维护（upkeep）", EN: "upkeep (of the store)"},
    ("thread_dead", "feeder"): {ZH: "来源（feeder）", EN: "feeder (of sources)"},
    ("thread_dead", "courier"): {ZH: "通知（courier）", EN: "courier (of notices)"},
    ("thread_dead", "checker"): {ZH: "数据检查（checker）", EN: "checker (of values)"},
    ("thread_dead", "frames"): {ZH: "报文入库（frames）", EN: "frames (into the store)"},
    ("thread_dead", "gateway"): {ZH: "网关（gateway）", EN: "gateway (of devices)"},
}
_MARKUP = str.maketrans(
    {"<": "‹", ">": "›", "&": "＆", "`": "'", "[": "(", "]": ")", "@": "＠", "*": "＊"}
)


def plain(text: object) -> str:
    """Return a text that is not ours as one short line that no reader takes for anything else.

    Characters that can not be seen or that turn the direction of writing become ``·``; markup,
    mentions and addresses lose the characters that make them work.
    """
    whole = unicodedata.normalize("NFC", str(text))
    seen = "".join("·" if unicodedata.category(c)[0] in "CZ" and c != " " else c for c in whole)
    tame = seen.translate(_MARKUP).replace("://", ":⁄⁄").replace("www.", "www·")
    return tame if len(tame) <= LONGEST else tame[: LONGEST - 1] + "…"


def title(kind: str, language: str) -> str:
    """Return the name of a kind; the word itself for one that is no longer watched."""
    found = kinds.all_kinds().get(kind)
    if found is None:
        return kind
    return found.title_en if language == EN else found.title_zh


def remedy(kind: str, language: str) -> str:
    """Return what to do about a kind."""
    found = kinds.all_kinds().get(kind)
    if found is None:
        return ""
    return found.do_en if language == EN else found.do_zh


def sentence(kind: str, name: str, facts: Mapping[str, Any], language: str) -> str:
    """Return what is wrong in one sentence, texts that are not ours made plain."""
    found = kinds.all_kinds().get(kind)
    if found is None:
        return plain(name)
    words = {key: written(key, value, language) for key, value in facts.items()}
    if name == OTHERS:
        return _OTHERS[language].format_map(_Known({"title": title(kind, language), **words}))
    said = found.said_en if language == EN else found.said_zh
    own = OBJECTS.get((kind, name), {}).get(language) or plain(name)
    mark = _SIMULATED[language] if facts.get("simulated") else ""
    return said.format_map(_Known({**words, "object": own})) + mark


class _Known(dict[str, str]):
    """Facts by name; one that an older episode lacks is a dash."""

    def __missing__(self, key: str) -> str:
        return "—"


def written(name: str, value: Any, language: str) -> str:
    """Return a fact in words: a span for ``_s``, a size for ``_bytes``, else as it is."""
    if name == "what" and value in TROUBLES:
        return TROUBLES[value][language]
    if isinstance(value, int | float) and not isinstance(value, bool):
        if name.endswith("_s"):
            return span(float(value), language)
        if name.endswith("_bytes"):
            return size(float(value))
        return f"{value:,}" if isinstance(value, int) else f"{value:g}"
    return plain(value)


def span(seconds: float, language: str) -> str:
    """Return a span of time in its largest fitting unit."""
    for least, form in _UNITS[language]:
        if abs(seconds) >= least:
            return form.format(seconds / (least or 1.0))
    return ""


def size(count: float) -> str:
    """Return a size in GB, MB or kB of 1000."""
    for least, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= least:
            return f"{count / least:.1f} {unit}"
    return f"{count:.0f} B"


def moment(at: datetime) -> str:
    """Return an aware time as Beijing shows it, to the minute."""
    naive = naive_utc(at)
    return f"{beijing.to_beijing(naive):%Y-%m-%d %H:%M}"


@dataclass(frozen=True)
class Item:
    """What a message says of one episode."""

    number: int
    phase: str
    kind: str
    object: str
    severity: str
    facts: Mapping[str, Any]
    opened: datetime
    closed: datetime | None = None


@dataclass(frozen=True)
class Message:
    """A message: ``title`` is one line, ``body`` plain text."""

    title: str
    body: str


def message(items: Sequence[Item], language: str, *, link: str = "", room: int = 20_000) -> Message:
    """Return the message about some episodes, gravest first, its body within ``room`` bytes."""
    ordered = sorted(items, key=lambda one: (one.severity != kinds.CRITICAL, one.number))
    names = list(dict.fromkeys(title(one.kind, language) for one in ordered))
    head = _head(len(ordered), names, language)
    foot = [f"{'Page' if language == EN else '页面'}: {link.rstrip('/')}/alarms/"] if link else []
    return Message(
        head, _fitted([_paragraph(one, language) for one in ordered], foot, language, room)
    )


def _head(number: int, names: Sequence[str], language: str) -> str:
    if language == EN:
        word = "alarm" if number == 1 else "alarms"
        return f"[Fenhe] {number} system {word}: {', '.join(names[:3])}"
    return f"【汾河】{number} 条系统告警：{'、'.join(names[:3])}"


def _paragraph(item: Item, language: str) -> str:
    grave = SEVERITY[item.severity][language]
    mark = f"[{PHASES[item.phase][language]} · {grave}] #{item.number}"
    said = sentence(item.kind, item.object, item.facts, language)
    lines = [f"{mark} {title(item.kind, language)}", said, _times(item, language)]
    if item.phase != "closed":
        lines.append(("What to do: " if language == EN else "处理：") + remedy(item.kind, language))
    return "\n".join(lines)


def _times(item: Item, language: str) -> str:
    since = moment(item.opened)
    if item.closed is not None:
        until = moment(item.closed)
        return (
            f"{since} – {until} (Beijing)" if language == EN else f"{since} 至 {until}（北京时间）"
        )
    return f"Since {since} (Beijing)" if language == EN else f"始于 {since}（北京时间）"


def _fitted(parts: Iterable[str], foot: Sequence[str], language: str, room: int) -> str:
    """Join as many parts as there is room for and say how many are left out."""
    chosen: list[str] = []
    left = list(parts)
    spare = room - sum(len(part.encode()) + 2 for part in foot) - 80
    while left and (not chosen or spare >= len(left[0].encode()) + 2):
        spare -= len(left[0].encode()) + 2
        chosen.append(left.pop(0))
    if left:
        more = "… and {} more" if language == EN else "……另有 {} 条"
        chosen.append(more.format(len(left)))
    return "\n\n".join([*chosen, *foot])


def trial_message(language: str) -> Message:
    """Return the message that only shows that a route works."""
    if language == EN:
        return Message("[Fenhe] Test of a route", "This route of notices works. Nothing is wrong.")
    return Message("【汾河】通知路由测试", "这条通知路由可用。系统并无异常。")
