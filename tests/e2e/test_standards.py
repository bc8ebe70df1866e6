"""Through a browser: from a judged number to the value it rests on, and round the compass."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]

T = "2020-04-05T16:00"
EVIDENCE = f"/en/evidence/aqi-hourly-site-HJ633-2012/1081A/{T}/"
ROSE = "/en/stations/1003A/rose/?from=2016-12-01&to=2017-01-31"


def test_a_rule_of_the_evidence_leads_to_its_value(page: Page) -> None:
    page.goto(EVIDENCE)
    page.locator('a[href*="#HJ633-2012/concentration_rounding"]').first.click()
    settled(page)
    row = page.locator('tr[id="HJ633-2012/concentration_rounding"]')
    expect(row).to_be_in_viewport()
    expect(row).to_contain_text("air.aqi_hourly")
    background = row.locator("td").first.evaluate("e => getComputedStyle(e).backgroundColor")
    assert background != "rgba(0, 0, 0, 0)"


def test_search_compare_and_where_used(page: Page) -> None:
    page.goto("/en/standards/")
    page.fill('input[name="q"]', "primary pollutant")
    page.click('form[role="search"] button')
    page.locator("#found a.mono", has_text="HJ633-2026/primary_above").click()
    expect(page.locator("#where-used")).to_contain_text("aqi-hourly-site-HJ633-2026")
    page.click("form.compare button")
    settled(page)
    expect(page.locator("h1.answer")).to_contain_text("HJ 633-2012 → HJ 633-2026")
    expect(page.locator("table.compare").first).to_contain_text("breakpoints/pm25.24h.100")


def test_rose_draws_and_changes_with_the_choice(page: Page) -> None:
    page.goto(ROSE)
    settled(page)
    expect(page.locator("h1.answer")).to_contain_text("wind most often from NE (24.5 % of hours)")
    canvas = page.locator("#rose canvas").first
    drawn = canvas.evaluate(
        "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].some((v) => v)"
    )
    assert drawn
    page.locator('input[name="show"][value="mean"]').check(force=True)
    page.wait_for_url("**show=mean**")
    settled(page)
    page.locator('input[name="item"][value="no2"]').check(force=True)
    page.wait_for_url("**item=no2**")
    expect(page.locator("#rose-table thead")).to_contain_text("NO₂")
    assert "show=mean" in page.url


def test_pages_fit_a_phone(server: str, browser: Browser) -> None:
    context = browser.new_context(base_url=server, viewport={"width": 390, "height": 844})
    page = context.new_page()
    for address in (
        "/standards/?q=PM2.5",
        "/standards/HJ633-2012/",
        "/en/standards/GB3095-2026:transitional/",
        "/standards/compare/?a=HJ633-2012&b=HJ633-2026",
        "/methods/",
        ROSE,
    ):
        page.goto(address)
        settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
    context.close()


def test_pages_are_complete_without_script(server: str, browser: Browser) -> None:
    context = browser.new_context(base_url=server, java_script_enabled=False)
    page = context.new_page()
    page.goto(ROSE)
    expect(page.locator("#rose-table tbody tr")).to_have_count(17)
    page.goto("/en/standards/HJ633-2026/#HJ633-2026/cap")
    expect(page.locator('tr[id="HJ633-2026/cap"]')).to_contain_text("500")
    context.close()
