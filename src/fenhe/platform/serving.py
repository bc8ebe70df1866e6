"""``fenhe serve``: web, socket and worker in the one process that owns the data folder."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from fenhe.methods import usage
from fenhe.platform import owner
from fenhe.platform.feeder import Feeder
from fenhe.platform.gateway.service import Gateway
from fenhe.platform.listener import Listener
from fenhe.platform.monitoring.agreeing import Agreement
from fenhe.platform.monitoring.checking import Checker
from fenhe.platform.monitoring.frames.taker import Taker
from fenhe.platform.notices.courier import Courier
from fenhe.platform.notices.watcher import Watcher
from fenhe.platform.operations import running
from fenhe.platform.upkeep import Upkeep
from fenhe.platform.worker import Worker
from fenhe.store import Store

log = logging.getLogger("fenhe.serve")


@contextlib.contextmanager
def owning(data: Path) -> Iterator[None]:
    """Hold the store, answer the socket and run the worker, until left.

    Raises ``StoreOwned`` naming the pid when another process owns the folder.
    """
    store = owner.store()
    gateway = _gateway(store)
    listener = Listener(data)
    worker, upkeep, feeder = Worker(store), Upkeep(store), Feeder()
    watcher, courier, checker = Watcher(store), Courier(), Checker(store)
    running.now.worker, running.now.watcher = worker, watcher
    threads = {"worker": worker, "upkeep": upkeep, "feeder": feeder, "courier": courier}
    threads["checker"] = checker
    threads["frames"] = taker = Taker(store)
    threads["agreement"] = agreement = Agreement(store)
    for name, thread in threads.items():
        thread.start()
        running.now.threads[name] = thread
    if gateway is not None:
        running.now.threads["gateway"] = gateway.loop
    watcher.start()
    try:
        yield
    finally:
        watcher.stop()
        running.now.threads.clear()
        if gateway is not None:
            gateway.stop()
        listener.close()
        courier.stop()
        checker.stop()
        taker.stop()
        agreement.stop()
        feeder.stop()
        worker.stop()
        upkeep.stop()
        running.now.worker = running.now.watcher = None
        owner.close()


def _gateway(store: Store) -> Gateway | None:
    """Let data loggers connect, where the settings say an address."""
    config = settings.FENHE_GATEWAY
    if not config.listens:
        return None
    try:
        gateway = Gateway(config, store.stream(config.name))
        gateway.start()
    except Exception:
        owner.close()
        raise
    return gateway


def serve(data: Path, host: str, port: int) -> None:
    """Serve until interrupted. Django is set up already."""
    import uvicorn

    from fenhe.platform.asgi import application

    # uvicorn raises the signal again when it has stopped: leave by an exception, so that the
    # worker ends its step, the socket goes away and the store is closed
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with owning(data):
        log.info("serving %s at http://%s:%d", data, host, port)
        # what each method reads of the standards takes seconds to find: nobody should wait for it
        threading.Thread(target=usage.usages, name="where-used", daemon=True).start()
        uvicorn.run(
            application,
            host=host,
            port=port,
            lifespan="off",
            log_level="warning",
            log_config=None,  # its lines go where ours go
            server_header=False,
            ws="none",
        )
