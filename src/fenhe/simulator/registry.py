"""The lists a registry needs of a fleet: firms, outlets, loggers, channels, made-up permits.

Every row says that it is simulated. The lists have the columns of ``fenhe outlets import``; they
hold the passwords and keys of the simulated loggers, which guard nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from fenhe.base.errors import BadInput, MissingExtra
from fenhe.simulator.fleet import MARK_EN, MARK_ZH, Device, Fleet, Site
from fenhe.simulator.items import Item, items_of, process_items
from fenhe.simulator.network.telling import SYSTEM
from fenhe.simulator.network.wire import code_of

Rows = list[dict[str, str]]
SOURCE = f"{MARK_ZH} · {MARK_EN}"
DOCUMENT = "模拟许可证（虚构） · made-up permit of a simulated outlet"
TOTAL = {"gas": {"pollutant": "kg", "flow": "m3"}, "water": {"pollutant": "kg", "flow": "m3"}}


@dataclass(frozen=True)
class Place:
    """Where a made-up plant is shown: a region's code and perhaps a point (WGS-84)."""

    region: str
    lon: float | None = None
    lat: float | None = None


def lists(fleet: Fleet, places: Mapping[str, Place]) -> dict[str, Rows]:
    """Return the lists by name; ``places`` by plant, ``*`` for those not named.

    Raises ``BadInput`` for a plant without a place.
    """
    firms: dict[str, dict[str, str]] = {}
    told: dict[str, Rows] = {
        "firms": [],
        "outlets": [],
        "devices": [],
        "channels": [],
        "limits": [],
    }
    names = {plant.key: plant for plant in fleet.plants}
    for device in fleet.devices:
        for site in device.sites:
            place = _place(site.plant, places)
            firm = f"sim-{site.plant}"
            firms[firm] = {
                "firm": firm,
                "firm_name": names[site.plant].name_zh,
                "firm_name_en": names[site.plant].name_en,
                "region": place.region,
            }
            told["outlets"].append(_outlet(site, firm, place))
            told["channels"] += _channels(device, site)
            told["limits"] += _limits(site)
        told["devices"].append(_device(device))
    told["firms"] = list(firms.values())
    return told


def write(told: Mapping[str, Rows], path: Path) -> None:
    """Write the lists as one workbook, a sheet each. Needs the extra ``excel``."""
    try:
        import xlsxwriter
    except ModuleNotFoundError:
        raise MissingExtra("excel", "a workbook of lists") from None
    if path.suffix != ".xlsx":
        raise BadInput(f"{path} is no .xlsx file")
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in told.items():
            if rows:
                pl.DataFrame(rows).write_excel(book, worksheet=name, autofit=True)


def _place(plant: str, places: Mapping[str, Place]) -> Place:
    found = places.get(plant) or places.get("*")
    if found is None:
        raise BadInput(f"the registry needs a region for plant {plant}")
    return found


def _outlet(site: Site, firm: str, place: Place) -> dict[str, str]:
    outlet = site.outlet
    stack = outlet.stack
    return {
        "outlet": site.key,
        "name": site.name_zh,
        "name_en": site.name_en,
        "medium": outlet.medium,
        "firm": firm,
        "region": place.region,
        "lon": "" if place.lon is None else f"{place.lon:.5f}",
        "lat": "" if place.lat is None else f"{place.lat:.5f}",
        "datum": "" if place.lon is None else "WGS-84",
        "sector": outlet.sector,
        "source_type": outlet.source_type,
        "reference_o2": _number(None if stack is None else stack.reference_o2),
        "stack_area": _number(None if stack is None else stack.area),
        "simulated": "yes",
        "source": SOURCE,
    }


def _device(device: Device) -> dict[str, str]:
    return {
        "mn": device.mn,
        "firm": f"sim-{device.sites[0].plant}",
        "name": f"{MARK_ZH} {device.key}",
        "password": device.password,
        "edition": str(device.spec.edition),
        "minutes": str(device.spec.minute),
        "model": MARK_EN,
        "key": device.cipher_key,
        "enabled": "yes",
        "simulated": "yes",
    }


def _channels(device: Device, site: Site) -> Iterator[dict[str, str]]:
    main, process = SYSTEM[site.outlet.medium]
    plain = [(main, item) for item in items_of(site.outlet)]
    for st, item in (*plain, *((process, item) for item in process_items(site.outlet))):
        code = code_of(device.spec.edition, item.code)
        if code:
            yield _channel(device, site, (st, code), item)
    for number in range(1, site.outlet.facilities + 1):
        unit = Item(f"sb{number}", "state", "1", 0)
        yield _channel(device, site, (main, unit.code), unit)


def _channel(device: Device, site: Site, wire: tuple[str, str], item: Item) -> dict[str, str]:
    st, code = wire
    return {
        "mn": device.mn,
        "st": st,
        "code": code,
        "outlet": site.key,
        "item": item.code,
        "unit": "" if item.unit == "1" else item.unit,
        "unit_sum": TOTAL[site.outlet.medium].get(item.kind, ""),
        "source": SOURCE,
    }


def _limits(site: Site) -> Iterator[dict[str, str]]:
    gas = site.outlet.medium == "gas"
    stack = site.outlet.stack
    for one in site.outlet.pollutants:
        if one.permit:
            yield {
                "outlet": site.key,
                "item": one.item,
                "averaging": "hour" if gas else "day",
                "limit": one.permit,
                "unit": "mg/m3" if gas else "mg/L",
                "reference_o2": _number(None if stack is None else stack.reference_o2),
                "document": DOCUMENT,
                "source": SOURCE,
            }


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
