"""One try to send one message.

What happened the library tells only in its log, by thread; see ``services``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from fenhe.platform.notices import routes
from fenhe.platform.notices.models import Route
from fenhe.platform.notices.wording import Message

LONGEST = 500  # characters kept of an answer
ROOM: dict[str, int] = {
    Route.Kind.MAIL: 50_000,
    Route.Kind.WEBHOOK: 20_000,
    Route.Kind.WECOM: 1_900,  # the service takes 2,048 bytes
    Route.Kind.DINGTALK: 18_000,  # 20,000 bytes
    Route.Kind.FEISHU: 18_000,
}


@dataclass(frozen=True)
class Answer:
    """What became of a try; ``text`` holds no secret."""

    ok: bool
    text: str
    seconds: float


def send(
    kind: str, url: str, recipient: str, message: Message, extra: dict[str, Any] | None = None
) -> Answer:
    """Try once; no error leaves this function."""
    from apprise import NotifyFormat, NotifyType

    from fenhe.platform.notices import services

    services.heard.lines, began = [], time.monotonic()
    try:
        service = services.sender(kind, url, recipient, extra)
        ok = bool(
            service.notify(
                title=message.title,
                body=message.body,
                notify_type=NotifyType.WARNING,
                body_format=NotifyFormat.TEXT,
            )
        )
    except Exception as error:  # whatever a service or the library does, it is an answer
        ok = False
        services.say(f"{type(error).__name__}: {error}")
    said, services.heard.lines = "\n".join(services.heard.lines), None
    text = routes.masked(said, url) or ("sent" if ok else "no answer")
    return Answer(ok, text[:LONGEST], time.monotonic() - began)
