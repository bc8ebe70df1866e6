"""The tables of the comparison of two editions as frames, for their twins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

import polars as pl

from fenhe.base import beijing
from fenhe.platform.verdicts import editions_compare as compare
from fenhe.platform.verdicts.editions_compare import SIDES
from fenhe.platform.web import compareview
from fenhe.platform.web.compareview import Scene

_OF_DAY = ("aqi", "aqi_of_available", "level", "primary", "status", "reason", "unverified")


def twin(scene: Scene, table: str) -> pl.DataFrame:
    """Return one of the page's tables as a frame: days, places, matrix, causes, years, reasons."""
    return _TWINS[table](scene)


def _named(scene: Scene, frame: pl.DataFrame) -> pl.DataFrame:
    names = frame["site"].replace_strict(
        {key: city.name for key, city in scene.cities.items()},
        default=None,
        return_dtype=pl.String,
    )
    return frame.insert_column(1, names.alias("name"))


def _days_frame(scene: Scene) -> pl.DataFrame:
    day = (pl.col("start") + beijing.OFFSET).dt.date().alias("day")
    kept = [f"{name}_{side}" for side in SIDES for name in _OF_DAY]
    frame = scene.listed.select("site", day, *kept, "way", "cause")
    return _named(scene, frame).with_columns(
        edition_old=pl.lit(scene.both.old.id), edition_new=pl.lit(scene.both.new.id)
    )


def _places_frame(scene: Scene) -> pl.DataFrame:
    shares = pl.DataFrame(
        [
            {
                "site": row["site"],
                **{f"good_share_{side}": _float(row[f"share_{side}"]) for side in SIDES},
            }
            for row in compareview.place_rows(scene)
        ],
        schema={"site": pl.String, **{f"good_share_{side}": pl.Float64 for side in SIDES}},
    )
    return _named(scene, scene.places.join(shares, on="site", how="left"))


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _years_frame(scene: Scene) -> pl.DataFrame:
    if scene.years is None:
        return pl.DataFrame(schema={"site": pl.String, "name": pl.String})
    return _named(scene, scene.years.clone())


def _reasons_frame(scene: Scene) -> pl.DataFrame:
    kept = ("item", "averaging", "what", "unit", "before", "after")
    rows = [{name: row[name] for name in kept} for row in compareview.reasons(scene.both)]
    return pl.DataFrame(rows, schema=dict.fromkeys(kept, pl.String))


_TWINS: Mapping[str, Callable[[Scene], pl.DataFrame]] = {
    "days": _days_frame,
    "places": _places_frame,
    "matrix": lambda scene: compare.matrix(scene.days),
    "causes": lambda scene: compare.causes(scene.days),
    "years": _years_frame,
    "reasons": _reasons_frame,
}
TABLES = tuple(_TWINS)
