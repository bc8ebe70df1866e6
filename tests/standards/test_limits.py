"""Limits: worked cases, and every number of the tables against a second transcription."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from fenhe.base.errors import BadInput
from fenhe.standards import catalogue

WORKED = Path(__file__).parents[1] / "worked" / "air" / "GB3095"
CASES = [
    case
    for path in sorted(WORKED.glob("*.yaml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
]
EDITIONS = ("GB3095-2012", "GB3095-2026:transitional", "GB3095-2026:final")

# item, averaging: Grade I / Grade II in the three columns; one figure when all are the same
TABLE = """
so2 annual   20/60       20/60       20/20
so2 24h      50/150      50/150      50/50
so2 1h       150/500     150/500     150/150
no2 annual   40/40       40/40       30/30
no2 24h      80/80       80/80       50/50
no2 1h       200/200     200/200     200/200
co 24h       4/4         4/4         4/4
co 1h        10/10       10/10       10/10
o3 mda8      100/160     100/160     100/160
o3 1h        160/200     160/200     160/200
pm10 annual  40/70       40/60       20/50
pm10 24h     50/150      50/120      50/100
pm25 annual  15/35       15/30       10/25
pm25 24h     35/75       35/60       25/50
tsp annual   80/200      80/200      80/200
tsp 24h      120/300     120/300     120/300
nox annual   50/50       50/50       40/40
nox 24h      100/100     100/100     70/70
nox 1h       250/250     250/250     250/250
pb annual    0.5/0.5     0.5/0.5     0.5/0.5
pb quarter   1.0/1.0     1.0/1.0     1.0/1.0
bap annual   0.001/0.001 0.001/0.001 0.001/0.001
bap 24h      0.0025/0.0025 0.0025/0.0025 0.0025/0.0025
"""


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_worked_case(case: dict[str, Any]) -> None:
    asked = case["inputs"]
    edition = catalogue().on("GB3095", asked["day"])
    limit = edition.limit(asked["item"], asked["averaging"], asked["grade"], asked["day"])
    assert edition.id == case["expected"]["edition"]
    assert limit.number == Decimal(case["expected"]["limit"])


def test_every_worked_case_is_complete_and_known_once() -> None:
    assert all(case["source"] and case["mark"] in "ABC" for case in CASES)
    assert len({case["id"] for case in CASES}) == len(CASES) == 11


def _transcribed() -> dict[tuple[str, ...], Decimal]:
    found = {}
    for line in TABLE.strip().splitlines():
        item, averaging, *columns = line.split()
        for edition, column in zip(EDITIONS, columns, strict=True):
            for grade, number in zip(("I", "II"), column.split("/"), strict=True):
                found[edition, item, averaging, grade] = Decimal(number)
    return found


def test_all_138_limits() -> None:
    loaded = {
        (edition, row["item"], row["averaging"], row["grade"]): row["limit"]
        for edition in EDITIONS
        for row in catalogue().edition(edition).table("limits")
    }
    assert len(loaded) == 138
    assert loaded == _transcribed()


@pytest.mark.parametrize("edition_id", EDITIONS)
def test_units_binding_and_source(edition_id: str) -> None:
    edition = catalogue().edition(edition_id)
    for row in edition.table("limits"):
        limit = edition.limit(row["item"], row["averaging"], row["grade"])
        assert limit.id == f"{edition_id}/limits/{row['item']}.{row['averaging']}.{row['grade']}"
        assert limit.unit == ("mg/m³" if row["item"] == "co" else "µg/m³")
        assert limit.binding == ("national" if row["table"] == "Table 1" else "by_authority")
        assert limit.mark == "A"
        assert limit.source
        assert limit.reference_state


@pytest.mark.parametrize("edition_id", EDITIONS)
def test_reference_values_of_the_annex(edition_id: str) -> None:
    rows = catalogue().edition(edition_id).table("reference_values").rows
    assert len(rows) == 10
    found = {(r["item"], r["averaging"], r["area"]): (str(r["value"]), r.unit) for r in rows}
    assert found["cr6", "annual", "in_pm10"] == ("0.000025", "µg/m³")
    assert found["f", "growing_season", "pastoral"] == ("1.2", "µg/(dm²·d)")
    assert found["f", "month", "farming_forestry"] == ("3.0", "µg/(dm²·d)")


def test_validity_minima() -> None:
    table = catalogue().edition("GB3095-2026:final").table("validity")
    assert table.one(rule="annual_days")["minimum"] == 324
    month = table.one(rule="annual_days_month")
    assert (month["minimum"], month["minimum_february"]) == (27, 25)
    assert "co" not in month["items"]
    assert table.one(rule="daily_hours")["minimum"] == 20
    assert "o3" not in table.one(rule="daily_hours")["items"]


@pytest.mark.parametrize(
    ("item", "averaging", "grade"), [("PM2.5", "year", "2"), ("pm25", "ANNUAL", "二级")]
)
def test_names_are_forgiving(item: str, averaging: str, grade: str) -> None:
    edition = catalogue().edition("GB3095-2012")
    assert edition.limit(item, averaging, grade).id == "GB3095-2012/limits/pm25.annual.II"


def test_the_8_hour_limit_of_ozone_is_that_of_the_daily_maximum() -> None:
    limit = catalogue().edition("GB3095-2012").limit("O3", "8h", "II")
    assert (limit.averaging, limit.number) == ("mda8", 160)


def test_particles_have_no_hourly_limit() -> None:
    with pytest.raises(BadInput, match="no limit for pm25 1h II; for pm25 it has: annual I"):
        catalogue().edition("GB3095-2012").limit("PM25", "1h", "II")


def test_unknown_item_lists_the_known_ones() -> None:
    with pytest.raises(BadInput, match="unknown item 'radon'; known: so2, no2"):
        catalogue().edition("GB3095-2012").limit("radon", "1h", "II")
