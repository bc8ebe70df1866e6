"""The gateway as the owner runs it: loop, list of devices, clerk."""

from __future__ import annotations

import logging

from fenhe.platform.gateway import live
from fenhe.platform.gateway.access import Log
from fenhe.platform.gateway.clerk import Clerk
from fenhe.platform.gateway.config import Config
from fenhe.platform.gateway.hub import Calls
from fenhe.platform.gateway.loop import Loop
from fenhe.platform.registry.devices import Access, Keeper

log = logging.getLogger("fenhe.gateway")


class Gateway:
    """Listens from ``start`` to ``stop``; one in a process."""

    def __init__(self, config: Config, stream: Log) -> None:
        """Raises ``BadInput`` for a certificate that can not be used."""
        self.access = Access()
        self._clerk = Clerk(config)
        calls = Calls(self._clerk.tell, self._clerk.asked)
        self.loop = Loop(config, stream, self.access, calls)
        self._clerk.serve(self.loop)
        self._keeper = Keeper(self.access, self.loop.forget_passes)

    def start(self) -> None:
        """Begin; returns when connections are taken. Raises ``BadInput`` if that can not be."""
        self.access.refresh()
        self.loop.start()
        self._clerk.start()
        self._keeper.start()
        live.current = self.loop
        live.looker = self._clerk.look_now
        log.info("gateway %s listens on %s", self.loop.config.name, ", ".join(self.loop.listens))

    def stop(self) -> None:
        """Close every connection, write what is known, end."""
        live.current = live.looker = None
        self.loop.stop()
        self._keeper.stop()
        self._clerk.stop()
