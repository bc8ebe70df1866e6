"""A Chromium of this machine, and a watch on what a page complains of or asks for."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

# Headless, in a container, without a graphics card, and without its own calls home.
FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
)


def chromium() -> str | None:
    """Return the browser to use: ``CHROMIUM``, else what is installed; None without one."""
    told = os.environ.get("CHROMIUM")
    return told or shutil.which("chromium") or shutil.which("chromium-browser")


@contextlib.contextmanager
def launched() -> Iterator[Browser]:
    """Run a browser for the length of the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watch:
    """What a page said to its console, and the requests that left the server's host."""

    host: str
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def on(self, page: Page) -> None:
        """Begin to listen to a page."""
        page.on("console", lambda m: self._console(m.type, m.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._request(request.url))

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not _is_driver_noise(text):
            self.complaints.append(f"{kind}: {text[:300]}")

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.host:
            self.strangers.append(url)


def _is_driver_noise(text: str) -> bool:
    """Messages of the software renderer about itself, not of the page."""
    return "GPU stall due to ReadPixels" in text or "GL Driver Message" in text


def settled(page: Page) -> None:
    """Wait until the page has read its data and its map, if any, has drawn."""
    page.wait_for_load_state("networkidle")
    if page.locator("#map").count() and not page.locator("#map-fallback").is_visible():
        page.wait_for_selector("#map[data-ready]", timeout=30_000)
    page.evaluate("() => document.fonts.ready.then(() => true)")
    page.wait_for_timeout(400)
