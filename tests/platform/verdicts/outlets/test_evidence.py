"""The evidence of an outlet's hour: from the bytes of its frames to the verdict, run again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from fenhe.base.errors import BadInput
from fenhe.platform.registry import facts
from fenhe.platform.registry.models import OutletFact, PermitLimit
from fenhe.platform.verdicts import engine, evidence
from fenhe.platform.verdicts.outlets import standing
from fenhe.platform.verdicts.outlets.keys import object_of
from fenhe.store import Store
from tests.platform.conftest import World
from tests.platform.monitoring.frames import wire

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12)  # of Beijing
START = NOON - timedelta(hours=8)
TEN = timedelta(minutes=10)
OBJECT = object_of(wire.STACK, "a21026")


def frame(value: str, oxygen: str, at: datetime, flag: str = "N") -> bytes:
    return wire.frame(
        "2051",
        [
            ("a21026", "Avg", value), ("a21026", "Flag", flag),
            ("a19001", "Avg", oxygen), ("a19001", "Flag", "N"),
        ],
        at=at,
    )  # fmt: skip


@pytest.fixture
def told(store: Store, world: World) -> dict[str, Any]:
    """Six frames of ten minutes, one of them under maintenance, judged."""
    works = wire.works(world.county, world.firm)
    OutletFact.objects.create(outlet=works.stack.outlet, reference_o2="9")
    PermitLimit.objects.create(
        site=works.stack, item="a21026", averaging="hour", limit="200", unit="mg/m3",
        document="排污许可证",
    )  # fmt: skip
    frames = [frame("150", "15", NOON + n * TEN, "M" if n == 2 else "N") for n in range(6)]
    wire.append(store, *frames)
    wire.take(store)
    engine.catch_up(store)
    return evidence.evidence(standing.VERDICTS, OBJECT, START)


def test_every_step_is_told(told: dict[str, Any]) -> None:
    assert told["reproduced"] is True
    hour, judged = told["hour"], told["judged"]
    assert (hour["n_valid"], hour["n_void"], hour["n_due"], hour["value"]) == (5, 1, 6, 150)
    # 150 · (21 - 9) / (21 - 15) = 300, over the permit's 200 by half
    assert (hour["o2"], hour["converted"]) == (15, 300)
    assert (judged["verdict"], judged["compared"], judged["limit_used"]) == ("over", 300, 200)
    assert told["verdict"]["multiple"] == 0.5
    assert told["limit"]["permit"]["document"] == "排污许可证"
    clauses = {one["id"] for one in told["clauses"]}
    assert {"HJ75-2017/minutes_of_hour", "HJ75-2017/conversion_order"} <= clauses
    assert told["edition"]["id"] == told["verdict"]["edition"]
    assert len(told["versions"]) == 1


def test_records_lead_to_the_bytes_of_their_frames(told: dict[str, Any]) -> None:
    mine = [row for row in told["inputs"] if row["item"] == "a21026"]
    assert [row["void"] for row in mine] == [False, False, True, False, False, False]
    assert [flag["check"] for flag in mine[2]["flags"]] == ["logger_maintenance"]
    assert mine[0]["raw_text"].startswith("##")
    assert "a21026-Avg=150" in mine[0]["raw_text"]
    assert "123456" not in mine[0]["raw_text"]
    assert {row["item"] for row in told["inputs"]} == {"a21026", "a19001"}


def test_as_of_a_commit_the_limit_of_then_judges(store: Store, told: dict[str, Any]) -> None:
    last = store.last_commit
    higher = PermitLimit(
        site_id=wire.STACK, item="a21026", averaging="hour", limit="400", unit="mg/m3", commit=last
    )
    facts.enter(higher, PermitLimit.objects.filter(site=wire.STACK, item="a21026"))
    engine.catch_up(store)
    now = evidence.evidence(standing.VERDICTS, OBJECT, START)
    assert (now["verdict"]["verdict"], now["reproduced"], len(now["versions"])) == (
        "within",
        True,
        2,
    )
    then = evidence.evidence(standing.VERDICTS, OBJECT, START, last)
    assert (then["verdict"]["verdict"], then["limit"]["permit"]["limit"]) == ("over", 200)
    assert then["reproduced"] is True


def test_an_hour_without_a_cell_is_said(told: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="has no cell"):
        evidence.evidence(standing.VERDICTS, OBJECT, START - timedelta(hours=5))


def test_the_page_and_its_twin(told: dict[str, Any], world: World) -> None:
    path = f"/en/evidence/{standing.VERDICTS}/{OBJECT}/2026-03-02T13:00/"
    client = Client()
    assert client.get(path).status_code in {302, 403}
    client.force_login(world.people["analyst"])
    twin = client.get(f"{path}?format=json")
    assert twin.status_code == 200
    assert twin.json()["verdict"]["verdict"] == "over"
    assert len(twin.json()["inputs"]) == 12
    shown = client.get(path)
    assert shown.status_code == 200
    assert "Values of outlets against emission limits" in shown.content.decode()
