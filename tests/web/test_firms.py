"""Firms: the list, one with its outlets, and that a firm sees its own only."""

from __future__ import annotations

import pytest
from django.test import Client

from fenhe.platform.registry.models import Organisation, Site
from tests.platform.conftest import World
from tests.web.outletworks import Plant, made


@pytest.fixture
def plant(judged: World) -> Plant:
    """The works of the firm in the first city, one hour above its limit."""
    return made(judged, "36.2")


@pytest.fixture
def firm(judged: World) -> Client:
    """The firm's own person."""
    client = Client(HTTP_HOST="localhost")
    client.force_login(judged.people["firm"])
    return client


def test_a_firm_has_its_outlets_and_their_state(plant: Plant, firm: Client) -> None:
    page = firm.get("/en/firms/F1/").content.decode()
    assert "某厂: 2 outlets: 1 above a limit, 1 no data yet." in page
    assert "一号烟囱" in page
    assert "总排口" in page
    assert "simulated" in page
    assert "1 / 24" in page
    assert "某厂" in firm.get("/firms/F1/").content.decode()


def test_it_sees_no_other_firm(plant: Plant, judged: World, firm: Client) -> None:
    other = Organisation.objects.create(code="F2", name_zh="他厂", region=judged.county)
    Site.objects.create(key="outlet:DA9", kind="outlet", region=judged.county, organisation=other)
    assert firm.get("/en/firms/F2/").status_code == 404
    assert "他厂" not in firm.get("/en/firms/").content.decode()
    assert "某厂" in firm.get("/en/firms/").content.decode()
    rows = firm.get("/en/firms/?format=json").json()["rows"]
    assert [(row["code"], row["outlets"]) for row in rows] == [("F1", 2)]


def test_tables_have_their_twins(plant: Plant, firm: Client) -> None:
    rows = firm.get("/en/firms/F1/?format=json").json()["rows"]
    assert {row["simulated"] for row in rows} == {"模拟 simulated", ""}
    assert [row["value"] for row in rows if row["item"] == "a21026"] == [36.2]
    assert "36.2" in firm.get("/en/firms/F1/?format=csv").content.decode("utf-8-sig")
    assert firm.get("/en/firms/F1/?format=xlsx").content.startswith(b"PK")


def test_its_moving_part_is_asked_for_alone(plant: Plant, firm: Client) -> None:
    part = firm.get("/en/firms/F1/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "36.2" in part


def test_alarms_about_its_devices_are_for_those_who_may_see_alarms(
    plant: Plant, analyst: Client, firm: Client
) -> None:
    assert "Alarms that stand" in analyst.get("/en/firms/F1/").content.decode()
    assert "Alarms that stand" not in firm.get("/en/firms/F1/").content.decode()


def test_visitors_log_in_first(plant: Plant, visitor: Client) -> None:
    assert visitor.get("/en/firms/F1/").status_code == 404  # nothing of it is published
    assert "某厂" not in visitor.get("/en/firms/").content.decode()
