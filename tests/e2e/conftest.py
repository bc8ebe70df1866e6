"""The real server with the real demonstration data, and a real browser, once a module."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import Watch, chromium, launched

START_SECONDS = 300


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers; fail with its log when it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)
    pytest.fail("the server did not come up:\n" + log.read_text(encoding="utf-8")[-3000:])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that ``fenhe demo`` loaded and serves."""
    folder = tmp_path_factory.mktemp("demo")
    port = free_port()
    log = folder / "server.log"
    fenhe = Path(sys.executable).with_name("fenhe")
    command = [fenhe, "demo", "--data", folder / "data", "--port", str(port), "--no-fleet"]
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("FENHE_")}
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=surroundings)
    base = f"http://127.0.0.1:{port}"
    try:
        wait_for(base, process, log)
        yield base
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium of this machine.

    Not kept for longer than a module: its event loop would still run in this thread, and
    Django refuses to touch a database beside one.
    """
    if chromium() is None:
        pytest.fail("no Chromium here: apt-get install chromium, or set CHROMIUM to its path")
    with launched() as running:
        yield running


@pytest.fixture
def watch(server: str) -> Watch:
    """What the pages of a test complained of, and which strangers they asked."""
    return Watch(server.removeprefix("http://"))


@pytest.fixture
def page(server: str, browser: Browser, watch: Watch) -> Iterator[Page]:
    """A fresh visitor at a desk; at the end the pages must have kept quiet and at home."""
    context = browser.new_context(base_url=server, viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    watch.on(opened)
    yield opened
    context.close()
    assert watch.strangers == []
    assert watch.complaints == []
