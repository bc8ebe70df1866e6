"""Where a route leads: reading its address, hiding its secrets, making its sender.

People write the address as the service shows it, or as the library does:

    mailtos://name:password@smtp.example.org?from=fenhe@example.org     mail
    https://example.org/hook?token=…                                     webhook (JSON)
    https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…               WeCom
    https://oapi.dingtalk.com/robot/send?access_token=…                  DingTalk; a signing secret:
    dingtalk://SECRET@TOKEN/
    https://open.feishu.cn/open-apis/bot/v2/hook/…                       Feishu
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from fenhe.base.errors import BadInput
from fenhe.platform.notices.models import Route
from fenhe.platform.registry.secrets import MASK

Kind = Route.Kind
SCHEMES = {
    "mailto": Kind.MAIL,
    "mailtos": Kind.MAIL,
    "json": Kind.WEBHOOK,
    "jsons": Kind.WEBHOOK,
    "wecombot": Kind.WECOM,
    "dingtalk": Kind.DINGTALK,
    "feishu": Kind.FEISHU,
}
NATIVE = {"qyapi.weixin.qq.com": "key", "oapi.dingtalk.com": "access_token"}
SHORTEST = 4  # characters: what is shorter is no secret, and masking it would hide our own words
ADDRESS = re.compile(r"[^@\s,<>\"']+@[^@\s,<>\"']+")


@dataclass(frozen=True)
class Address:
    """An address read: its kind, and the library's form of it."""

    kind: str
    url: str
    to: tuple[str, ...] = ()


def read(text: str) -> Address:
    """Return what an address means. Raises ``BadInput``, never repeating the address."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise BadInput("this is no address") from None
    scheme = parts.scheme.lower()
    if scheme in {"http", "https"}:
        return _of_http(text)
    if scheme not in SCHEMES or not parts.hostname:
        raise BadInput(f"an address begins with one of {', '.join(SCHEMES)}, http or https")
    if SCHEMES[scheme] != Kind.MAIL:
        return Address(SCHEMES[scheme], text)
    query = dict(parse_qsl(parts.query))
    if {"cc", "bcc"} & query.keys() or parts.path.strip("/"):
        raise BadInput("addressees of mail are given one by one, not in the address (--to)")
    if not parts.username and "from" not in query:
        raise BadInput("mail needs a sender: ?from=NAME@HOST, or a user name")
    to = tuple(one.strip() for one in query.pop("to", "").split(",") if one.strip())
    kept = "&".join(f"{name}={quote(value, safe='@')}" for name, value in query.items())
    where = f"{scheme}://{parts.netloc}" if port or parts.netloc else text
    return Address(Kind.MAIL, f"{where}/?{kept}" if kept else f"{where}/", to)


def _of_http(text: str) -> Address:
    """Turn the address of a service into the library's form; any other is a webhook."""
    parts = urlsplit(text)
    host = (parts.hostname or "").lower()
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if host in NATIVE:
        token = query.get(NATIVE[host], "")
        if not re.fullmatch(r"[A-Za-z0-9_-]+", token):
            raise BadInput(f"the address of {host} needs its {NATIVE[host]}")
        scheme = "wecombot" if host.startswith("qyapi") else "dingtalk"
        return Address(SCHEMES[scheme], f"{scheme}://{token}/")
    if host == "open.feishu.cn":
        return Address(Kind.FEISHU, f"feishu://{parts.path.rstrip('/').rpartition('/')[2]}/")
    if not host:
        raise BadInput("an address needs a host")
    scheme = "jsons" if parts.scheme.lower() == "https" else "json"
    sent = "&".join(f"-{quote(k)}={quote(v)}" for k, v in query.items())
    path = parts.path or "/"
    return Address(Kind.WEBHOOK, f"{scheme}://{parts.netloc}{path}" + (f"?{sent}" if sent else ""))


def shown(route: Route) -> str:
    """Return where a route leads without anything that may be a secret."""
    if not route.url:
        return ""
    parts = urlsplit(route.url.reveal())
    if route.kind in {Kind.WECOM, Kind.DINGTALK, Kind.FEISHU}:
        return f"{parts.scheme}://{MASK}"
    port = f":{parts.port}" if parts.port else ""
    user = f"{MASK}@" if parts.username else ""
    rest = (
        f"/{MASK}" if route.kind == Kind.WEBHOOK and (parts.path.strip("/") or parts.query) else ""
    )
    return f"{parts.scheme}://{user}{parts.hostname}{port}{rest}"


def secrets_of(url: str) -> list[str]:
    """Return the parts of an address that must never be shown, longest first."""
    parts = urlsplit(url)
    found = {url, parts.password or "", parts.path.strip("/"), parts.query}
    found |= set(parts.path.split("/"))
    found |= {value for name, value in parse_qsl(parts.query) if name not in {"from", "mode"}}
    scheme = SCHEMES.get(parts.scheme)
    if scheme in {Kind.WECOM, Kind.DINGTALK, Kind.FEISHU}:
        # a host's letters lose their case on the way: take it from the text
        netloc = url.split("://", 1)[1].split("/", 1)[0]
        found |= {netloc, *netloc.split("@")}
    found |= {unquote(one) for one in found}
    long = {one for one in found if len(one) >= SHORTEST}
    return sorted(long, key=len, reverse=True)


def masked(text: str, url: str) -> str:
    """Return a text without the secrets of an address, however they are written in it."""
    for secret in secrets_of(url):
        for form in {secret, quote(secret, safe=""), quote(secret)}:
            text = text.replace(form, MASK)
    return text


def check_recipients(to: list[str]) -> None:
    """Raise ``BadInput`` for what is no address of mail."""
    bad = [one for one in to if not ADDRESS.fullmatch(one)]
    if bad:
        raise BadInput(f"'{bad[0]}' is no address of mail")
