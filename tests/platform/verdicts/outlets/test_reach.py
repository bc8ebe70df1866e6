"""Cells of outlets leave by the same ways as others: the interface and exports."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import RequestFactory

from fenhe.platform.api import reach
from fenhe.platform.monitoring import exports
from fenhe.platform.monitoring.exports import Wanted
from fenhe.platform.registry.models import Site
from fenhe.platform.verdicts import engine
from fenhe.platform.verdicts.models import Assessment
from fenhe.platform.verdicts.outlets import standing
from fenhe.store import Store
from tests.platform.conftest import World
from tests.platform.verdicts.outlets import plant

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged(store: Store, world: World) -> Assessment:
    plant.build(world)
    plant.write(store, plant.minutes(250) + plant.minutes(9, plant.O2))
    engine.catch_up(store)
    return Assessment.objects.get(key=standing.VERDICTS)


def test_the_interface_names_the_items_of_outlets(judged: Assessment, world: World) -> None:
    def seen(who: str) -> list[str]:
        request: Any = RequestFactory().get("/")
        request.auth = SimpleNamespace(user=world.people[who])
        return reach.objects(request, "verdicts.evidence", judged)

    assert seen("analyst") == ["outlet:DA001/a19001", "outlet:DA001/a21026"]
    assert seen("public") == []


def test_exports_give_the_cells_of_outlets(store: Store, judged: Assessment) -> None:
    rows = exports.read(store, Wanted("cells", assessment=judged.key), Site.objects.all())
    assert rows.select("site", "verdict").rows() == [("outlet:DA001/a21026", "over")]
