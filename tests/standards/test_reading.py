"""What is read of the standards is noted where somebody listens, and nowhere else."""

from __future__ import annotations

from fenhe.standards import catalogue, reading


def test_values_rows_and_limits_are_noted_once_read() -> None:
    edition = catalogue().edition("GB3095-2026:final")
    with reading.recorded() as seen:
        limit = edition.limit("pm25", "24h", "II")
        assert limit.number > 0
        edition.value("nox_basis").text  # noqa: B018  the reading is what counts
    assert f"{edition.id}/limits/pm25.24h.II" in seen
    assert f"{edition.id}/nox_basis" in seen
    assert f"{edition.id}/limits/so2.24h.II" not in seen
    assert f"{edition.id}/stages" not in seen


def test_looking_for_a_row_is_not_reading_the_others() -> None:
    table = catalogue().edition("HJ633-2026").table("concentration_decimals")
    with reading.recorded() as seen:
        row = table.one(item="co")
        assert seen == set()
        assert row["decimals"] == 1
    assert seen == {row.id}


def test_nobody_listens_outside_and_blocks_nest() -> None:
    value = catalogue().edition("HJ633-2026").value("cap")
    with reading.recorded() as outer:
        with reading.recorded() as inner:
            assert value.integer == 500
        assert outer == set()
    assert inner == {value.id}
    assert value.integer == 500
    assert outer == set()
