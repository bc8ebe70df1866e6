"""The pages of the frozen bulletins: who sees and does what, papers, later data, twins."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from fenhe.platform.verdicts import papers, runs
from fenhe.platform.verdicts.frozen import FreezeMonth, PublishRun
from fenhe.platform.verdicts.models import FrozenRun
from fenhe.platform.workflow.acts import local_actor
from fenhe.platform.workflow.models import AuditLog
from tests.platform.conftest import World
from tests.web.published import cities, correct  # noqa: F401  found by being here

FORM = {"month": "2016-11", "subject": "published", "limits": "GB3095-2012"}


def logged_in(world: World, role: str) -> Client:
    client = Client(HTTP_HOST="localhost")
    client.force_login(world.people[role])
    return client


@pytest.fixture
def run(cities: World) -> FrozenRun:  # noqa: F811
    return FreezeMonth(cities.province, "2016-11", "published").run(local_actor())


@pytest.fixture
def shown(run: FrozenRun) -> FrozenRun:
    return PublishRun(run).run(local_actor())


def test_visitors_see_published_bulletins_alone(
    cities: World,  # noqa: F811
    visitor: Client,
    run: FrozenRun,
) -> None:
    assert run.key not in visitor.get("/en/bulletins/").content.decode()
    for address in ("", "zh.pdf", "result.json"):
        assert visitor.get(f"/en/bulletins/{run.key}/{address}").status_code == 404
    assert logged_in(cities, "county").get(f"/en/bulletins/{run.key}/").status_code == 403
    PublishRun(run).run(local_actor())
    listed = visitor.get("/en/bulletins/").content.decode()
    assert run.key in listed
    page = html.unescape(visitor.get(f"/en/bulletins/{run.key}/").content.decode())
    assert "the air was cleanest in Datong" in page
    assert run.result_sha256 in page
    assert run.recipe_sha256 in page
    assert run.created_by not in page + listed
    assert "<form method" not in listed.partition("<main")[2]
    assert 'method="post"' not in page.partition("<main")[2].partition("</main>")[0]


def test_only_who_may_freeze_freezes_and_only_there(cities: World, visitor: Client) -> None:  # noqa: F811
    analyst = logged_in(cities, "analyst")
    assert visitor.post("/en/bulletins/freeze/", FORM).status_code == 302
    assert logged_in(cities, "county").post("/en/bulletins/freeze/", FORM).status_code == 403
    assert 'action="/en/bulletins/freeze/"' in analyst.get("/en/bulletins/").content.decode()
    beyond = analyst.post("/en/bulletins/freeze/", {**FORM, "region": "140000"})
    assert beyond.status_code == 400
    assert "may not do this" in html.unescape(beyond.content.decode())
    assert FrozenRun.objects.count() == 0
    made = analyst.post("/en/bulletins/freeze/", {**FORM, "region": "140100", "reason": "month"})
    frozen = FrozenRun.objects.get()
    assert made.status_code == 302
    assert made["Location"].endswith(f"/bulletins/{frozen.key}/")
    assert (frozen.created_by, frozen.region_id) == ("analyst", "140100")
    assert AuditLog.objects.get(event="verdicts.freeze").reason == "month"
    assert "Frozen from commit" in analyst.get(made["Location"]).content.decode()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"month": "2014-11"}, "no city of"),
        ({"month": "soon"}, "is not a month"),
        ({"region": "999999"}, "choose the place"),
        ({"subject": "weather"}, "choose the source"),
        ({"limits": "GB3095-1996"}, "choose the limits"),
    ],
)
def test_what_can_not_be_frozen_is_said_beside_the_form(
    cities: World,  # noqa: F811
    changed: dict[str, str],
    said: str,
) -> None:
    analyst = logged_in(cities, "analyst")
    reply = analyst.post("/en/bulletins/freeze/", {**FORM, "region": "140100", **changed})
    assert reply.status_code == 400
    page = reply.content.decode()
    assert said in page.partition('role="alert"')[2].partition("</p>")[0]
    given = {**FORM, **changed}["limits"]  # what was filled in stays filled in
    assert (f'value="{given}" selected' in page) == (given == FORM["limits"])
    assert FrozenRun.objects.count() == 0


def test_numbers_lead_to_their_evidence_as_known_then(
    visitor: Client, shown: FrozenRun, analyst_free: Client
) -> None:
    page = html.unescape(visitor.get(f"/en/bulletins/{shown.key}/").content.decode())
    why = (
        f"/en/evidence/air-month-published-GB3095-2012/city%3A140100/2016-11/?as_of={shown.commit}"
    )
    assert why in page
    assert analyst_free.get(why).status_code == 200


@pytest.fixture
def analyst_free(cities: World) -> Client:  # noqa: F811
    return logged_in(cities, "analyst")


def test_verify_is_for_who_may_freeze(cities: World, visitor: Client, shown: FrozenRun) -> None:  # noqa: F811
    address = f"/en/bulletins/{shown.key}/verify/"
    assert visitor.post(address)["Location"].startswith("/en/login/")
    assert logged_in(cities, "analyst").post(address).status_code == 403  # not of the province
    cities.people["analyst"].memberships.update(region=cities.province)
    analyst = logged_in(cities, "analyst")
    assert analyst.get(address).status_code == 405
    said = analyst.post(address, follow=True).content.decode()
    assert "the same, byte for byte" in said
    changed = shown.result.replace("太原", "大原")
    FrozenRun.objects.update(result=changed)
    said = html.unescape(analyst.post(address, follow=True).content.decode())
    assert "does not have the hash it was kept with" in said
    assert "is not the same" in said


def test_publishing_is_the_administrators(cities: World, visitor: Client) -> None:  # noqa: F811
    run = FreezeMonth(cities.city, "2016-11", "published").run(local_actor())
    address = f"/en/bulletins/{run.key}/publish/"
    assert logged_in(cities, "analyst").post(address, {"published": "1"}).status_code == 403
    admin = logged_in(cities, "admin")
    said = admin.post(address, {"published": "1", "reason": "due"}, follow=True).content.decode()
    assert "Visitors can see it now." in said
    assert visitor.get(f"/en/bulletins/{run.key}/").status_code == 200
    admin.post(address, {"published": "0"})
    assert visitor.get(f"/en/bulletins/{run.key}/").status_code == 404
    reasons = list(AuditLog.objects.filter(event="verdicts.publish_run").values_list("reason"))
    assert ("due",) in reasons


def test_later_data_is_told_and_changes_no_paper(
    visitor: Client, shown: FrozenRun, tmp_path: Path
) -> None:
    address = f"/en/bulletins/{shown.key}/"
    assert "later data changed no number" in visitor.get(address).content.decode()
    before = visitor.get(f"{address}en.pdf").content
    correct(tmp_path, 60)
    page = html.unescape(visitor.get(address).content.decode())
    assert "Later data would change" in page
    changes = page.partition('id="changes"')[2]
    assert "Taiyuan" in changes
    assert "+10" in changes  # the mean of PM2.5, 65.5 → 66 and 75.5 → 76
    papers._kept.cache_clear()
    assert visitor.get(f"{address}en.pdf").content == before


def test_papers_in_both_languages(visitor: Client, shown: FrozenRun) -> None:
    address = f"/en/bulletins/{shown.key}/"
    for name, begin in (("zh.pdf", b"%PDF-"), ("en.pdf", b"%PDF-"), ("zh.docx", b"PK")):
        reply = visitor.get(address + name)
        assert reply.status_code == 200
        assert reply.content.startswith(begin)
        assert f'filename="{shown.key}.{name}"' in reply["Content-Disposition"]
    assert visitor.get(f"{address}result.json").content.decode() == shown.result
    for name in ("fr.pdf", "zh.odt", "pdf", "zh.", "zh.json.pdf"):
        assert visitor.get(address + name).status_code == 404


def test_a_paper_is_rendered_once(
    visitor: Client, shown: FrozenRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[str] = []

    def paper(run: FrozenRun, ending: str, english: bool) -> bytes:
        rendered.append(ending)
        return b"once"

    monkeypatch.setattr(papers, "paper", paper)
    papers._kept.cache_clear()
    for _ in range(3):
        assert visitor.get(f"/en/bulletins/{shown.key}/en.docx").content == b"once"
    assert rendered == ["docx"]
    papers._kept.cache_clear()


def test_twins_of_list_and_page(visitor: Client, shown: FrozenRun) -> None:
    (listed,) = json.loads(visitor.get("/en/bulletins/?format=json").content)["rows"]
    assert (listed["key"], listed["frozen_by"]) == (shown.key, "")
    found = json.loads(visitor.get(f"/en/bulletins/{shown.key}/?format=json").content)["rows"]
    taiyuan = next(row for row in found if row["site"] == "city:140100")
    # 51 … 80 µg/m³: the mean is 65.5, half-even 66; five days are above 75
    assert (taiyuan["pm25"], taiyuan["pm25_days_above"], taiyuan["rank"]) == (66.0, 5, 2)
    for address in ("", f"{shown.key}/"):
        for form in ("csv", "xlsx"):
            assert visitor.get(f"/en/bulletins/{address}?format={form}").status_code == 200


def test_chinese_page(visitor: Client, shown: FrozenRun) -> None:
    page = html.unescape(visitor.get(f"/bulletins/{shown.key}/").content.decode())
    assert "参加排名的 2 个城市中，空气质量相对较好的是大同市" in page
    assert "各项目超过日限值的天数" in page
    assert "某项目一个月内有效日均值不少于 27 天" in page
    assert "共 1 份月报" in visitor.get("/bulletins/").content.decode()


def test_a_city_without_an_index_is_told_why(cities: World) -> None:  # noqa: F811
    region = cities.province
    run = FreezeMonth(region, "2016-11", "published").run(local_actor())
    plain = json.loads(run.result)
    plain["places"][0] |= {"index": None, "rank": None, "reason": ["below_minimum:pm10"]}
    FrozenRun.objects.update(result=json.dumps(plain), published=True)
    page = html.unescape(
        Client(HTTP_HOST="localhost").get(f"/en/bulletins/{run.key}/").content.decode()
    )
    assert "Datong has no composite index: too few valid values of PM10." in page


def test_nothing_frozen(cities: World, visitor: Client) -> None:  # noqa: F811
    assert "No bulletin is frozen" in visitor.get("/en/bulletins/").content.decode()


def test_queries_do_not_grow(
    visitor: Client, shown: FrozenRun, django_assert_max_num_queries: Any
) -> None:
    address = f"/en/bulletins/{shown.key}/"
    with django_assert_max_num_queries(8):
        visitor.get(address)
    with django_assert_max_num_queries(8):
        visitor.get("/en/bulletins/")


def test_differences_name_place_and_amount() -> None:
    def place(key: str, index: str | None, value: str | None) -> dict[str, Any]:
        items = {"pm25": {"value": value, "n_valid": 30}}
        return {
            "key": key, "name": {"zh": key, "en": ""}, "items": items, "index": index, "rank": 1,
            "change": None, "change_rank": None, "good_share": "50.0", "n_missing": 0,
            "days": [1, 2, 3, 4, 5, 6],
        }  # fmt: skip

    then = {"places": [place("a", "5.01", "40"), place("b", "6.00", "50")]}
    now = {"places": [place("a", "5.03", None), place("c", "1.00", "9")]}
    now["places"][0]["days"] = [2, 1, 3, 4, 5, 6]
    found = list(runs.differences(then, now))
    told = [(c.kind, c.place["zh"], c.what, c.then, c.now) for c in found]
    assert told == [
        ("other", "a", "index", "5.01", "5.03"),
        ("other", "a", "days.0", "1", "2"),
        ("other", "a", "days.1", "2", "1"),
        ("other", "a", "items.pm25.value", "40", None),
        ("gone", "b", "", None, None),
        ("new", "c", "", None, None),
    ]
    assert [str(c.difference) for c in found[:2]] == ["0.02", "1"]
    assert found[3].difference is None
    # a release that did not count the days above a limit does not make them a change
    now["places"][0]["items"]["pm25"]["days_above"] = 7
    assert "items.pm25.days_above" not in {c.what for c in runs.differences(then, now)}
