"""Which commands there are, what they need, and which of them change a device."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from fenhe.base.errors import BadInput
from fenhe.platform.gateway.exchange import NOW, Order, request, stamp
from fenhe.protocols import hj212

# requests that only ask; every other request of the table changes something at the device
ASKS = frozenset(
    ("1011", "1021", "1031", "1041", "1061", "1063", "2011", "2013", "2021", "2031", "2041",
     "2051", "2052", "2061", "2062", "2071", "3017", "3018", "3019", "3020")
)  # fmt: skip
SPAN = ("BeginTime", "EndTime")
SPANS = frozenset(("2013", "2031", "2041", "2051", "2052", "2061", "2062", "2071"))
SECRETS = frozenset(("NewPW", "NewSK"))
NEW_KEY, NEW_PASSWORD, SET_CLOCK, TIME_OUTS = "1014", "1072", "1012", "1000"
Fields = tuple[tuple[str, str], ...]

_EPOCH = datetime(1970, 1, 1)
_MOMENT = re.compile(r"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d[0-5]\d")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_WIRE = re.compile(r"[^\x00-\x1f;,=&#]{0,200}")
MINUTES = ("1", "2", "3", "4", "5", "6", "10", "12", "15", "20", "30")
_NEEDS: dict[str, tuple[str, ...]] = {
    "1000": ("OverTime", "ReCount"),
    "1012": ("SystemTime",),
    "1062": ("RtdInterval",),
    "1064": ("MinInterval",),
    "1072": ("NewPW",),
    "1014": ("SKCreateTime", "NewSK"),
    "3012": ("PolId",),
    **dict.fromkeys(SPANS, SPAN),
}


def _between(first: int, last: int) -> Callable[[str], bool]:
    return lambda text: text.isdecimal() and first <= int(text) <= last


_RULES: dict[str, tuple[Callable[[str], bool], str]] = {
    "OverTime": (_between(1, 99), "1 to 99 seconds"),
    "ReCount": (_between(1, 99), "1 to 99"),
    "RtdInterval": (_between(30, 3600), "30 to 3600 seconds"),
    "MinInterval": (lambda text: text in MINUTES, f"one of {', '.join(MINUTES)} minutes"),
    "SystemTime": (lambda text: text == NOW or bool(_MOMENT.fullmatch(text)), "YYYYMMDDhhmmss"),
    "BeginTime": (lambda text: bool(_MOMENT.fullmatch(text)), "YYYYMMDDhhmmss, Beijing time"),
    "EndTime": (lambda text: bool(_MOMENT.fullmatch(text)), "YYYYMMDDhhmmss, Beijing time"),
    "NewPW": (lambda text: bool(re.fullmatch(r"[A-Za-z0-9]{6}", text)), "6 letters or digits"),
    "NewSK": (lambda text: bool(re.fullmatch(r"[0-9A-F]{32}", text)), "32 hex digits"),
}


@dataclass(frozen=True)
class Known:
    """A request a host may send."""

    cn: str
    name_zh: str
    name_en: str
    changes: bool
    needs: tuple[str, ...]
    editions: tuple[int, ...]


@cache
def requests() -> Mapping[str, Known]:
    """Return the requests and notices from host to site, by command number, newest words."""
    found: dict[str, Known] = {}
    for edition in sorted(hj212.tables.EDITIONS):
        for one in hj212.tables.commands(edition):
            if one.direction != "H2S":
                continue
            before = found[one.cn].editions if one.cn in found else ()
            found[one.cn] = Known(
                one.cn, one.zh, one.en, one.cn not in ASKS, _NEEDS.get(one.cn, ()),
                (*before, edition),
            )  # fmt: skip
    return found


def check(cn: str, fields: Sequence[tuple[str, str]], edition: int | None) -> Known:
    """Return the request meant. Raises ``BadInput`` saying what is wrong with it."""
    known = requests().get(cn)
    if known is None:
        raise BadInput(f"there is no command {cn} that a host sends")
    if edition is not None and edition not in known.editions:
        spoken = ", ".join(str(year) for year in known.editions)
        raise BadInput(f"the device speaks {edition}, command {cn} is of {spoken}")
    missing = [name for name in known.needs if name not in dict(fields)]
    if missing:
        raise BadInput(f"command {cn} needs {', '.join(missing)}")
    for name, text in fields:
        _check_field(name, text)
    told = dict(fields)
    if cn in SPANS and told["BeginTime"] > told["EndTime"]:
        raise BadInput("EndTime is before BeginTime")
    _check_editions(cn, fields, known.editions if edition is None else (edition,))
    return known


def _check_editions(cn: str, fields: Sequence[tuple[str, str]], editions: tuple[int, ...]) -> None:
    """Raise ``BadInput`` when no edition the device may speak can write the request."""
    order = Order(0, "MN", cn, "31", tuple(fields), 0.0, 0, 0.0)
    said = ""
    for one in editions:
        try:
            hj212.encode(request(order, one, stamp(_EPOCH), "000000", _EPOCH))
        except hj212.BadMessage as error:
            said = said or str(error)
        else:
            return
    raise BadInput(said)


def _check_field(name: str, text: str) -> None:
    if not _NAME.fullmatch(name) or not _WIRE.fullmatch(text):
        raise BadInput(f"'{name}' can not be sent: names are letters and digits, and ; , = & # "
                       "stand for something on the wire")  # fmt: skip
    rule = _RULES.get(name)
    if rule is not None and not rule[0](text):
        raise BadInput(f"{name} must be {rule[1]}")


def shown(fields: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Return fields as people may see them: secrets masked."""
    return [[name, "******" if name in SECRETS else text] for name, text in fields]
