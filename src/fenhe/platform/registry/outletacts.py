"""Acts on outlets and the loggers that speak for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from django.utils import timezone

from fenhe.base.errors import BadInput
from fenhe.platform.registry import door, facts, listrows, lists
from fenhe.platform.registry.devices import folded
from fenhe.platform.registry.models import (
    ALWAYS,
    END_OF_TIME,
    Channel,
    Device,
    DeviceKey,
    Organisation,
    Site,
)
from fenhe.platform.registry.secrets import MASK, Secret
from fenhe.platform.workflow.acts import Act, Actor
from fenhe.protocols.tables.reader import NO_LIMITS, Limits

MN_LENGTH = 40
CHANGEABLE = ("name", "edition", "minutes", "model", "enabled", "simulated")


@dataclass
class ImportOutlets(Act[lists.Outcome]):
    """Take lists of firms, outlets, devices, channels and permit limits from a file."""

    event = "registry.import_outlets"
    path: Path
    commit: int = 0
    source: str = ""
    limits: Limits = NO_LIMITS

    def do(self, actor: Actor) -> lists.Outcome:
        """Read and enter them; all or, when a row is wrong, none."""
        return lists.load(self.path, self.commit, self.source, self.limits)

    def after(self, result: lists.Outcome) -> Any:
        """File and counts; passwords and keys are in neither."""
        changed = {name: count for name, count in result.changed.items() if count}
        return {"file": self.path.name, "rows": dict(result.rows), "changed": changed}


def plain(device: Device) -> dict[str, Any]:
    """Return a device as it may be shown: secrets are a mask, or empty where there are none."""
    return {
        "mn": device.mn,
        "firm": device.organisation.code if device.organisation else "",
        **{name: getattr(device, name) for name in CHANGEABLE},
        "password": MASK if device.password else "",
        "keys": device.keys.filter(valid=True).count(),
        "sites": sorted(
            set(standing(device).values_list("site_id", flat=True)),
        ),
    }


def standing(device: Device) -> Any:
    """Return the channels of a device that are not withdrawn."""
    return device.channels.filter(withdrawn_commit__isnull=True)


def find(mn: str) -> Device:
    """Return the device of an MN. Raises ``BadInput`` when there is none."""
    for device in Device.objects.select_related("organisation"):
        if folded(device.mn) == folded(mn):
            return device
    raise BadInput(f"there is no device '{mn}'; 'fenhe devices list' shows them")


@dataclass
class AddDevice(Act[Device]):
    """Register a logger of a firm."""

    event = "registry.add_device"
    device: Device
    password: str = field(default="", repr=False)

    def target(self) -> door.Target:
        """The firm."""
        return self.device.organisation

    def do(self, actor: Actor) -> Device:
        """Enter it. Raises ``BadInput`` for an MN that is taken or empty."""
        mn = self.device.mn.strip()
        if not mn or len(mn) > MN_LENGTH or " " in mn:
            raise BadInput(f"'{mn}' can not be an MN")
        if any(folded(one) == folded(mn) for one in Device.objects.values_list("mn", flat=True)):
            raise BadInput(f"device '{mn}' is registered already")
        self.device.mn = mn
        if self.password:
            self.device.password = Secret(self.password)
        _check(self.device)
        self.device.save()
        return self.device

    def after(self, result: Device) -> Any:
        """What is registered, without secrets."""
        return plain(result)


def _check(device: Device) -> None:
    if device.edition is not None and device.edition not in Device.Edition.values:
        raise BadInput(f"there is no edition {device.edition} of HJ 212: 2005, 2017 or 2025")
    if device.minutes is not None and device.minutes not in listrows.MINUTES:
        known = ", ".join(map(str, listrows.MINUTES))
        raise BadInput(f"a minute record is not {device.minutes} minutes long; it is {known}")


@dataclass
class ChangeDevice(Act[Device]):
    """Change what is registered of a device: ``CHANGEABLE``, or its password."""

    event = "registry.change_device"
    device: Device
    changes: dict[str, Any]
    password: str | None = field(default=None, repr=False)
    reason: str = ""

    def target(self) -> door.Target:
        """The firm."""
        return self.device.organisation

    def before(self) -> Any:
        """How it was."""
        return plain(find(self.device.mn))

    def do(self, actor: Actor) -> Device:
        """Set the fields given. An empty password means that none is asked for."""
        if unknown := sorted(set(self.changes) - set(CHANGEABLE)):
            raise BadInput(f"{', '.join(unknown)} can not be changed")
        for name, value in self.changes.items():
            setattr(self.device, name, value)
        if self.password is not None:
            self.device.password = Secret(self.password) if self.password else None
        _check(self.device)
        self.device.save()
        return self.device

    def after(self, result: Device) -> Any:
        """How it is, and whether the password is another."""
        return {**plain(result), "password_changed": self.password is not None}


@dataclass
class AddKey(Act[DeviceKey]):
    """Enter an SM4 key of a device; keys before it stay valid until they are ended."""

    event = "registry.add_key"
    device: Device
    key: str = field(repr=False)

    def target(self) -> door.Target:
        """The firm."""
        return self.device.organisation

    def do(self, actor: Actor) -> DeviceKey:
        """Enter it. Raises ``BadInput`` for what is no key, or is known already."""
        text = self.key.strip().lower()
        if not listrows.is_key(text):
            raise BadInput(f"an SM4 key has {listrows.KEY_DIGITS} hexadecimal digits")
        if any(one.key.reveal() == text for one in self.device.keys.filter(valid=True)):
            raise BadInput("this key is entered already")
        return DeviceKey.objects.create(device=self.device, key=Secret(text))

    def after(self, result: DeviceKey) -> Any:
        """The device and the number of the key, never the key."""
        return {"mn": self.device.mn, "number": result.pk}


@dataclass
class EndKey(Act[DeviceKey]):
    """Say that a key is no longer used."""

    event = "registry.end_key"
    device: Device
    number: int
    reason: str = ""

    def target(self) -> door.Target:
        """The firm."""
        return self.device.organisation

    def do(self, actor: Actor) -> DeviceKey:
        """End it; what it sealed can still be read."""
        key = self.device.keys.filter(pk=self.number, valid=True).first()
        if key is None:
            raise BadInput(f"device {self.device.mn} has no valid key {self.number}")
        key.valid, key.ended_at = False, timezone.now()
        key.save(update_fields=["valid", "ended_at"])
        return key

    def after(self, result: DeviceKey) -> Any:
        """The device and the number of the key."""
        return {"mn": self.device.mn, "number": result.pk}


@dataclass
class MapChannel(Act[Channel]):
    """Say which series a code on a device's wire stands for, in a span of days."""

    event = "registry.map_channel"
    device: Device
    code: str
    site: Site
    item: str = ""
    st: str = ""
    unit: str = ""
    unit_sum: str = ""
    since: date = ALWAYS
    until: date = END_OF_TIME
    commit: int = 0
    reason: str = ""

    def target(self) -> door.Target:
        """The outlet."""
        return self.site

    def before(self) -> Any:
        """What the code stood for."""
        return [plain_channel(one) for one in self._same()]

    def _same(self) -> Any:
        code = self.code.strip().lower()
        return standing(self.device).filter(st=self.st, code=code)

    def do(self, actor: Actor) -> Channel:
        """Enter it. Raises ``BadInput`` for a site that is no outlet, or a unit that is wrong."""
        if self.site.kind != Site.Kind.OUTLET:
            raise BadInput(f"{self.site.key} is not an outlet")
        if self.until < self.since:
            raise BadInput(f"the last day {self.until} lies before the first, {self.since}")
        code = self.code.strip().lower()
        if not code:
            raise BadInput("a channel needs the code on the wire")
        one = Channel(
            device=self.device,
            st=self.st,
            code=code,
            site=self.site,
            item=(self.item or listrows.item_of(code)).strip().lower(),
            unit="" if self.unit == "-" else self.unit,
            unit_sum="" if self.unit_sum == "-" else self.unit_sum,
            valid_from=self.since,
            valid_to=self.until,
            source=self.reason[:300],
            commit=self.commit,
        )
        listrows.check_units(one)
        facts.enter(one, Channel.objects.filter(device=self.device, st=self.st, code=code))
        return one

    def after(self, result: Channel) -> Any:
        """What the code stands for now."""
        return [plain_channel(one) for one in self._same()]


def plain_channel(one: Channel) -> dict[str, Any]:
    """Return a channel as plain data."""
    names = ("st", "code", "item", "unit", "unit_sum")
    return {
        "mn": one.device.mn,
        **{name: getattr(one, name) for name in names},
        "site": one.site_id,
        "valid_from": one.valid_from.isoformat(),
        "valid_to": one.valid_to.isoformat(),
    }


@dataclass
class EndChannel(Act[int]):
    """Withdraw what a code on a device's wire stands for; its values wait in quarantine again."""

    event = "registry.end_channel"
    device: Device
    code: str
    st: str = ""
    commit: int = 0
    reason: str = ""

    def target(self) -> door.Target:
        """The firm."""
        return self.device.organisation

    def _same(self) -> Any:
        return standing(self.device).filter(st=self.st, code=self.code.strip().lower())

    def before(self) -> Any:
        """What the code stood for."""
        return [plain_channel(one) for one in self._same()]

    def do(self, actor: Actor) -> int:
        """Withdraw it; return how many spans there were."""
        rows = list(self._same())
        if not rows:
            raise BadInput(f"device {self.device.mn} has no channel {self.st}/{self.code}")
        for one in rows:
            facts.withdraw(one, self.commit)
        return len(rows)

    def after(self, result: int) -> Any:
        """The device and its code."""
        return {"mn": self.device.mn, "st": self.st, "code": self.code, "withdrawn": result}


def firm(code: str) -> Organisation:
    """Return a firm by its code. Raises ``BadInput`` when there is none."""
    found = Organisation.objects.filter(code=code).first()
    if found is None:
        raise BadInput(f"there is no firm '{code}'; 'fenhe outlets import FILE' enters some")
    return found
