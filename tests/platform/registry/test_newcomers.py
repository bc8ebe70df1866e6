"""Regions from a table, and stations entered from the file that names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenhe.base.errors import BadInput
from fenhe.platform import verbs
from fenhe.platform.registry import newcomers
from fenhe.platform.registry.acts import EnterNewcomers, ImportDivisions
from fenhe.platform.registry.door import Denied
from fenhe.platform.registry.models import Region, Site, SiteCode
from fenhe.platform.registry.newcomers import Stranger
from fenhe.platform.workflow.acts import Actor, local_actor
from fenhe.platform.workflow.models import AuditLog
from fenhe.store import Store
from tests.platform.conftest import World, hours, tidy


def _divisions(path: Path, lines: str) -> dict[str, int]:
    path.write_text(lines, encoding="utf-8")
    return ImportDivisions(path).run(local_actor())


def test_regions_come_without_shapes_and_find_their_parents(db: None, tmp_path: Path) -> None:
    lines = "code,name,name_en\n140105,小店区,\n140000,山西省,Shanxi\n140100,太原市,Taiyuan\n"
    assert _divisions(tmp_path / "r.csv", lines) == {"created": 3, "reshaped": 0}
    county = Region.objects.get(pk="140105")
    assert (county.level, county.path) == ("county", "140000/140100/140105/")
    assert Region.objects.get(pk="140100").name_en == "Taiyuan"
    assert county.shape is None


def test_a_table_of_regions_keeps_the_shapes_there_are(world: World, tmp_path: Path) -> None:
    shape = {"type": "Polygon", "coordinates": [[[112, 37], [113, 37], [113, 38], [112, 37]]]}
    Region.objects.filter(pk="140100").update(shape=shape, shape_source="own")
    _divisions(tmp_path / "r.csv", "code,name\n140100,太原市\n")
    city = Region.objects.get(pk="140100")
    assert (city.shape, city.shape_source) == (shape, "own")


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("code\n140000\n", "has no column name"),
        ("code,name\n14,山西省\n", "r.csv, row 2: has no six-digit code"),
        ("code,name\n140000,\n", "r.csv, row 2: 140000 has no name"),
    ],
)
def test_a_wrong_table_of_regions_names_the_row(
    db: None, tmp_path: Path, lines: str, says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        _divisions(tmp_path / "r.csv", lines)
    assert not Region.objects.exists()


def test_strangers_are_entered_unpublished_in_the_city_named(world: World) -> None:
    found = [Stranger("1081A", "太原"), Stranger("9999A", "天津市"), Stranger("in", "大同市")]
    done = EnterNewcomers(found, world.province, 5, "a.csv").run(local_actor())
    assert dict(done.created) == {"sites": 3}
    site = Site.objects.get(pk="1081A")
    assert (site.region_id, site.published) == ("140100", False)
    assert SiteCode.objects.get(site=site).commit == 5
    assert Site.objects.get(pk="9999A").region_id == "140000"
    assert Site.objects.get(pk="140200-in").region_id == "140200"
    assert AuditLog.objects.get(event="registry.import_stations").after["sites"] == 3


def test_an_analyst_may_not_enter_stations(world: World) -> None:
    analyst = Actor(user=world.people["analyst"], name="analyst", via="web")
    with pytest.raises(Denied):
        EnterNewcomers([Stranger("1081A")], world.city).run(analyst)
    assert not Site.objects.filter(pk="1081A").exists()


def test_an_import_brings_its_stations_when_asked(store: Store, tmp_path: Path) -> None:
    path = tidy(tmp_path / "a.csv", [*hours("in"), *hours("new")])
    asked = {"path": str(path), "feed": "tidy-hourly"}
    without = verbs.run("import", asked)
    assert (without["stored"], without["rejected"]) == (144, 144)
    done = verbs.run("import", {**asked, "new_stations": "140200"})
    assert (done["stored"], done["duplicate"], done["rejected"]) == (144, 144, 0)
    assert Site.objects.get(pk="new").region_id == "140200"
    assert store.observations(["new"]).height == 144


def test_a_name_in_two_cities_is_two_stations_a_code_is_one(world: World) -> None:
    names = [
        Stranger("市环保局", "太原", by_code=False),
        Stranger("市环保局", "大同", by_code=False),
    ]
    newcomers.enter(names, world.province, 0, "a.csv")
    homes = set(Site.objects.filter(names__name_zh="市环保局").values_list("region_id", flat=True))
    assert homes == {"140100", "140200"}


def test_a_region_nobody_knows_is_told(store: Store, tmp_path: Path) -> None:
    path = tidy(tmp_path / "a.csv", hours("new"))
    asked = {"path": str(path), "feed": "tidy-hourly", "new_stations": "150000"}
    with pytest.raises(BadInput, match="there is no region 150000"):
        verbs.run("import", asked)
    assert store.observations().is_empty()
