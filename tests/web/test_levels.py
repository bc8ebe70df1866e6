"""Levels in words and colours are those of the standard."""

from __future__ import annotations

import re

import pytest
from django.utils import translation

from fenhe import standards
from fenhe.platform.web import assets, levels

EDITIONS = ("HJ633-2012", "HJ633-2026")


@pytest.mark.parametrize("edition", EDITIONS)
def test_colours_of_the_pages_are_the_standards_own(edition: str) -> None:
    css = (assets.WEB / "static" / "web" / "app.css").read_text()
    painted = dict(re.findall(r"--level-(\d): rgb\((\d+ \d+ \d+)\);", css))
    rows = standards.catalogue().edition(edition).table("categories")
    assert painted == {str(row["level"]): row["rgb"].replace(",", " ") for row in rows}


@pytest.mark.parametrize(
    ("index", "number"),
    [
        (0, 1),
        (50, 1),
        (51, 2),
        (100, 2),
        (101, 3),
        (200, 4),
        (201, 5),
        (300, 5),
        (301, 6),
        (500, 6),
    ],
)
@pytest.mark.parametrize("edition", EDITIONS)
def test_level_of_an_index(edition: str, index: int, number: int) -> None:
    found = levels.level_of(index, edition)
    assert found is not None
    assert found.number == number


def test_nothing_has_no_level() -> None:
    assert levels.level_of(None, "HJ633-2026") is None
    assert levels.level_named(None, "HJ633-2026") is None


def test_names_and_bounds_follow_language_and_edition() -> None:
    with translation.override("zh-hans"):
        assert [x.name for x in levels.levels("HJ633-2012")][:3] == ["优", "良", "轻度污染"]
    with translation.override("en"):
        found = levels.levels("HJ633-2026")
        assert [x.range for x in found] == [
            "1–50", "51–100", "101–150", "151–200", "201–300", "> 300",
        ]  # fmt: skip
        assert levels.levels("HJ633-2012")[0].range == "0–50"
        assert levels.level_named(4, "HJ633-2026") == found[3]
