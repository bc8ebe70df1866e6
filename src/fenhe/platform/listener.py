"""The owner's end of the socket: a thread per command, the same verbs as anywhere."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import pwd
import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import close_old_connections
from django.utils import translation

from fenhe.base.errors import BadInput, FenheError
from fenhe.platform import verbs, wire
from fenhe.platform.paths import SOCKET
from fenhe.platform.registry.door import LocalOperator
from fenhe.platform.workflow.acts import Actor

log = logging.getLogger("fenhe.owner")
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid of SO_PEERCRED


class Handler(socketserver.StreamRequestHandler):
    """One command."""

    def handle(self) -> None:
        """Read the command, run it, stream its progress, answer."""
        translation.activate("en")
        text = self.rfile.readline()
        if not text:
            return  # somebody only asked whether we are here
        try:
            answer = {"result": self._run(json.loads(text))}
        except FenheError as error:
            kind = "BadInput" if isinstance(error, BadInput) else "FenheError"
            answer = {"error": {"kind": kind, "message": str(error)}}
        except Exception as error:
            log.exception("command failed")
            answer = {"error": {"kind": type(error).__name__, "message": str(error)}}
        finally:
            close_old_connections()
        with contextlib.suppress(BrokenPipeError):
            self.wfile.write(wire.line(answer))

    def _run(self, asked: dict[str, Any]) -> Any:
        actor = _peer(self.connection)
        return verbs.run(str(asked.get("verb")), asked.get("args") or {}, actor, self._tell)

    def _tell(self, progress: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.wfile.write(wire.line({"progress": progress}))
            self.wfile.flush()


def _peer(connection: socket.socket) -> Actor:
    """Return who is at the other end, as the kernel knows them."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _pid, user, _group = _CREDENTIALS.unpack(raw)
    try:
        name = pwd.getpwuid(user).pw_name
    except KeyError:
        name = str(user)
    return Actor(LocalOperator(name), f"cli:{name}", "cli")


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False


class Listener:
    """Listens on the folder's socket until closed. The caller owns the store already."""

    def __init__(self, data: Path, done: Callable[[], None] = lambda: None) -> None:
        """Bind the socket; one left behind by a dead owner is replaced."""
        self._path = data / SOCKET
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            with wire.address(data) as where:
                self._server = _Server(where, Handler)
        finally:
            os.umask(before)
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="fenhe-socket", daemon=True
        )
        self._done = done
        self._thread.start()

    def close(self) -> None:
        """Stop listening and take the socket away."""
        self._server.shutdown()
        self._server.server_close()
        self._path.unlink(missing_ok=True)
        self._done()
