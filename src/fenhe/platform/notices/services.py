"""The services a notice can go by, as the library knows them; loading it takes a third of a second.

Of the robots of WeCom and DingTalk the library believes an answer 200 whatever it says; what
it says is read here.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

import httpx
from apprise import AppriseAsset, NotifyFormat, PersistentStoreMode
from apprise.plugins.custom_json import NotifyJSON
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.email import NotifyEmail
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.wecombot import NotifyWeComBot

from fenhe.platform.notices.models import Route

SECONDS = 15.0  # of connecting, and of each wait for an answer
_KEPT = ("Response Details", "Socket Exception")  # of the library's finer lines
heard = threading.local()  # ``lines``: what the library says in this thread


def say(line: str) -> None:
    """Add to what is heard in this thread."""
    lines = getattr(heard, "lines", None)
    if lines is not None:
        lines.append(line)


class _Listener(logging.Handler):
    """Keeps the library's lines for the thread that sends."""

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if record.levelno >= logging.INFO or said.startswith(_KEPT):
            say(said)


def _listen() -> None:
    """Hear what the library logs, which holds addresses with their secrets, and pass none on."""
    library = logging.getLogger("apprise")
    library.setLevel(logging.DEBUG)
    library.propagate = False
    if not any(isinstance(one, _Listener) for one in library.handlers):
        library.addHandler(_Listener())


class _Robot:
    """Sends as its service wants it and reads what the service says."""

    def tell(self, url: str, payload: dict[str, Any]) -> bool:
        """Send and return whether the service took it."""
        try:
            told = httpx.post(url, json=payload, timeout=SECONDS, follow_redirects=False)
        except httpx.HTTPError as error:
            say(f"{type(error).__name__}: {error}")
            return False
        say(f"{told.status_code} {told.text}")
        try:
            code = told.json().get("errcode")
        except (ValueError, AttributeError):
            code = None
        return told.status_code == httpx.codes.OK and code == 0


class WeCom(_Robot, NotifyWeComBot):  # type: ignore[no-untyped-call]
    """The robot of a WeCom group."""

    def send(self, body: str, title: str = "", *_: Any, **__: Any) -> bool:
        """Send a text."""
        content = f"{title}\n{body}" if title else body
        return self.tell(self.api_url, {"msgtype": "text", "text": {"content": content}})


class DingTalk(_Robot, NotifyDingTalk):  # type: ignore[no-untyped-call]
    """The robot of a DingTalk group, signed where it has a secret."""

    def send(self, body: str, title: str = "", *_: Any, **__: Any) -> bool:
        """Send a text that calls nobody."""
        content = f"{title}\n{body}" if title else body
        payload = {"msgtype": "text", "text": {"content": content}, "at": {"isAtAll": False}}
        url = self.notify_url.format(token=self.token)
        if self.secret:
            timestamp, sign = self.get_signature()  # type: ignore[no-untyped-call]
            url += f"&timestamp={timestamp}&sign={sign}"
        return self.tell(url, payload)


SENDERS: dict[str, Any] = {
    Route.Kind.MAIL: NotifyEmail,
    Route.Kind.WEBHOOK: NotifyJSON,
    Route.Kind.WECOM: WeCom,
    Route.Kind.DINGTALK: DingTalk,
    Route.Kind.FEISHU: NotifyFeishu,
}


def sender(kind: str, url: str, recipient: str = "", extra: dict[str, Any] | None = None) -> Any:
    """Return the library's sender for an address. Raises ``ValueError`` when it takes it not."""
    _listen()
    plugin = SENDERS[kind]
    told = plugin.parse_url(url)
    if not told:
        raise ValueError("the address can not be read")
    told |= {"asset": _asset(), "cto": SECONDS, "rto": SECONDS, "redirect": "no"}
    if kind == Route.Kind.MAIL:
        told |= {"targets": [recipient] if recipient else [], "format": NotifyFormat.TEXT}
    if kind == Route.Kind.WEBHOOK:
        told["payload"] = {**told.get("payload", {}), **(extra or {})}
    try:
        return plugin(**told)
    except TypeError as error:
        raise ValueError(f"the address can not be used: {error}") from None


def _asset() -> Any:
    return AppriseAsset(
        app_id="Fenhe",
        app_desc="Fenhe",
        app_url="",
        secure_logging=True,
        storage_mode=PersistentStoreMode.MEMORY,
        pgp_autogen=False,
        pem_autogen=False,
    )
