"""Outlet list and outlet page: the sentence, tables, chart data, bytes, who sees what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fenhe.base import beijing
from fenhe.platform import owner
from fenhe.platform.monitoring.frames import recent
from fenhe.platform.registry.models import (
    DeviceParameter,
    Organisation,
    Outlet,
    PermitLimit,
    Site,
    SiteName,
)
from fenhe.platform.verdicts.models import Assessment
from tests.platform.conftest import World
from tests.platform.monitoring.frames import wire
from tests.web.outletworks import MARKUP, MN, STACK, Plant, made, marked

PAGE = f"/en/outlets/{STACK}/"


@pytest.fixture
def plant(judged: World) -> Plant:
    """A simulated stack whose last hour is above its limit."""
    recent.forget()
    return made(judged, "30.5", "31", "36.2")


def client_of(world: World, role: str) -> Client:
    client = Client(HTTP_HOST="localhost")
    client.force_login(world.people[role])
    return client


def _another(plant: Plant, number: int) -> None:
    first = plant.works.stack
    site = Site.objects.create(
        key=f"outlet:X{number}", kind="outlet", region=first.region,
        organisation=first.organisation,
    )  # fmt: skip
    Outlet.objects.create(site=site, medium="gas")
    SiteName.objects.create(site=site, name_zh=f"烟囱{number}")
    PermitLimit.objects.create(site=site, item="a21026", averaging="hour", limit="35")


def test_the_list_says_how_each_stands(plant: Plant, analyst: Client) -> None:
    page = analyst.get("/en/outlets/").content.decode()
    assert "2 outlets: 1 above a limit, 1 no data yet." in page
    assert "36.2" in page
    assert "simulated" in page
    assert "3 / 24" in page
    chinese = analyst.get("/outlets/").content.decode()
    assert "模拟" in chinese
    assert "一号烟囱" in chinese


def test_a_page_begins_with_what_stands_now(plant: Plant, analyst: Client) -> None:
    marked(plant)
    page = analyst.get(PAGE).content.decode()
    assert "一号烟囱 (simulated): " in page
    assert "SO₂ 36.2 of 35 mg/m³ above the limit" in page
    assert "marked: start-up" in page
    assert "newest data" in page
    assert "permit 1" in page
    assert "cold start" in page
    assert MN in page
    assert "模拟" in analyst.get(f"/outlets/{STACK}/").content.decode()


def test_the_moving_part_is_asked_for_alone(plant: Plant, analyst: Client) -> None:
    part = analyst.get(PAGE, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "36.2" in part
    assert 'id="now-a21026"' in part
    listed = analyst.get("/en/outlets/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in listed
    assert 'data-live="/en/outlets/"' in analyst.get("/en/outlets/").content.decode()


def test_the_chart_has_gaps_limits_and_marks_and_says_when_nothing_is_new(
    plant: Plant, analyst: Client
) -> None:
    marked(plant)
    told = analyst.get(f"{PAGE}chart.json?step=hour").json()
    (item,) = [one for one in told["items"] if one["code"] == "a21026"]
    assert [value for _at, value in item["values"]] == [30.5, 31.0, 36.2]
    assert item["limits"] == [{"value": 35.0, "text": "limit 35"}]
    assert item["unit"] == "mg/m³"
    assert told["marks"][0]["text"] == "start-up · cold start"
    assert told["words"]["simulated"] == "simulated"
    same = analyst.get(f"{PAGE}chart.json?step=hour&seen={told['version']}")
    assert same.status_code == 204
    assert analyst.get(f"{PAGE}chart.json?step=hour&seen=older").status_code == 200
    assert analyst.get(f"{PAGE}chart.json?step=live").json()["items"] == []


def test_a_missing_hour_is_a_gap(judged: World, analyst: Client) -> None:
    plant = made(judged, "30", "31")
    early = wire.frame(at=beijing.to_beijing(plant.newest - timedelta(hours=4)))
    wire.append(owner.store(), early)
    wire.take(owner.store())
    told = analyst.get(f"{PAGE}chart.json?step=hour").json()
    assert [value for _at, value in told["items"][0]["values"]] == [30.5, None, 30.0, 31.0]


TABLES = ("values", "limits", "marks", "channels", "parameters", "commands", "packets")


@pytest.mark.parametrize("table", TABLES)
def test_every_table_has_its_twins_and_says_that_it_is_made_up(
    plant: Plant, analyst: Client, table: str
) -> None:
    marked(plant)
    DeviceParameter.objects.create(
        device=plant.works.device, name="RtdInterval", value="30", since=datetime.now(UTC),
        arrived_at=datetime.now(UTC), cn="3020", raw_sha256="0" * 64, raw_row=1,
    )  # fmt: skip
    rows = analyst.get(f"{PAGE}?table={table}&format=json").json()["rows"]
    assert all(row["simulated"] == "模拟 simulated" for row in rows)
    assert rows or table == "commands"
    text = analyst.get(f"{PAGE}?table={table}&format=csv").content.decode("utf-8-sig")
    assert "simulated" in text
    assert analyst.get(f"{PAGE}?table={table}&format=xlsx").content.startswith(b"PK")


def test_values_come_with_limit_and_flags(plant: Plant, analyst: Client) -> None:
    rows = analyst.get(f"{PAGE}?table=values&step=hour&format=json").json()["rows"]
    assert [row["value"] for row in rows] == [30.5, 31.0, 36.2]
    assert {row["hourly_limit"] for row in rows} == {35.0}
    assert {row["unit"] for row in rows} == {"mg/m³"}


def test_bytes_are_shown_with_fields_and_without_the_password(
    plant: Plant, analyst: Client
) -> None:
    seen = recent.of(MN, 1)[0]
    address = f"{PAGE}frames/{seen.raw_sha256}/{seen.raw_row}/"
    assert address in analyst.get(PAGE).content.decode()
    page = analyst.get(address).content.decode()
    assert "a21026" in page
    assert "36.2" in page
    assert "PW=******" in page
    assert "123456" not in page
    assert b"123456".hex(" ") not in page
    assert b"a21026".hex(" ")[:8] in page
    told = analyst.get(f"{address}?format=json").json()
    assert told["header"]["PW"] == "******"
    assert "<html" not in analyst.get(address, headers={"HX-Request": "true"}).content.decode()


def test_a_frame_of_another_outlet_is_not_shown_here(plant: Plant, analyst: Client) -> None:
    seen = recent.of(MN, 1)[0]
    other = f"/en/outlets/outlet:DW001/frames/{seen.raw_sha256}/{seen.raw_row}/"
    assert analyst.get(other).status_code == 404
    nowhere = f"{PAGE}frames/{'0' * 64}/1/"
    assert analyst.get(nowhere).status_code == 400


def test_a_firm_sees_its_own_outlets_alone(plant: Plant, judged: World) -> None:
    firm = client_of(judged, "firm")
    other = Organisation.objects.create(code="F2", name_zh="他厂", region=judged.county)
    assert firm.get(PAGE).status_code == 200
    Site.objects.filter(pk=STACK).update(organisation=other)
    assert firm.get(PAGE).status_code == 403
    assert STACK not in firm.get("/en/outlets/").content.decode()
    assert firm.get(f"{PAGE}chart.json").status_code == 403


def test_visitors_see_what_is_published_without_bytes(plant: Plant, visitor: Client) -> None:
    assert visitor.get(PAGE).status_code == 302
    Site.objects.filter(pk=STACK).update(published=True)
    page = visitor.get(PAGE).content.decode()
    assert "36.2" in page
    assert "Last packets" not in page
    seen = recent.of(MN, 1)[0]
    assert visitor.get(f"{PAGE}frames/{seen.raw_sha256}/{seen.raw_row}/").status_code == 302
    hidden = visitor.get(f"{PAGE}?table=packets&format=csv").content.decode("utf-8-sig")
    assert "verdict" in hidden.splitlines()[0]
    assert "frames/" not in hidden


def test_markup_from_outside_is_text(judged: World, analyst: Client) -> None:
    plant = made(judged, "30")
    plant.works.device.mn = MARKUP
    plant.works.device.save()
    marked(plant, reason="<script>alert(1)</script>")
    page = analyst.get(PAGE).content.decode()
    assert "<script>alert" not in page
    assert "<b>MN</b>" not in page
    assert "&lt;b&gt;MN&lt;/b&gt;" in page


def test_a_verdict_goes_before_the_comparison(plant: Plant, analyst: Client) -> None:
    Assessment.objects.create(
        key="hours-of-outlets-here", title_zh="小时", title_en="Hours", method="sources.exceedance",
        edition_policy="by_day", subject="site", grain="1h",
    )  # fmt: skip
    cell = {
        "site": f"{STACK}/a21026", "start": plant.newest, "end": plant.newest + timedelta(hours=1),
        "verdict": "exempt", "limit_used": 35.0, "multiple": None, "provisional": "yes",
        "reason": "", "input_digest": "0", "n_valid": 1, "n_due": 1, "method_version": "1",
    }  # fmt: skip
    frame = pl.DataFrame([cell], schema_overrides={"multiple": pl.Float64})
    owner.store().cells.write("hours-of-outlets-here", "sources.exceedance", frame, "test")
    page = analyst.get(PAGE).content.decode()
    assert "SO₂ 36.2 of 35 mg/m³ exempt" in page
    assert "above a limit" not in page
    assert "judged here" in page
    assert "/en/evidence/hours-of-outlets-here/" in page
    rows = analyst.get(f"{PAGE}?format=json").json()["rows"]
    assert [row["verdict"] for row in rows] == ["", "", "exempt"]


def test_questions_to_the_database_do_not_grow_with_the_outlets(
    plant: Plant, analyst: Client
) -> None:
    def asked(address: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert analyst.get(address).status_code == 200
        return len(seen)

    analyst.get("/en/outlets/")
    few = asked("/en/outlets/")
    one = asked(PAGE)
    for number in range(5):
        _another(plant, number)
    assert asked("/en/outlets/") <= few
    assert asked(PAGE) <= one
    assert few <= 30
    assert one <= 40
