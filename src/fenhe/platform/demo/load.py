"""Load the demonstration into a prepared data folder; loading it again changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from fenhe.platform import owner
from fenhe.platform.demo import scene
from fenhe.platform.demo.boundaries import data_folder
from fenhe.platform.monitoring.acts import ImportFile
from fenhe.platform.monitoring.models import Import
from fenhe.platform.registry.acts import ImportStations
from fenhe.platform.registry.models import Setting
from fenhe.platform.verdicts import engine, standing
from fenhe.platform.workflow.acts import Actor, system_actor
from fenhe.store.raw import sha256_of

Say = Callable[[str], None]

# pattern of the packaged files -> the feed that reads them
FILES = (
    ("PRSA_Data_*.csv", "uci-beijing"),
    ("shanxi_station_hour_2018-2019.csv", "cnemc-station-hour"),
    ("shanxi_station_hour_2020-04.csv", "pm25in-station-hour"),
    ("city_daily_2015-2016.parquet", "city-daily"),
)


def load(say: Say) -> None:
    """Enter places, stations, people and data, then judge them; ``say`` is told each step.

    Everything goes through the same acts as any import, and the log names them. What was
    loaded before is recognised by its content and left alone. The data folder must be
    prepared (``boot.prepare``) and not be owned by another process.
    """
    actor = system_actor()
    version = _version()
    row = Setting.objects.filter(pk="demo").first()
    if row is None or row.value.get("version") != version:
        say("places, stations and people")
        _enter(actor, version)
    for pattern, feed in FILES:
        for path in sorted(data_folder().glob(pattern)):
            _import(path, feed, actor, say)
    standing.create()
    step = engine.catch_up(owner.store())
    if step.days:
        say(f"judged {step.days:,} station days: {step.new:,} verdicts")


def _enter(actor: Actor, version: str) -> None:
    scene.SetScene(version=version).run(actor)
    for name in ("stations.csv", "cities.csv"):
        source = f"Fenhe demonstration, {name}"
        ImportStations(data_folder() / name, source=source).run(actor)
    scene.enter_people(actor)


def _import(path: Path, feed: str, actor: Actor, say: Say) -> None:
    done = Import.objects.filter(feed=feed, sha256=sha256_of(path), state=Import.State.LOADED)
    if done.exists():
        return
    record = ImportFile(path, feed).run(actor)
    say(
        f"{path.name}: {record.received:,} values received = {record.stored:,} stored"
        f" + {record.duplicate:,} duplicate + {record.rejected:,} rejected"
    )


def _version() -> str:
    """Return a digest of the packaged files."""
    digest = hashlib.sha256()
    for path in sorted(data_folder().iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]
