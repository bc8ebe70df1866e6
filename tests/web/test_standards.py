"""The standards browser: every edition and value, what holds on a day, where it is used."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import openpyxl
import pytest
from django.test import Client
from django.utils import translation

from fenhe import standards
from fenhe.methods import registry, usage
from fenhe.platform.web import addresses, standardsview
from fenhe.platform.web.templatetags import fenhe
from fenhe.standards import export
from tests.platform.conftest import World

ROOT = "/en/standards/"
CITY = Path(__file__).parents[1] / "standards" / "overlays" / "city.toml"


def page(client: Client, address: str) -> str:
    reply = client.get(address)
    assert reply.status_code == 200, reply.content.decode()[-2000:]
    return reply.content.decode()


def rows(client: Client, address: str) -> list[dict[str, Any]]:
    return list(json.loads(client.get(address).content)["rows"])


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_list_holds_every_edition_and_says_what_holds_on_the_day(
    judged: World, visitor: Client
) -> None:
    said = page(visitor, f"{ROOT}?on=2026-02-28")
    for edition in standards.catalogue().all_editions:
        assert f'href="{ROOT}{edition.id}/"' in said
    limits = {r["edition"] for r in rows(visitor, f"{ROOT}?on=2026-02-28&table=limits&format=json")}
    assert limits == {"GB3095-2012"}
    after = rows(visitor, f"{ROOT}?on=2026-03-01&table=limits&format=json")
    assert {r["edition"] for r in after} == {"GB3095-2026:transitional"}
    day = [r for r in after if (r["item"], r["averaging"], r["grade"]) == ("pm25", "24h", "II")]
    assert [(r["value"], r["unit"]) for r in day] == [("60", "µg/m³")]
    assert "Limits that hold on 2026-02-28" in said
    assert visitor.get(f"{ROOT}?on=soon").status_code == 400


def test_search_finds_values_by_word_item_and_clause(judged: World, visitor: Client) -> None:
    found = page(visitor, f"{ROOT}?q=missing_publish_above")
    assert "HJ633-2026/missing_publish_above" in found
    hits = rows(visitor, f"{ROOT}?q=pm2.5&table=found&format=json")
    assert "GB3095-2026:final/limits/pm25.24h.II" in {hit["id"] for hit in hits}
    assert "No value holds this word" in page(visitor, f"{ROOT}?q=gold")
    assert "&lt;b&gt;" in page(visitor, f"{ROOT}?q=<b>x")


@pytest.mark.parametrize("edition", [e.id for e in standards.catalogue().all_editions])
def test_an_edition_shows_everything_it_states_with_an_anchor(
    judged: World, visitor: Client, edition: str
) -> None:
    """Every value and row has a place of its own, in both languages, and the marks add up."""
    found = standards.catalogue().edition(edition)
    for root in ("/standards/", ROOT):
        said = page(visitor, f"{root}{edition}/")
        ids = re.findall(r' id="([^"]+)"', said)
        assert len(ids) == len(set(ids))
        assert {part.id for part in found.provenances()} <= set(ids)
    for value in found.values.values():
        if not value.known:
            assert value.configure.split("[[")[0][:40] in plain(said).replace("&quot;", '"')
    assert found.source[:60] in said
    told = json.loads(visitor.get(f"{ROOT}{edition}/?format=json").content)
    assert told == json.loads(json.dumps(export.full(found), ensure_ascii=False))


def test_marks_are_told_by_sign_and_word(judged: World, visitor: Client) -> None:
    said = page(visitor, f"{ROOT}HJ633-2012/")
    row = re.search(r'<tr id="HJ633-2012/cap">.*?</tr>', said, re.S)
    assert row is not None
    assert "○" in row[0]
    assert "C, unverified: law" in plain(row[0])
    assert "air.aqi_hourly" in row[0]
    zh = page(visitor, "/standards/HJ633-2012/")
    assert "法定值" in zh


def test_every_table_has_its_twins(judged: World, visitor: Client) -> None:
    address = f"{ROOT}HJ633-2026/?table=breakpoints&format="
    wanted = len(standards.catalogue().edition("HJ633-2026").table("breakpoints"))
    told = rows(visitor, f"{address}json")
    text = visitor.get(f"{address}csv").content.decode("utf-8-sig")
    sheet = openpyxl.load_workbook(io.BytesIO(visitor.get(f"{address}xlsx").content)).worksheets[0]
    assert len(told) == len(list(csv.DictReader(io.StringIO(text)))) == sheet.max_row - 1 == wanted
    assert told[0]["read_by"].split("; ")[0] == "air.iaqi"
    assert visitor.get(f"{ROOT}HJ633-2026/?table=gold&format=json").status_code == 400
    assert visitor.get(f"{ROOT}HJ633-2026/?format=csv").status_code == 400


def test_unknown_edition_is_404(judged: World, visitor: Client) -> None:
    assert visitor.get(f"{ROOT}HJ633-1999/").status_code == 404


def test_comparison_shows_both_sides(judged: World, visitor: Client) -> None:
    said = page(visitor, f"{ROOT}compare/?a=HJ633-2012&b=HJ633-2026")
    assert "HJ 633-2012 → HJ 633-2026:" in said
    told = rows(visitor, f"{ROOT}compare/?a=HJ633-2012&b=HJ633-2026&format=json")
    changed = {(r["id"], r["before"], r["after"]) for r in told if r["what"] == "changed"}
    assert ("breakpoints/pm25.24h.100", "75", "60") in changed
    assert {"changed", "added", "removed"} == {r["what"] for r in told}
    assert visitor.get(f"{ROOT}compare/?a=HJ633-2012&b=x").status_code == 400
    assert visitor.get(f"{ROOT}compare/").status_code == 200


def test_where_used_is_derived_from_what_runs(judged: World, visitor: Client) -> None:
    used = rows(visitor, f"{ROOT}HJ633-2026/?table=where-used&format=json")
    methods = {r["id"] for r in used if r["kind"] == "method"}
    assert {"air.aqi_hourly", "air.aqi_daily", "air.iaqi"} <= methods
    assert "air.area_hourly" not in methods
    cells = {r["id"]: r["cells"] for r in used if r["kind"] == "assessment"}
    assert cells["aqi-hourly-site-HJ633-2026"] == 44  # 24 hours of one station, 20 of the other
    area = rows(visitor, f"{ROOT}HJ663-2026/?table=where-used&format=json")
    hows = {r["id"]: r["how"] for r in area if r["kind"] == "assessment"}
    assert hows["aqi-hourly-city-HJ633-2026"] == "parameter"


def test_every_method_runs_on_nothing_under_some_edition() -> None:
    """The derivation of "where used" holds for every registered method."""
    read = {one.method for one in usage.usages() if one.ids}
    assert read == {method.id for method in registry.methods()}
    for one in usage.usages():
        for value_id in one.ids:
            assert standards.catalogue().find(value_id).id == value_id


def test_an_id_leads_to_its_row(judged: World, visitor: Client) -> None:
    with translation.override("en"):
        for value_id in ("HJ633-2012/cap", "GB3095-2026:transitional/limits/pm25.24h.II"):
            address, _, place = addresses.value(value_id).partition("#")
            assert unquote(place) == value_id
            assert f'id="{value_id}"' in page(visitor, address)


def test_an_overlay_is_told_where_it_changes_something() -> None:
    changed = standards.catalogue().with_overlay(CITY)
    cap = changed.edition("HJ633-2012").value("cap")
    assert "adopted by" in standardsview.mark(cap).text


def test_methods_page_tells_every_contract(judged: World, visitor: Client) -> None:
    said = page(visitor, "/en/methods/")
    for method in registry.methods():
        assert f'id="{method.id}"' in said
    told = json.loads(visitor.get("/en/methods/?format=json").content)
    assert [m["id"] for m in told] == [m.id for m in registry.methods()]
    assert visitor.get("/en/methods/?format=csv").status_code == 200


def test_pages_that_judge_lead_to_the_standard(judged: World, visitor: Client) -> None:
    evidence = page(visitor, "/en/evidence/aqi-hourly-site-HJ633-2026/in/2026-03-02T12:00/")
    assert f'href="{ROOT}HJ633-2026/#HJ633-2026/' in evidence
    assert f'href="{ROOT}HJ633-2026/"' in page(visitor, "/en/?t=2026-03-02T12:00")
    assert f'href="{ROOT}HJ633-2012/"' in page(visitor, "/en/stations/in/?to=2026-03-02")


def test_queries_are_bounded(
    judged: World, visitor: Client, django_assert_max_num_queries: Any
) -> None:
    usage.usages()
    with django_assert_max_num_queries(8):
        page(visitor, f"{ROOT}?q=PM2.5")
    with django_assert_max_num_queries(8):
        page(visitor, f"{ROOT}HJ633-2026/")


def test_each_unverified_id_of_a_result_is_a_link_of_its_own() -> None:
    with translation.override("en"):
        shown = fenhe.unverified('HJ633-2012/cap;HJ663-2013/<x>"')
    assert shown.count("<a ") == 2
    assert 'href="/en/standards/HJ633-2012/#HJ633-2012/cap"' in shown
    assert "<x>" not in shown
    assert fenhe.unverified(None) == fenhe.unverified("") == ""
