"""The owner's socket: one JSON line asks, JSON lines answer; no Django on the asking side.

Ask: ``{"verb": "import", "args": {…}, "actor": "cli:name"}``. Answers: any number of
``{"progress": {…}}``, then ``{"result": …}`` or ``{"error": {"kind": …, "message": …}}``.
The socket is for the folder's owner alone (0600); the kernel says who that is.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fenhe.base.errors import BadInput, FenheError
from fenhe.platform.paths import SOCKET

Progress = Callable[[dict[str, Any]], None]
LONGEST = 100  # bytes a socket address may have, with some to spare


class OwnerError(FenheError):
    """The owner could not do what was asked; the text is the owner's."""


@contextlib.contextmanager
def address(data: Path) -> Iterator[str]:
    """Yield the socket's address; a folder with a long name is reached through its descriptor."""
    path = str(data / SOCKET)
    if len(os.fsencode(path)) <= LONGEST:
        yield path
        return
    folder = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET}"
    finally:
        os.close(folder)


def is_served(data: Path) -> bool:
    """Say whether an owner answers on the folder's socket."""
    with contextlib.suppress(OSError), _connected(data):
        return True
    return False


def call(data: Path, verb: str, args: dict[str, Any], progress: Progress | None = None) -> Any:
    """Have the owner run a verb; hand its progress on and return its result.

    Raises ``OwnerError`` or ``BadInput`` with the owner's words, ``OSError`` when nobody serves.
    """
    with _connected(data) as link, link.makefile("rwb") as stream:
        stream.write(line({"verb": verb, "args": args}))
        stream.flush()
        for text in stream:
            answer = json.loads(text)
            if "progress" in answer:
                if progress is not None:
                    progress(answer["progress"])
            elif "error" in answer:
                kind, message = answer["error"]["kind"], answer["error"]["message"]
                raise (BadInput if kind == "BadInput" else OwnerError)(message)
            else:
                return answer["result"]
    raise OwnerError(
        "the server stopped before the command was done; what it acknowledged is kept: "
        "run the command again"
    )


@contextlib.contextmanager
def _connected(data: Path) -> Iterator[socket.socket]:
    with address(data) as where, socket.socket(socket.AF_UNIX) as link:
        link.connect(where)
        yield link


def line(message: dict[str, Any]) -> bytes:
    """Return a message as one line."""
    return json.dumps(message, ensure_ascii=False).encode() + b"\n"
