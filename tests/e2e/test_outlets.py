"""Pages of outlets and of the gateway in a browser: they follow loggers by themselves."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from fenhe.base import beijing
from fenhe.simulator import registry
from tests.e2e.browser import Watch, settled
from tests.e2e.conftest import free_port
from tests.platform import server as processes
from tests.platform.monitoring.frames import wire

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MN, OUTLET, PASSWORD = "SIM00000000000000000001", "outlet:e2e-stack", "just-a-test-1"
PATIENCE = 90_000  # ms a loaded machine may take from a frame to the page
LISTS = {
    "firms": [{"firm": "E2E", "firm_name": "模拟厂", "region": "140105"}],
    "outlets": [
        {"outlet": "e2e-stack", "name": "模拟烟囱", "medium": "gas", "firm": "E2E",
         "region": "140105", "simulated": "yes"}
    ],
    "devices": [
        {"mn": MN, "firm": "E2E", "password": "123456", "edition": "2017", "minutes": "10",
         "simulated": "yes"}
    ],
    "channels": [
        {"mn": MN, "code": "a21026", "outlet": "e2e-stack", "item": "a21026", "unit": "mg/m3",
         "unit_sum": "kg"}
    ],
    "limits": [
        {"outlet": "e2e-stack", "item": "a21026", "averaging": "hour", "limit": "35",
         "unit": "mg/m3", "document": "made up"}
    ],
}  # fmt: skip


PREPARE = """
import sys
from pathlib import Path
from fenhe.platform import boot
boot.start(Path(sys.argv[1]))
from fenhe.platform.registry.models import Region
province = Region.objects.create(code="140000", level="province", name_zh="山西省")
Region.objects.create(code="140105", level="county", name_zh="小店区", parent=province)
"""


def _prepare(data: Path) -> None:
    """Enter the region the outlet lies in, and an administrator."""
    words = [sys.executable, "-c"]
    subprocess.run([*words, PREPARE, str(data)], check=True, timeout=120)
    command = [*words, "from fenhe.cli.main import main; main()", "user", "add", "boss"]
    subprocess.run(
        [*command, "--role", "admin", "--password-stdin", "--data", str(data)],
        input=f"{PASSWORD}\n", text=True, check=True, timeout=120,
    )  # fmt: skip


@pytest.fixture(scope="module")
def gateway_port() -> int:
    """Return where the gateway of these tests listens."""
    return free_port()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, gateway_port: int) -> Iterator[str]:
    """The address of a server with one simulated outlet, whose gateway listens."""
    data = tmp_path_factory.mktemp("outlets") / "data"
    lists = data.parent / "lists.xlsx"
    registry.write(LISTS, lists)
    processes.fenhe("init", data=data)
    _prepare(data)
    processes.fenhe("outlets", "import", str(lists), data=data)
    with processes.serving(data, "--gateway", f"127.0.0.1:{gateway_port}") as running:
        yield f"http://127.0.0.1:{running.port}"


@pytest.fixture
def boss(server: str, browser: Browser, watch: Watch) -> Iterator[Page]:
    """A page of an administrator at a desk."""
    context = browser.new_context(base_url=server, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto("/en/login/")
    page.fill("#id_username", "boss")
    page.fill("#id_password", PASSWORD)
    page.click("main button.main")
    page.wait_for_load_state("networkidle")
    watch.on(page)
    yield page
    context.close()
    assert watch.strangers == []
    assert watch.complaints == []


def hours(*values: str) -> list[bytes]:
    """Return hourly frames, the last of the hour just over."""
    whole = datetime.now(UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0)
    first = beijing.to_beijing(whole - timedelta(hours=len(values)))
    return [
        wire.frame(mn=MN, answer=True, factors=[("a21026", "Avg", value), ("a21026", "Flag", "N")],
                   at=first + timedelta(hours=n))
        for n, value in enumerate(values)
    ]  # fmt: skip


def send(port: int, frames: list[bytes]) -> None:
    """Send frames as a logger does and wait for their answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        link.settimeout(1)
        link.sendall(b"".join(frames))
        until, heard = time.monotonic() + 30, b""
        while heard.count(b"##") < len(frames) and time.monotonic() < until:
            try:
                heard += link.recv(65536)
            except TimeoutError:
                continue
    assert heard.count(b"##") >= len(frames)


def test_an_outlet_page_follows_its_logger_by_itself(boss: Page, gateway_port: int) -> None:
    boss.goto(f"/en/outlets/{OUTLET}/")
    settled(boss)
    expect(boss.locator("h1.answer")).to_contain_text("模拟烟囱 (simulated): no data yet")
    expect(boss.locator("#chart-none")).to_be_visible()
    send(gateway_port, hours("30.1", "31.2"))
    expect(boss.locator("h1.answer")).to_contain_text("31.2 of 35", timeout=PATIENCE)
    expect(boss.locator("#outlet-chart")).to_have_attribute(
        "data-version", re.compile(".+"), timeout=PATIENCE
    )
    expect(boss.locator("#now-a21026")).to_contain_text("31.2")
    expect(boss.locator("#packets")).to_contain_text("bytes and fields")


def test_focus_and_scroll_stay_while_it_is_updated(boss: Page, gateway_port: int) -> None:
    boss.goto(f"/en/outlets/{OUTLET}/")
    settled(boss)
    send(gateway_port, hours("28.4", "29.5", "33.3"))
    expect(boss.locator("#now-a21026")).to_contain_text("33.3", timeout=PATIENCE)
    link = boss.locator("#packets a", has_text="bytes and fields").first
    link.focus()
    boss.evaluate("scrollTo(0, 300)")
    top = boss.evaluate("scrollY")
    line = boss.locator("[data-live-state]")
    was = line.text_content() or ""
    expect(line).not_to_have_text(was, timeout=PATIENCE)
    assert boss.evaluate("scrollY") == top
    assert boss.evaluate("document.activeElement.textContent") == "bytes and fields"


def test_steps_of_the_chart_are_switched_by_key_and_kept_in_the_address(boss: Page) -> None:
    boss.goto(f"/en/outlets/{OUTLET}/")
    settled(boss)
    boss.locator("input[value=hour][data-step]").focus()
    boss.keyboard.press("ArrowLeft")
    expect(boss.locator("input[value=minute][data-step]")).to_be_checked()
    assert "step=minute" in boss.url
    boss.reload()
    expect(boss.locator("input[value=minute][data-step]")).to_be_checked()


def test_the_board_follows_and_a_stranger_shows_as_text(boss: Page, gateway_port: int) -> None:
    boss.goto("/en/live/")
    settled(boss)
    with socket.create_connection(("127.0.0.1", gateway_port), timeout=10) as link:
        link.sendall(wire.frame(mn="<b>who</b>"))
        expect(boss.locator("main")).to_contain_text("<b>who</b>", timeout=PATIENCE)
    expect(boss.locator("#devices")).to_contain_text(MN)


def test_a_command_is_followed_to_its_state(boss: Page) -> None:
    boss.goto(f"/en/devices/{MN}/")
    settled(boss)
    boss.get_by_role("button", name="Compare its clock").click()
    expect(boss.locator("#commands")).to_contain_text("waits for the device")
    boss.locator("#commands button", has_text="Withdraw").first.click()
    expect(boss.locator("#commands")).to_contain_text("withdrawn", timeout=PATIENCE)


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_sections_fit_a_phone_and_the_rest_is_behind_more(
    server: str, browser: Browser, prefix: str
) -> None:
    context = browser.new_context(base_url=server, viewport={"width": 390, "height": 844})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{prefix}/standards/")
    settled(page)
    wide = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert wide
    for one in page.locator(".rail > a:visible, .rail .more").all():
        box = one.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 391
    more = page.locator(".rail .more")
    more.focus()
    page.keyboard.press("Enter")
    link = page.locator(f"#more-sections a[href='{prefix}/compare/']")
    expect(link).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#more-sections') !== null")
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
    context.close()
