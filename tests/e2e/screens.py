"""Photograph every page in both languages at desk and phone width: for eyes, not for asserts.

    .venv/bin/python tests/e2e/screens.py http://127.0.0.1:8000 FOLDER [NAME …]

The server must run with the demonstration data. With names, only those pages.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.e2e.browser import launched, settled

PASSWORD = "just-a-demo"  # noqa: S105  the demonstration's, known to everybody
T = "2020-04-05T16:00"
SITE = "aqi-hourly-site-HJ633-2026"
MONTH = "air-month-published-GB3095-2012/city%3A140100/2016-11"
YEAR = "/ranking/?subject=published&grain=year&period=2015"
SIZES = {"1280": (1280, 800, 1), "390": (390, 844, 2)}
LANGUAGES = {"zh": "", "en": "/en"}


@dataclass(frozen=True)
class Shot:
    """One page: its name, its path, who looks, and what to do before the picture."""

    name: str
    path: str
    who: str = ""
    full: bool = False
    click: str = ""


SHOTS = (
    Shot("map", f"/?t={T}&edition=HJ633-2026"),
    Shot("map-pm25", f"/?t={T}&item=pm25&edition=HJ633-2012"),
    Shot("map-empty", "/?t=2019-01-01T12:00"),
    Shot("map-evidence", f"/?t={T}&edition=HJ633-2026&why={SITE}/1081A/{T}"),
    Shot("ranking", "/ranking/?subject=published&period=2016-11"),
    Shot("ranking-target", f"{YEAR}&place=140000&shares=1&item=pm25&target=50", full=True),
    Shot("ranking-2026", f"{YEAR}&limits=GB3095-2026:transitional"),
    Shot("ranking-quarter", "/ranking/?subject=published&grain=quarter&period=2016-Q4"),
    Shot("ranking-stations", "/ranking/?subject=city&period=2020-04", full=True),
    Shot("cities", "/cities/"),
    Shot("city", "/cities/city:140100/?year=2016", full=True),
    Shot("city-stations", "/cities/110000/?year=2016", full=True),
    Shot("city-evidence", f"/cities/city:140100/?why={MONTH}"),
    Shot("evidence-year", "/evidence/air-year-published-GB3095-2012/city:140100/2015/", full=True),
    Shot("evidence-day", "/evidence/air-day-site-GB3095-2012/1003A/2016-12-20/", full=True),
    Shot("evidence-city", "/evidence/air-day-city-GB3095-2012/110000/2016-12-20/", full=True),
    Shot("evidence-index", "/evidence/aqi-daily-city-HJ633-2012/110000/2016-12-20/", full=True),
    Shot("stations", "/stations/?q=太原"),
    Shot("station", "/stations/1081A/?to=2020-04-06", full=True),
    Shot("station-analyst", "/stations/1081A/?to=2020-04-06", who="analyst", full=True),
    Shot("station-beijing", "/stations/1003A/?from=2017-01-01&to=2017-01-07", full=True),
    Shot("evidence", f"/evidence/{SITE}/1081A/{T}/", full=True),
    Shot("rose", "/stations/1003A/rose/?item=pm25&from=2016-12-01&to=2017-01-31", full=True),
    Shot("rose-mean", "/stations/1003A/rose/?item=pm25&show=mean&from=2016-12-01&to=2017-01-31"),
    Shot("rose-none", "/stations/1081A/rose/"),
    Shot("standards", "/standards/?on=2026-11-25", full=True),
    Shot("standards-search", "/standards/?q=PM2.5&on=2026-02-28", full=True),
    Shot("standard", "/standards/HJ633-2026/", full=True),
    Shot("standard-stage", "/standards/GB3095-2026:transitional/"),
    Shot("standards-compare", "/standards/compare/?a=HJ633-2012&b=HJ633-2026", full=True),
    Shot("compare", "/compare/?from=2015-01&to=2015-12", full=True),
    Shot("compare-shanxi", "/compare/?place=140000&from=2016-11&to=2016-11&pick=2-3", full=True),
    Shot("compare-none", "/compare/?subject=city&from=2018-01&to=2018-12"),
    Shot("bulletins", "/bulletins/", who="admin", full=True),
    Shot("bulletin", "/bulletins/", who="admin", full=True, click="#bulletins tbody th a"),
    Shot("bulletins-visitor", "/bulletins/"),
    Shot("methods", "/methods/", full=True),
    Shot("login", "/login/"),
    Shot("data", "/data/", who="admin", full=True),
    Shot("feeds", "/feeds/", who="admin", full=True),
    Shot("feed", "/feeds/files/", who="admin", full=True),
    Shot("live", "/live/", who="admin", full=True),
    Shot("outlets", "/outlets/", who="admin", full=True),
    Shot("outlet", "/outlets/outlet:sim-coking-stack/", who="admin", full=True),
    Shot("outlet-live", "/outlets/outlet:sim-coking-stack/?step=live", who="admin"),
    Shot(
        "frame",
        "/outlets/outlet:sim-coking-stack/",
        who="admin",
        full=True,
        click="#packets tbody a",
    ),
    Shot("device", "/live/", who="admin", full=True, click="#devices tbody th a"),
    Shot("firms", "/firms/", who="admin"),
    Shot("firm", "/firms/sim-coking/", who="admin", full=True),
    Shot("more", "/standards/", who="admin", click=".rail .more:visible"),
    Shot("alarms", "/alarms/", who="admin", full=True),
    Shot("alarm", "/alarms/", who="admin", full=True, click="#alarms tbody th a"),
    Shot("alarm-routes", "/alarms/routes/", who="admin", full=True),
    Shot("alarm-limits", "/alarms/limits/", who="admin", full=True),
    Shot("quarantine", "/data/quarantine/", who="admin", full=True),
    Shot("audit", "/audit/", who="admin", full=True),
    Shot("county", "/", who="county"),
    Shot("not-found", "/stations/nowhere/"),
    Shot("bad-address", "/?t=yesterday"),
    Shot("forbidden", "/audit/", who="county"),
)


def log_in(page: Page, base: str, name: str) -> None:
    """Log a demonstration person in."""
    page.goto(f"{base}/login/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.click("main button.main")
    page.wait_for_load_state("networkidle")


def take(context: BrowserContext, base: str, shot: Shot, prefix: str, target: Path) -> None:
    """Open one page as its person and photograph it."""
    page = context.new_page()
    if shot.who:
        log_in(page, base, shot.who)
    page.goto(base + prefix + shot.path)
    settled(page)
    if shot.click and page.locator(shot.click).count():
        page.locator(shot.click).first.click()
        settled(page)
    page.screenshot(path=target, full_page=shot.full)
    page.close()


def main(base: str, folder: Path, names: list[str]) -> None:
    """Photograph everything asked for."""
    folder.mkdir(parents=True, exist_ok=True)
    with launched() as browser:
        for size, (width, height, ratio) in SIZES.items():
            for shot in SHOTS:
                if names and shot.name not in names:
                    continue
                for language, prefix in LANGUAGES.items():
                    context = browser.new_context(
                        viewport={"width": width, "height": height}, device_scale_factor=ratio
                    )
                    target = folder / f"{shot.name}-{language}-{size}.png"
                    take(context, base, shot, prefix, target)
                    context.close()
                    print(target)


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), Path(sys.argv[2]), sys.argv[3:])
