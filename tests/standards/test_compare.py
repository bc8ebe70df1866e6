"""What changed between editions, and editions as plain data."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from fenhe.standards import catalogue, export
from fenhe.standards.compare import differences

EDITIONS = [edition.id for edition in catalogue().all_editions]


def _changes(first: str, second: str) -> dict[tuple[str, str], tuple[object, object]]:
    known = catalogue()
    found = differences(known.edition(first), known.edition(second))
    return {(d.id, d.cell): (d.before, d.after) for d in found if d.what == "changed"}


def test_only_two_break_points_changed() -> None:
    changes = _changes("HJ633-2012", "HJ633-2026")
    points = {key: pair for key, pair in changes.items() if key[0].startswith("breakpoints/")}
    assert points == {
        ("breakpoints/pm10.24h.100", "conc"): (150, 120),
        ("breakpoints/pm25.24h.100", "conc"): (75, 60),
    }


def test_limits_that_change_with_the_final_stage() -> None:
    changes = _changes("GB3095-2026:transitional", "GB3095-2026:final")
    assert len(changes) == 18
    assert changes["limits/so2.annual.II", "limit"] == (60, 20)
    assert not any(key.startswith(("limits/co.", "limits/o3.")) for key, _ in changes)


def test_added_and_removed_rules() -> None:
    known = catalogue()
    found = differences(known.edition("HJ633-2012"), known.edition("HJ633-2026"))
    assert "exceeding_above" in {d.id for d in found if d.what == "removed"}
    assert "missing_exempt" in {d.id for d in found if d.what == "added"}
    backwards = differences(known.edition("HJ633-2026"), known.edition("HJ633-2012"))
    assert len(backwards) == len(found)


@pytest.mark.parametrize("edition_id", EDITIONS)
def test_an_edition_does_not_differ_from_itself(edition_id: str) -> None:
    edition = catalogue().edition(edition_id)
    assert differences(edition, edition) == ()


@pytest.mark.parametrize("edition_id", EDITIONS)
def test_an_edition_as_json(edition_id: str) -> None:
    edition = catalogue().edition(edition_id)
    content = json.loads(json.dumps(export.full(edition)))
    n = content["counts"]
    assert (
        n["A"] + n["B"] + n["C"] + n["unknown"] == n["values"] == len(list(edition.provenances()))
    )
    assert set(content["tables"]) == set(edition.tables)
    assert content["title_zh"]
    assert content["title_en"]


@pytest.mark.parametrize("edition_id", EDITIONS)
def test_every_value_has_an_id_of_its_own_a_unit_a_source_and_a_mark(edition_id: str) -> None:
    parts = list(catalogue().edition(edition_id).provenances())
    assert len({part.id for part in parts}) == len(parts)
    for part in parts:
        assert part.id.startswith(f"{edition_id}/")
        assert part.unit
        assert part.source
        assert part.mark in ("A", "B", "C", "unknown")
        assert (part.mark == "C") == (part.kind is not None)
        assert catalogue().find(part.id) is part


def test_plain_numbers_stay_exact() -> None:
    assert export.plain(Decimal("0.0025")) == "0.0025"
    assert export.plain(Decimal("1.0")) == 1
    assert export.plain(Decimal("60")) == 60
    assert export.plain(date(2026, 3, 1)) == "2026-03-01"
    assert export.plain(("a", "b")) == ["a", "b"]
