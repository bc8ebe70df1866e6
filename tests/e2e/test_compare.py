"""Through a browser: from a count of changed days to the evidence; a bulletin frozen and shown."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import settled
from tests.e2e.screens import log_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

COMPARE = "/en/compare/?place=140000&from=2016-11&to=2016-11"


def test_from_a_count_to_the_evidence_of_a_day(page: Page) -> None:
    page.goto(COMPARE)
    settled(page)
    expect(page.locator("h1.answer")).to_contain_text("Shanxi, 2016-11: of 330 days of 11 cities")
    page.locator("table.matrix strong").first.click()
    page.wait_for_url("**pick=2-3**")
    settled(page)
    row = page.locator("#days-table tbody tr").first
    day = row.locator("th").inner_text()
    row.locator("a.verdict").last.click()
    panel = page.locator("#panel")
    expect(panel).to_have_class(re.compile("open"))
    expect(panel.locator("h1")).to_be_visible()
    expect(panel).to_contain_text(day)
    assert "why=" in page.url
    page.keyboard.press("Escape")
    expect(panel).not_to_have_class(re.compile("open"))


def test_the_form_keeps_the_state_in_the_address(page: Page) -> None:
    page.goto(COMPARE)
    page.select_option('select[name="place"]', "")
    page.wait_for_url("**place=&**")
    settled(page)
    assert "from=2016-11" in page.url
    page.locator(".years a", has_text="2015").click()
    page.wait_for_url("**from=2015-01&to=2015-12**")
    expect(page.locator(".answer.second")).to_contain_text("Of 79 cities judged for 2015")


def test_a_bulletin_is_frozen_verified_published_and_seen(
    page: Page, server: str, browser: Browser
) -> None:
    log_in(page, server, "admin")
    page.goto("/en/bulletins/")
    page.select_option("#region", "140000")
    page.select_option("#month", "2016-11")
    page.click("#freeze button.main")
    page.wait_for_url("**/bulletins/air-month-140000-2016-11-**")
    expect(page.locator("h1.answer")).to_contain_text("cleanest in Datong (composite index 6.62)")
    page.get_by_role("button", name="Compute it again and compare").click()
    expect(page.locator(".notice.done")).to_contain_text("the same, byte for byte")
    page.get_by_role("button", name="Publish it to visitors").click()
    expect(page.locator("#since")).to_contain_text("Published.")
    address = page.url
    visitor = browser.new_context(accept_downloads=True).new_page()
    visitor.goto(address)
    expect(visitor.locator("#freeze")).to_have_count(0)
    with visitor.expect_download() as waiting:
        visitor.get_by_role("link", name="PDF · Chinese").click()
    assert waiting.value.suggested_filename.endswith(".zh.pdf")
    assert waiting.value.path().read_bytes().startswith(b"%PDF-")
    visitor.locator("table.paper a[data-why]").first.click()
    expect(visitor.locator("#panel h1")).to_be_visible()
    visitor.context.close()


def test_pages_fit_a_phone(server: str, browser: Browser) -> None:
    context = browser.new_context(base_url=server, viewport={"width": 390, "height": 844})
    page = context.new_page()
    for address in (COMPARE, "/compare/?from=2015-01&to=2015-12", "/bulletins/", "/en/bulletins/"):
        page.goto(address)
        settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
    context.close()
