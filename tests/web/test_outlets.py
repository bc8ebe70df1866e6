"""Outlet list and outlet page: the sentence, tables, chart data, bytes, who sees what."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fenhe.platform.monitoring.frames import recent
from fenhe.platform.registry.models import DeviceParameter, Organisation, Site
from tests.platform.conftest import World
from tests.web.outletworks import MN, STACK, Plant, made, marked

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
