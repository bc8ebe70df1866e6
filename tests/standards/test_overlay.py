"""Overlays: an authority adopts a C value, supplies an unknown one, tightens a limit."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from fenhe.base.errors import BadInput, UnknownValue
from fenhe.standards import catalogue

CITY = Path(__file__).parent / "overlays" / "city.toml"
PM25 = ("pm25", "24h", "II")


def test_adopting_a_value_makes_it_firm_and_keeps_its_mark() -> None:
    cap = catalogue().with_overlay(CITY).edition("HJ633-2012").value("cap")
    assert (cap.mark, cap.kind, cap.firm, cap.integer) == ("C", "law", True, 500)
    assert cap.adopted is not None
    assert (cap.adopted.document, cap.adopted.date) == ("示环发〔2026〕1号", date(2026, 5, 1))
    assert cap.adopted.person == "示例负责人"
    assert cap.adopted.authority == "示例市生态环境局"


def test_the_packaged_catalogue_stays_as_it_is() -> None:
    catalogue().with_overlay(CITY)
    assert not catalogue().edition("HJ633-2012").value("cap").firm
    with pytest.raises(UnknownValue):
        _ = catalogue().edition("HJ633-2012").value("daily_by").value
    assert catalogue().edition("GB3095-2026:transitional").limit(*PM25).number == 60


def test_supplying_an_unknown_value() -> None:
    value = catalogue().with_overlay(CITY).edition("HJ633-2012").value("daily_by")
    assert value.text == "12:00"
    assert value.firm
    assert value.adopted is not None


def test_a_local_limit_has_its_own_id_source_and_first_day() -> None:
    edition = catalogue().with_overlay(CITY).on("GB3095", date(2026, 7, 1))
    local = edition.limit(*PM25, day=date(2026, 7, 1))
    assert local.id == "GB3095-2026:transitional/limits/pm25.24h.II@city"
    assert (local.number, local.unit, local.binding) == (50, "µg/m³", "local")
    assert local.source == "示环发〔2026〕1号"
    assert local.base is not None
    assert local.base.number == 60
    assert edition.limit(*PM25, day=date(2026, 5, 31)) == local.base
    assert edition.limit(*PM25) == local
    assert edition.limit("pm25", "24h", "I", date(2026, 7, 1)).number == 35


def test_a_row_can_be_adopted(tmp_path: Path) -> None:
    row_id = "HJ633-2012/concentration_decimals/co"
    text = CITY.read_text(encoding="utf-8").split("[[adopt]]")[0]
    (tmp_path / "one.toml").write_text(f'{text}[[adopt]]\nid = "{row_id}"\n', encoding="utf-8")
    changed = catalogue().with_overlay(tmp_path)
    row = changed.edition("HJ633-2012").table("concentration_decimals").one(item="co")
    assert (row.id, row.firm, row["decimals"]) == (row_id, True, 1)
    other = changed.edition("HJ633-2012").table("concentration_decimals").one(item="o3")
    assert not other.firm


def test_a_folder_lays_all_its_files_in_order_of_name(tmp_path: Path) -> None:
    text = CITY.read_text(encoding="utf-8")
    (tmp_path / "1.toml").write_text(text.split("[[adopt]]")[0], encoding="utf-8")
    stricter = text.split("[[adopt]]")[0] + "[[tighten]]" + text.split("[[tighten]]")[1]
    stricter = stricter.replace('"city"', '"district"').replace("value = 50", 'value = "45.5"')
    (tmp_path / "2.toml").write_text(stricter, encoding="utf-8")
    changed = catalogue(tmp_path)
    assert changed.overlays == ("city", "district")
    assert str(changed.edition("GB3095-2026:transitional").limit(*PM25).number) == "45.5"


def test_the_same_overlay_twice_is_refused() -> None:
    once = catalogue().with_overlay(CITY)
    with pytest.raises(BadInput, match="duplicate overlay id 'city'"):
        once.with_overlay(CITY)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such overlay"):
        catalogue().with_overlay(tmp_path / "nowhere")
