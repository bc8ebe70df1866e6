"""One row of a list of firms, outlets, loggers, channels or limits into the registry."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fenhe.base.errors import BadInput
from fenhe.methods.sources import limits
from fenhe.platform.monitoring.frames import quantities
from fenhe.platform.registry import facts, places
from fenhe.platform.registry.devices import folded
from fenhe.platform.registry.models import (
    OUTLET_PREFIX,
    Channel,
    Device,
    DeviceKey,
    Organisation,
    Outlet,
    OutletFact,
    PermitLimit,
    Region,
    Site,
    SiteName,
    SitePlace,
)
from fenhe.platform.registry.rows import Row
from fenhe.platform.registry.secrets import Secret
from fenhe.protocols.hj212 import tables
from fenhe.standards import units

MINUTES = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)  # HJ 212-2017: of MinInterval
KEY_LENGTH = 60  # of a site
KEY_DIGITS = 32  # of an SM4 key in hex
MEDIA = {"废气": "gas", "气": "gas", "废水": "water", "水": "water"}
AVERAGING = {"小时": "hour", "日": "day", "月": "month", "年": "year", "瞬时": "instant"}
_TEXTS = ("sector", "source_type", "discharge", "receiver", "rated_unit", "limit_set")
_NUMBERS = (
    "reference_o2", "excess_air", "stack_area", "stack_height", "velocity_factor", "rated_load",
)  # fmt: skip


class Known:
    """What rows are held against, and what they changed."""

    def __init__(self, commit: int, source: str) -> None:
        self.commit, self.source = commit, source
        self.regions = {region.code: region for region in Region.objects.defer("shape")}
        self.firms = {firm.code: firm for firm in Organisation.objects.all()}
        self.devices = {folded(device.mn): device for device in Device.objects.all()}
        self.rows: Counter[str] = Counter()
        self.changed: Counter[str] = Counter()

    def entry(self, row: Row) -> dict[str, Any]:
        """Return span, source and commit of a fact."""
        return {
            **row.span(),
            "source": row.text("source", self.source)[:300],
            "commit": self.commit,
        }

    def count(self, what: str, new: bool) -> None:
        """Count something new or changed."""
        self.changed[what] += new


def firm(row: Row, known: Known) -> None:
    """Enter a firm, or change its name and region."""
    code, region = row.needed("firm"), row.text("region")
    if region and region not in known.regions:
        raise row.wrong("region", f"'{region}' is not a known region; import regions first")
    found = known.firms.get(code)
    told: dict[str, Any] = {"name_zh": row.needed("firm_name")}
    if row.text("firm_name_en"):
        told["name_en"] = row.text("firm_name_en")
    if region:
        told["region"] = known.regions[region]
    if found is None:
        known.firms[code] = Organisation.objects.create(code=code, **told)
        known.count("firms", True)
    else:
        known.count("firms", _change(found, told))


def _change(found: Any, told: dict[str, Any]) -> bool:
    """Set what is other than before; say whether anything was."""
    other = {name: value for name, value in told.items() if getattr(found, name) != value}
    for name, value in other.items():
        setattr(found, name, value)
    if other:
        found.save(update_fields=list(other))
    return bool(other)


def _firm(row: Row, known: Known) -> Organisation:
    code = row.needed("firm")
    if code not in known.firms:
        raise row.wrong("firm", f"'{code}' is not a known firm; list it first")
    return known.firms[code]


def site_key(text: str) -> str:
    """Return the key of an outlet by its id, with or without the prefix."""
    return text if text.startswith(OUTLET_PREFIX) else f"{OUTLET_PREFIX}{text}"


def outlet(row: Row, known: Known) -> None:
    """Enter an outlet with its name, place and what holds of it in the row's span."""
    site = _site(row, known)
    told = {
        "medium": MEDIA.get(row.text("medium")) or row.choice("medium", Outlet.Medium.values),
        "number": row.text("number"),
        "permit": row.text("permit"),
        "simulated": row.truth("simulated", False),
    }
    found = Outlet.objects.filter(pk=site.pk).first()
    if found is None:
        found = Outlet.objects.create(site=site, **told)
        known.count("outlets", True)
    else:
        known.count("outlets", _change(found, {k: v for k, v in told.items() if v != ""}))
    name = {"name_zh": row.needed("name"), "name_en": row.text("name_en")}
    entry = known.entry(row)
    span = {"valid_from": entry["valid_from"], "valid_to": entry["valid_to"]}
    rest = {"source": entry["source"], "commit": entry["commit"]}
    _, new = SiteName.objects.get_or_create(site=site, **name, **span, defaults=rest)
    known.count("names", new)
    if place := places.of(row):
        _, new = SitePlace.objects.get_or_create(site=site, **place, **span, defaults=rest)
        known.count("places", new)
    _fact(row, found, known)


def _site(row: Row, known: Known) -> Site:
    key, region, owner = site_key(row.needed("outlet")), row.needed("region"), _firm(row, known)
    if len(key) > KEY_LENGTH:
        raise row.wrong("outlet", "is too long")
    if region not in known.regions:
        raise row.wrong("region", f"'{region}' is not a known region; import regions first")
    site, _ = Site.objects.get_or_create(
        key=key,
        defaults={
            "kind": Site.Kind.OUTLET,
            "region": known.regions[region],
            "organisation": owner,
            "published": row.truth("published", False),
            "counts_for_city": False,
        },
    )
    if site.region_id != region:
        raise row.wrong("region", f"outlet {key} already lies in {site.region_id}")
    if site.organisation_id != owner.pk:
        raise row.wrong("firm", f"outlet {key} already belongs to {site.organisation}")
    return site


def _fact(row: Row, found: Outlet, known: Known) -> None:
    told: dict[str, Any] = {name: row.text(name) for name in _TEXTS}
    told |= {name: row.decimal(name) for name in _NUMBERS}
    try:
        limits.named(told["limit_set"])
    except BadInput as error:
        raise row.wrong("limit_set", str(error)) from None
    if any(value not in {"", None} for value in told.values()):
        fact = OutletFact(outlet=found, **told, **known.entry(row))
        known.count("facts", facts.enter(fact, OutletFact.objects.filter(outlet=found)))


def device(row: Row, known: Known) -> None:
    """Enter a logger, or change what the row says of it; an empty password leaves the old one."""
    mn = row.needed("mn")
    told: dict[str, Any] = {"organisation": _firm(row, known)}
    told |= {name: row.text(name) for name in ("name", "model") if row.text(name)}
    if row.text("password"):
        told["password"] = Secret(row.text("password"))
    if row.text("edition"):
        told["edition"] = int(row.choice("edition", map(str, Device.Edition.values)))
    if row.text("minutes"):
        told["minutes"] = int(row.choice("minutes", map(str, MINUTES)))
    told |= {n: row.truth(n, False) for n in ("enabled", "simulated") if row.text(n)}
    found = known.devices.get(folded(mn))
    if found is None:
        known.devices[folded(mn)] = found = Device.objects.create(mn=mn, **told)
        known.count("devices", True)
    else:
        known.count("devices", _change(found, told))
    if row.text("key"):
        known.count("keys", _key(row, found))


def _key(row: Row, found: Device) -> bool:
    key = row.text("key").lower()
    if not is_key(key):
        raise row.wrong("key", f"an SM4 key has {KEY_DIGITS} hexadecimal digits")
    if any(one.key.reveal() == key for one in found.keys.filter(valid=True)):
        return False
    DeviceKey.objects.create(device=found, key=Secret(key))
    return True


def is_key(text: str) -> bool:
    """Say whether a text is an SM4 key in hex."""
    return len(text) == KEY_DIGITS and set(text.lower()) <= set("0123456789abcdef")


def channel(row: Row, known: Known) -> None:
    """Enter what a code on the wire stands for; the item of a code of 2005 is its successor."""
    mn = row.needed("mn")
    found = known.devices.get(folded(mn))
    if found is None:
        raise row.wrong("mn", f"'{mn}' is not a known device; list it first")
    code = row.needed("code").lower()
    one = Channel(
        device=found,
        st=row.text("st"),
        code=code,
        site=_outlet(row),
        item=row.text("item", item_of(code)).lower(),
        unit=_unit(row, "unit"),
        unit_sum=_unit(row, "unit_sum"),
        **known.entry(row),
    )
    check_units(one, row)
    same = Channel.objects.filter(device=found, st=one.st, code=code)
    known.count("channels", facts.enter(one, same))


def check_units(one: Channel, row: Row | None = None) -> None:
    """Refuse units that do not measure what the item is. Raises ``BadInput``."""
    asked = [("unit", one.unit, "1h")]
    if one.unit_sum:
        asked.append(("unit_sum", one.unit_sum, "1h.sum"))
    for column, unit, statistic in asked:
        try:
            quantities.conversion(one.item, unit, statistic)
        except BadInput as error:
            if row is None:
                raise
            raise row.wrong(column, error.message) from None


def item_of(code: str) -> str:
    """Return the item of a code: its successor of 2017 for a code of 2005, else itself."""
    for factor in tables.factors(2005):
        if factor.legacy.lower() == code.lower():
            return factor.code.lower()
    return code.lower()


def _unit(row: Row, column: str) -> str:
    text = row.text(column)
    if text in {"", "-"}:
        return ""
    try:
        units.canonical(text)
    except BadInput as error:
        raise row.wrong(column, error.message) from None
    return text


def _outlet(row: Row) -> Site:
    key = site_key(row.needed("outlet"))
    found = Site.objects.filter(pk=key, kind=Site.Kind.OUTLET).first()
    if found is None:
        raise row.wrong("outlet", f"'{key}' is not a known outlet; list it first")
    return found


def limit(row: Row, known: Known) -> None:
    """Enter a permit limit; the digits of ``limit`` are kept as they are written."""
    site = _outlet(row)
    told = AVERAGING.get(row.text("averaging"))
    averaging = told or row.choice("averaging", PermitLimit.Averaging.values)
    top = row.decimal("limit")
    if top is None:
        raise row.wrong("limit", "is empty")
    one = PermitLimit(
        site=site,
        item=row.needed("item").lower(),
        quantity=row.choice("quantity", PermitLimit.Quantity.values, "concentration"),
        averaging=averaging,
        low=row.decimal("low"),
        limit=top,
        unit=_unit(row, "unit"),
        reference_o2=row.decimal("reference_o2"),
        document=row.text("document"),
        **known.entry(row),
    )
    if one.low is not None and one.low > top:
        raise row.wrong("low", f"{one.low} lies above the limit, {top}")
    same = PermitLimit.objects.filter(
        site=site, item=one.item, quantity=one.quantity, averaging=averaging
    )
    known.count("limits", facts.enter(one, same))
