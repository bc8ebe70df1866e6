"""Through a browser: the ranking, a city's calendar by keys, and from a year down to the bytes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import Watch, settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: The best ten of the 74 cities as they were published for November 2016, among the 84 here.
BEST = ["海口", "舟山", "福州", "南宁", "惠州", "丽水", "贵阳", "深圳", "昆明", "厦门"]
#: The worst ten of the 74, in the order of the figures, and the ten that were not among them.
WORST = ["石家庄", "太原", "保定", "兰州", "邢台", "唐山", "邯郸", "西安", "衡水", "郑州"]
LATER = ["大同", "朔州", "忻州", "吕梁", "长治", "阳泉", "运城", "晋城", "晋中", "临汾"]
MONTH = "/ranking/?subject=published&grain=month&period=2016-11"
CITY = "/en/cities/city:140100/?year=2016"
WAIT = 30_000  # a busy machine may read a kept file for a while


def query(page: Page, name: str) -> str:
    """Return one part of the address."""
    return str(page.evaluate("n => new URL(location.href).searchParams.get(n) ?? ''", name))


def test_november_2016_is_ranked_as_it_was_published(page: Page) -> None:
    page.goto(MONTH)
    names = page.locator("#ranking-table tbody th").all_text_contents()
    plain = [name.removesuffix("市") for name in names]
    assert len(plain) == 84
    assert plain[:10] == BEST
    assert [name for name in reversed(plain) if name not in LATER][:10] == WORST
    expect(page.locator("h1.answer")).to_contain_text("海口市最好（2.30），临汾市最差（16.05）")


def test_keys_step_through_the_periods_and_the_address_follows(page: Page) -> None:
    page.goto(f"/en{MONTH}")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("h1.answer")).to_contain_text("October 2016")
    assert query(page, "period") == "2016-10"
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator("h1.answer")).to_contain_text("October 2015")
    page.keyboard.press("ArrowRight")
    expect(page.locator("h1.answer")).to_contain_text("November 2015")
    page.select_option("#period", "2016-03")
    expect(page.locator("h1.answer")).to_contain_text("March 2016")
    page.locator('label:has(input[name="grain"][value="year"])').click()
    expect(page.locator("h1.answer")).to_contain_text("2016: none of 84 cities can be ranked")


def test_a_year_opens_down_to_the_row_of_the_file(page: Page) -> None:
    page.goto("/en/ranking/?subject=published&grain=year&period=2015&place=140000")
    row = page.locator("#ranking-table tbody tr", has_text="Taiyuan")
    row.locator("a[data-why]").first.click()
    panel = page.locator("#panel")
    expect(panel.locator(".evidence h1")).to_contain_text(
        "Taiyuan, 2015: above the limit are", timeout=WAIT
    )
    expect(panel).to_contain_text("25208.8 / 365 = 69.065205 → 69")
    panel.get_by_role("link", name="2015-01-02", exact=True).click()
    expect(panel.locator(".evidence h1")).to_contain_text("Taiyuan, 2015-01-02", timeout=WAIT)
    expect(panel).to_contain_text("city_daily_2015-2016.parquet, row")
    expect(panel).to_contain_text("SHA-256")
    assert query(page, "why").endswith("/2015-01-02")
    page.keyboard.press("Escape")
    expect(panel).not_to_have_class(re.compile("open"))
    expect(row.locator("a[data-why]").first).to_be_focused()


def test_the_calendar_goes_by_arrow_keys_and_opens_a_day(page: Page) -> None:
    page.goto(CITY)
    settled(page)
    last = page.locator('.calendar a[tabindex="0"]')
    expect(last).to_have_count(1)
    last.focus()
    assert "2016-11-30" in str(last.get_attribute("title"))
    page.keyboard.press("ArrowUp")
    focused = page.locator(".calendar a:focus")
    assert "2016-11-23" in str(focused.get_attribute("title"))
    page.keyboard.press("ArrowRight")
    assert "2016-11-24" in str(page.locator(".calendar a:focus").get_attribute("title"))
    page.keyboard.press("Enter")
    expect(page.locator("#panel .evidence h1")).to_contain_text(
        "Taiyuan, 2016-11-24: AQI", timeout=WAIT
    )
    expect(page.locator("#panel")).to_contain_text("AQI = max(")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowLeft")
    assert query(page, "year") == "2016"  # in the calendar the arrows are the calendar's
    assert page.locator("#chart canvas").count() == 1


def test_a_city_day_opens_down_to_the_hour_of_a_station(page: Page) -> None:
    page.goto("/en/evidence/air-day-city-GB3095-2012/110000/2016-12-20/")
    settled(page)
    page.get_by_role("link", name="Dongsi").click()
    panel = page.locator("#panel")
    expect(panel.locator(".evidence h1")).to_contain_text("Dongsi, 2016-12-20", timeout=WAIT)
    panel.get_by_role("link", name="14:00").click()
    expect(panel.locator(".evidence h1")).to_contain_text(
        "Dongsi, 2016-12-20 14:00: AQI", timeout=WAIT
    )
    expect(panel).to_contain_text("PRSA_Data_Dongsi_20161201-20170131.csv, row")


def test_phone_shows_rows_of_lines_and_nothing_runs_over(
    server: str, browser: Browser, watch: Watch
) -> None:
    context = browser.new_context(base_url=server, viewport={"width": 390, "height": 844})
    page = context.new_page()
    watch.on(page)
    for address in (MONTH, CITY, "/cities/", f"{MONTH}&item=pm25&target=50&shares=1"):
        page.goto(address)
        settled(page)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, address
    page.goto(MONTH)
    row = page.locator("#ranking-table tbody tr").first
    name, value = row.locator("th").bounding_box(), row.locator("td.line2").nth(1).bounding_box()
    assert name is not None
    assert value is not None
    assert value["y"] > name["y"]
    context.close()
    assert watch.complaints == []
