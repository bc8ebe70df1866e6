"""The whole chain through a browser: from the map down to the source row, and back up again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import settled
from tests.e2e.screens import log_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

T = "2020-04-05T16:00"
SITE = "1081A"


def query(page: Page, name: str) -> str:
    """Return one part of the address."""
    return str(page.evaluate("n => new URL(location.href).searchParams.get(n) ?? ''", name))


def open_map(page: Page, address: str) -> None:
    page.goto(address)
    settled(page)


def test_click_on_a_station_leads_down_to_the_source_row(page: Page) -> None:
    open_map(page, f"/en/?t={T}&edition=HJ633-2026")
    expect(page.locator("h1.answer")).to_contain_text("2020-04-05 16:00, Shanxi")
    row = page.locator(f'#station-table tr[data-key="{SITE}"]')
    row.locator("a[data-why]").click()
    panel = page.locator("#panel")
    expect(panel.locator(".evidence h1")).to_contain_text("AQI 105, light pollution")
    expect(panel).to_contain_text("shanxi_station_hour_2020-04.csv, row")
    used = panel.locator(".raw td.used").all_text_contents()
    assert used == ["57", "133", "29", "18", "0.6", "182"]
    expect(panel.locator("details[open] .formula")).to_contain_text(
        "(150 - 100) / (250 - 120) × (133 - 120) + 100 = 105"
    )
    assert query(page, "why") == f"aqi-hourly-site-HJ633-2026/{SITE}/{T}"
    page.keyboard.press("Escape")
    expect(panel).not_to_have_class(re.compile("open"))
    assert query(page, "why") == ""


def test_click_on_the_map_itself_opens_the_evidence(page: Page) -> None:
    open_map(page, f"/en/?t={T}&edition=HJ633-2026&lon=112.434&lat=38.0108&zoom=11")
    box = page.locator("#map").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#panel .evidence h1")).to_contain_text("上兰")


def test_link_with_open_evidence_shows_a_colleague_exactly_this(page: Page) -> None:
    address = f"/en/?t={T}&edition=HJ633-2012&why=aqi-hourly-site-HJ633-2012/{SITE}/{T}"
    open_map(page, address)
    expect(page.locator("#panel .evidence h1")).to_contain_text("AQI 92, good")


def test_keys_and_slider_step_in_time(page: Page) -> None:
    open_map(page, f"/en/?t={T}")
    label = page.locator("#hour-label")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("h1.answer")).to_contain_text("2020-04-05 15:00")
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator("h1.answer")).to_contain_text("2020-04-04 15:00")
    assert query(page, "t") == "2020-04-04T15:00"
    page.locator("#hour-slider").fill("24")
    expect(page.locator("h1.answer")).to_contain_text("2020-04-04 24:00")
    expect(label).to_have_text("2020-04-04 24:00")
    page.locator("#latest").click()
    expect(label).to_contain_text("2020-04-06")
    page.keyboard.press("ArrowRight")
    expect(label).to_contain_text("2020-04-06")


def test_item_and_edition_change_map_table_and_legend_together(page: Page) -> None:
    open_map(page, f"/en/?t={T}&edition=HJ633-2012")
    first = page.locator("#station-table tbody tr").first
    before = first.inner_text()
    page.locator('input[name="edition"][value="HJ633-2026"]').check(force=True)
    expect(page.locator("#answer")).to_contain_text("re-scoring")
    page.locator('input[name="item"][value="pm25"]').check(force=True)
    expect(page.locator("#legend-what")).to_have_text("PM2.5 · IAQI · HJ 633-2026")
    expect(page.locator("#station-table thead")).to_contain_text("µg/m³")
    assert first.inner_text() != before


def test_language_switch_keeps_the_state(page: Page) -> None:
    open_map(page, f"/?t={T}&edition=HJ633-2026")
    page.locator('input[name="item"][value="pm10"]').check(force=True)
    expect(page.locator("#legend-what")).to_contain_text("PM10")
    page.locator("h1.answer").click()  # arrow keys on a chooser move the choice
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#hour-label")).to_have_text("2020-04-05 15:00")
    page.locator("a[data-language]").click()
    settled(page)
    assert page.url.split("/")[3] == "en"
    assert query(page, "t") == "2020-04-05T15:00"
    assert query(page, "item") == "pm10"
    expect(page.locator("h1.answer")).to_contain_text("2020-04-05 15:00, Shanxi, PM10")


def test_empty_hour_says_so_and_leads_to_data(page: Page) -> None:
    open_map(page, "/en/?t=2019-01-01T12:00")
    expect(page.locator("#answer")).to_contain_text("no station has a verdict in this hour")
    page.locator("#answer a", has_text="2019-07-18").click()
    settled(page)
    expect(page.locator("h1.answer")).to_contain_text("2019-07-18 12:00, Shanxi")


def test_analyst_voids_an_hour_and_lifts_the_flag_again(page: Page, server: str) -> None:
    log_in(page, server, "analyst")
    page.goto("/en/stations/1083A/?from=2020-04-05&to=2020-04-05")
    settled(page)
    row = page.locator("#hours-table tr", has_text="2020-04-05 16:00")
    before = row.locator("td.edition a").last.inner_text()
    row.locator("input[data-hour-index]").check()
    expect(page.locator("[data-picked]")).to_contain_text("2020-04-05 16:00")
    page.select_option('select[name="item"]', "pm10")
    page.fill("#reason", "calibration seen in the station's log")
    page.click('button[value="void"]')
    settled(page)
    expect(page.locator(".notice.done")).to_contain_text("The hours are void")
    row = page.locator("#hours-table tr", has_text="2020-04-05 16:00")
    expect(row.locator(".struck")).to_have_count(1)
    after = row.locator("td.edition a").last
    assert after.inner_text() != before
    after.click()
    versions = page.locator("#panel .evidence table").last.locator("tbody tr")
    expect(versions).to_have_count(2)
    expect(versions.last).to_contain_text(before)
    expect(page.locator("#panel")).to_contain_text("calibration seen")
    versions.last.locator("a").click()
    expect(page.locator("#panel .evidence h1")).to_contain_text(f"AQI {before}")
    page.keyboard.press("Escape")
    flag = page.locator("tr", has_text="calibration seen").first
    flag.locator("summary").click()
    flag.locator('input[name="reason"]').fill("the log was of another day")
    flag.locator("button").click()
    settled(page)
    expect(page.locator(".notice.done")).to_contain_text("The flag is cleared")
    row = page.locator("#hours-table tr", has_text="2020-04-05 16:00")
    expect(row.locator("td.edition a").last).to_have_text(before)


def test_charts_draw_and_a_span_can_be_dragged(page: Page, server: str) -> None:
    log_in(page, server, "analyst")
    page.goto("/en/stations/1084A/?from=2020-04-04&to=2020-04-05")
    settled(page)
    chart = page.locator("#chart canvas").first
    box = chart.bounding_box()
    assert box is not None
    assert box["height"] > 600
    page.locator('input[data-chart-mode][value="select"]').check(force=True)
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60, steps=6)
    page.mouse.up()
    expect(page.locator("[data-picked]")).to_contain_text("2020-04-04")
    expect(page.locator("[data-count]")).to_contain_text("hours")


def test_county_officer_sees_the_own_place(page: Page, server: str) -> None:
    log_in(page, server, "county")
    open_map(page, "/en/")
    expect(page.locator("h1.answer")).to_contain_text("Xiaodian, 2 stations")
    expect(page.locator("#station-table tbody tr")).to_have_count(2)
    reply = page.request.get(f"{server}/en/audit/")
    assert reply.status == 403
    assert "You may not see this" in reply.text()


def test_upload_is_examined_before_anything_is_loaded(page: Page, server: str) -> None:
    log_in(page, server, "analyst")
    page.goto("/en/data/")
    good = b"station,time,so2,no2,co,o3,pm10,pm25\n1085A,2026-03-02 08:00,12,40,0.8,90,80,40\n"
    page.select_option('select[name="feed"]', "tidy-hourly")
    page.set_input_files(
        'input[name="file"]', {"name": "new.csv", "mimeType": "text/csv", "buffer": good}
    )
    page.click("#upload button.main")
    settled(page)
    expect(page.locator("h1.answer")).to_contain_text("new.csv fits: 6 of 6 values")
    page.click("text=Load this file")
    settled(page)
    expect(page.locator(".notice.done")).to_contain_text("received 6 = stored 6 + duplicate 0")


def test_map_works_on_a_phone_without_sideways_scrolling(server: str, browser: Browser) -> None:
    context = browser.new_context(
        base_url=server, viewport={"width": 390, "height": 844}, has_touch=True
    )
    page = context.new_page()
    for address in (
        f"/?t={T}",
        "/stations/1081A/",
        f"/en/evidence/aqi-hourly-site-HJ633-2026/{SITE}/{T}/",
    ):
        page.goto(address)
        settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_page_is_usable_without_script(server: str, browser: Browser) -> None:
    context = browser.new_context(base_url=server, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/en/?t={T}&edition=HJ633-2026")
    page.locator(f'#station-table tr[data-key="{SITE}"] a[data-why]').click()
    expect(page.locator(".evidence h1")).to_contain_text("AQI 105")
    context.close()
