"""Write a simulated fleet to a folder: series, labels, events, marks, and what it all is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import polars as pl

from fenhe.base.errors import BadInput
from fenhe.simulator.fleet import MARK_EN, MARK_ZH, Fleet
from fenhe.simulator.items import all_items
from fenhe.simulator.series import events, labels, marks, of_sites
from fenhe.simulator.simulation import Simulation

NOTICE_ZH = "模拟数据：由程序按种子生成的虚构排口，不代表任何真实企业，也不含任何标准限值。"
NOTICE_EN = (
    "Simulated data: made-up outlets, generated from a seed. They stand for no real firm and "
    "hold no limit of any standard."
)


def write(
    sim: Simulation,
    folder: Path,
    start: datetime,
    end: datetime,
    *,
    statistics: Sequence[str],
    kind: Literal["parquet", "csv"] = "parquet",
) -> Iterator[tuple[str, int]]:
    """Write the span (whole Beijing days) and yield each file with its number of rows.

    ``series/<site>`` has the columns of ``series.SCHEMA``; beside it ``labels``, ``events``,
    ``marks``, ``outlets`` and ``about.json``. The folder must be empty or not be there.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BadInput(f"{folder} is not empty; give a new folder")
    (folder / "series").mkdir(parents=True, exist_ok=True)
    about(sim, folder / "about.json", start, end)
    for name, frame in (
        ("outlets", outlets(sim.fleet)),
        ("labels", labels(sim, start, end)),
        ("events", events(sim, start, end)),
        ("marks", marks(sim, start, end)),
    ):
        yield _write(frame, folder / f"{name}.{kind}"), frame.height
    for site, frame in zip(sim.fleet.sites, of_sites(sim, start, end, statistics), strict=True):
        yield _write(frame, folder / "series" / f"{site.key}.{kind}"), frame.height


def outlets(fleet: Fleet) -> pl.DataFrame:
    """Return one row an outlet and item: names, logger, unit, decimals; all say simulated."""
    rows = []
    for device in fleet.devices:
        for site in device.sites:
            stack = site.outlet.stack
            for item in all_items(site.outlet):
                rows.append(
                    {
                        "site": site.key,
                        "name_zh": site.name_zh,
                        "name_en": site.name_en,
                        "plant": site.plant,
                        "medium": site.outlet.medium,
                        "control": site.outlet.clean,
                        "simulated": True,
                        "reference_o2": None if stack is None else stack.reference_o2,
                        "stack_area": None if stack is None else stack.area,
                        "mn": device.mn,
                        "edition": device.spec.edition,
                        "item": item.code,
                        "unit": item.unit,
                        "decimals": item.decimals,
                        "range_top": None if item.pollutant is None else item.pollutant.top,
                        "ceiling": None if item.pollutant is None else item.pollutant.ceiling,
                    }
                )
    return pl.DataFrame(rows, infer_schema_length=None)


def about(sim: Simulation, path: Path, start: datetime, end: datetime) -> None:
    """Write what the folder holds and how to make it again."""
    told = {
        "simulated": True,
        "mark": [MARK_ZH, MARK_EN],
        "notice_zh": NOTICE_ZH,
        "notice_en": NOTICE_EN,
        "seed": sim.fleet.seed,
        "plants": [plant.key for plant in sim.fleet.plants],
        "planted": list(sim.names),
        "start_utc": start.isoformat(),
        "end_utc": end.isoformat(),
    }
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _write(frame: pl.DataFrame, path: Path) -> str:
    if path.suffix == ".csv":
        frame.write_csv(path)
    else:
        frame.write_parquet(path)
    return str(path)
