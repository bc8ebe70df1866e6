"""Plants are data: what is packaged loads and is marked; what is not understood is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenhe.base.errors import BadInput
from fenhe.simulator import config, fleet

GOOD = (config.plants_folder() / "sewage.toml").read_text("utf-8")


def test_the_packaged_plants_are_those_of_the_sectors() -> None:
    assert config.known() == ("coking", "park", "power", "sewage", "sinter")


def test_everything_is_named_as_simulated() -> None:
    for site in fleet.make(copies=2).sites:
        assert site.name_zh.startswith("模拟")
        assert site.name_en.startswith("Simulated")
        assert site.key.startswith("sim-")


def test_every_file_says_that_its_figures_are_assumptions() -> None:
    for name in config.known():
        text = (config.plants_folder() / f"{name}.toml").read_text("utf-8")
        assert "assumption of the simulation" in text.splitlines()[0]


def test_all_editions_and_the_cipher_are_spoken() -> None:
    specs = [device.spec for device in fleet.make().devices]
    assert {spec.edition for spec in specs} == {2005, 2017, 2025}
    assert any(spec.encrypted for spec in specs)


def test_identities_outlive_a_seed_and_are_unique() -> None:
    one, two = fleet.make(seed=1, copies=3), fleet.make(seed=2, copies=3)
    assert [d.mn for d in one.devices] == [d.mn for d in two.devices]
    assert [d.password for d in one.devices] == [d.password for d in two.devices]
    assert len({d.mn for d in one.devices}) == len(one.devices)
    assert len({s.key for s in one.sites}) == len(one.sites)


def test_figures_follow_the_seed() -> None:
    one, two = fleet.make(("power",), seed=1), fleet.make(("power",), seed=2)
    assert one.sites[0].outlet.stack != two.sites[0].outlet.stack
    assert one.sites[0].outlet == fleet.make(("power",), seed=1).sites[0].outlet


def test_one_edition_for_all_drops_the_cipher_where_there_is_none() -> None:
    made = fleet.make(edition=2017)
    assert {device.spec.edition for device in made.devices} == {2017}
    assert all(device.cipher_key == "" for device in made.devices)
    assert all(len(device.mn) == 24 for device in made.devices)
    assert all(len(device.mn) == 14 for device in fleet.make(edition=2005).devices)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("sector =", "sectr =", "unknown key 'sectr'"),
        ('medium = "water"', 'medium = "steam"', "'steam' is none of gas, water"),
        ("cycle_minutes = 120", 'cycle_minutes = "two hours"', "is not a int"),
        ('outlets = ["sewage-out"]', 'outlets = ["sewage-in"]', "differ"),
        ("inlet = 310.0\n", "", "'inlet' is missing"),
        ("stop_hours = [2.0, 8.0]", "stop_hours = [2.0]", "2 values are needed"),
        ("water = {", "stack = {", "unknown key"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadInput, match=told):
        fleet.make((str(path),))


def test_a_plant_of_ones_own_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace('key = "sewage"', 'key = "mine"'), encoding="utf-8")
    assert fleet.make((str(path),)).sites[0].plant == "mine"


def test_an_unknown_plant_names_the_known_ones() -> None:
    with pytest.raises(BadInput, match="known are coking, park"):
        fleet.make(("refinery",))
