"""What the registry says of devices and their channels, as frames to be joined with."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import polars as pl

from fenhe.base.errors import BadInput
from fenhe.base.instants import naive_utc
from fenhe.platform.monitoring.frames import quantities
from fenhe.platform.registry.devices import folded, version
from fenhe.platform.registry.models import Channel, Device, DeviceKey, DeviceParameter
from fenhe.platform.registry.secrets import SecretLost

log = logging.getLogger("fenhe.frames")
INTERVAL = "MinInterval"  # the parameter by which a device tells the length of its minute records
_DEVICES = {
    "mn": pl.String,
    "device": pl.Int64,
    "minutes": pl.Int64,
    "own_edition": pl.Int16,
}
_CHANNELS = {
    "device": pl.Int64,
    "st_of": pl.String,
    "code": pl.String,
    "since": pl.Date,
    "until": pl.Date,
    "site": pl.String,
    "item": pl.String,
    "num": pl.Int64,
    "den": pl.Int64,
    "num_sum": pl.Int64,
    "den_sum": pl.Int64,
}
_INTERVALS: dict[str, Any] = {"device": pl.Int64, "since": pl.Datetime("us"), "told": pl.Int64}


@dataclass(frozen=True)
class Mapping:
    """Devices, channels and what minutes are, at one version of the registry.

    ``channels``: ``num/den`` turn a value of the wire into the unit it is kept in, ``num_sum /
    den_sum`` a total; null where the channel's unit does not fit. ``intervals``: from when on
    a minute record is how many minutes long, as the device told.
    """

    version: str
    devices: pl.DataFrame
    channels: pl.DataFrame
    intervals: pl.DataFrame
    keys: dict[str, tuple[bytes, ...]]

    def number(self, mn: str) -> int | None:
        """Return the number of a device by its MN."""
        found = self.devices.filter(pl.col("mn") == folded(mn))["device"]
        return None if found.is_empty() else int(found[0])


def load() -> Mapping:
    """Read the registry as it stands."""
    now = version()
    devices = [
        (folded(mn), pk, minutes, edition)
        for mn, pk, minutes, edition in Device.objects.values_list("mn", "pk", "minutes", "edition")
    ]
    standing = Channel.objects.filter(withdrawn_commit__isnull=True)
    return Mapping(
        now,
        pl.DataFrame(devices, _DEVICES, orient="row"),
        pl.DataFrame([_channel(one) for one in standing], _CHANNELS, orient="row"),
        intervals(),
        _keys(),
    )


def _channel(one: Channel) -> tuple[object, ...]:
    num, den = _ratio(one, one.unit, "1h")
    num_sum, den_sum = _ratio(one, one.unit_sum or one.unit, "1h.sum")
    return (
        one.device_id,
        one.st,
        one.code.lower(),
        one.valid_from,
        one.valid_to,
        one.site_id,
        one.item,
        num,
        den,
        num_sum,
        den_sum,
    )


def _ratio(one: Channel, unit: str, statistic: str) -> tuple[int | None, int | None]:
    """Return the factor of a channel; none where its unit does not fit: its values wait."""
    try:
        found = quantities.conversion(one.item, unit, statistic)
    except BadInput:
        return None, None
    return found.numerator, found.denominator


def intervals() -> pl.DataFrame:
    """Return since when which device's minute records are how many minutes long."""
    rows = DeviceParameter.objects.filter(name=INTERVAL).order_by("device", "since", "id")
    found = [
        (device, naive_utc(since), int(value))
        for device, since, value in rows.values_list("device_id", "since", "value")
        if value.isdigit() and 0 < int(value) <= 60
    ]
    return pl.DataFrame(found, _INTERVALS, orient="row").sort("since", maintain_order=True)


def _keys() -> dict[str, tuple[bytes, ...]]:
    """Return the keys of each device, newest first; old ones too, for what they once sealed."""
    found: dict[str, list[bytes]] = {}
    for key in DeviceKey.objects.select_related("device"):
        try:
            found.setdefault(folded(key.device.mn), []).append(bytes.fromhex(key.key.reveal()))
        except (SecretLost, ValueError):
            log.error("a key of device %s can not be read; enter it again", key.device.mn)
    return {mn: tuple(keys) for mn, keys in found.items()}
