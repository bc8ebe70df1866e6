"""What every page promises: behind the door, nothing inline or from elsewhere, two languages."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from fenhe.platform.registry import door
from fenhe.platform.registry.models import Setting
from tests.platform.conftest import World

PAGES = (
    "/", "/en/", "/stations/", "/stations/in/", "/login/", "/nowhere/", "/?t=soon",
    "/evidence/aqi-hourly-site-HJ633-2026/in/2026-03-02T12:00/", "/data/", "/audit/",
    "/data/quarantine/", "/standards/", "/standards/HJ633-2026/", "/standards/compare/",
    "/methods/", "/stations/in/rose/", "/compare/", "/bulletins/", "/review/", "/review/in/",
    "/ranking/", "/cities/", "/cities/140100/",
    "/evidence/air-day-site-GB3095-2026:transitional/in/2026-03-02/",
    "/evidence/air-month-city-GB3095-2026:transitional/140100/2026-03/",
)  # fmt: skip


class Inline(HTMLParser):
    """Collects what a strict policy forbids or what would come from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [given["id"] or ""] if "id" in given else []
        if tag == "style" or "style" in given:
            self.found.append(f"{tag} with inline style")
        if tag == "script" and "src" not in given and given.get("type") != "application/json":
            self.found.append("inline script")
        self.found += [f"{tag} {name}" for name in given if name.startswith("on")]
        self.found += [
            f"{tag} {given[name]}"
            for name in ("src", "href", "action")
            if re.match(r"(https?:)?//", given.get(name) or "")
        ]


def looked_at(page: str) -> Inline:
    parser = Inline()
    parser.feed(page)
    return parser


@pytest.mark.parametrize("address", PAGES)
def test_nothing_inline_and_nothing_from_elsewhere(admin: Client, address: str) -> None:
    reply = admin.get(address)
    parser = looked_at(reply.content.decode())
    assert parser.found == []
    assert len(parser.ids) == len(set(parser.ids))
    policy = reply["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


def patterns(resolver: URLResolver) -> list[URLPattern]:
    found: list[URLPattern] = []
    for part in resolver.url_patterns:
        found += patterns(part) if isinstance(part, URLResolver) else [part]
    return found


def test_every_address_goes_through_the_door() -> None:
    callbacks = [pattern.callback for pattern in patterns(get_resolver())]
    assert len(callbacks) > 15
    assert door.unguarded(callbacks) == []


def test_language_link_leads_to_the_same_page(judged: World, visitor: Client) -> None:
    page = visitor.get("/stations/?q=a%20b").content.decode()
    assert 'href="/en/stations/?q=a%20b" hreflang="en"' in page
    page = visitor.get("/en/stations/?q=x").content.decode()
    assert 'href="/stations/?q=x" hreflang="zh-Hans"' in page
    assert '<html lang="en">' in page


def test_each_person_sees_the_sections_they_may_open(
    judged: World, visitor: Client, analyst: Client
) -> None:
    assert 'href="/en/data/"' not in visitor.get("/en/").content.decode()
    page = analyst.get("/en/").content.decode()
    assert 'href="/en/data/"' in page
    assert 'href="/en/audit/"' in page
    assert "analyst" in page


def test_demonstration_says_whose_data_it_is(judged: World, visitor: Client) -> None:
    notice = {"notice_zh": "演示数据", "notice_en": "Demonstration <data>"}
    Setting.objects.create(pk="demo", value=notice)
    assert "Demonstration &lt;data&gt;" in visitor.get("/en/").content.decode()
    assert "演示数据" in visitor.get("/").content.decode()


def test_log_in_leads_back_and_wrong_password_is_said(judged: World, visitor: Client) -> None:
    form = {"username": "analyst", "password": "wrong", "next": "/en/data/"}
    page = visitor.post("/en/login/", form).content.decode()
    assert 'role="alert"' in page
    assert 'value="analyst"' in page
    form["password"] = "a-long-password-1"  # noqa: S105
    assert visitor.post("/en/login/", form)["Location"] == "/en/data/"
    assert visitor.post("/en/logout/").status_code == 302
    assert visitor.get("/en/data/").status_code == 302


def test_page_of_the_servers_own_errors_needs_nothing() -> None:
    page = render_to_string("500.html")
    assert "出错了" in page
    assert "Something went wrong" in page
    assert looked_at(page).found == []


def test_pages_are_not_kept_by_shared_caches(judged: World, visitor: Client) -> None:
    reply = visitor.get("/")
    assert reply["Cache-Control"] == "private, no-cache"
    assert "Cookie" in reply["Vary"]


def test_chinese_comes_first() -> None:
    assert settings.LANGUAGE_CODE == "zh-hans"
    assert [code for code, _ in settings.LANGUAGES] == ["zh-hans", "en"]
