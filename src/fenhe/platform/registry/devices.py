"""The devices that may speak, held in memory: what a gateway asks for every frame.

``Access`` reads the records only in ``refresh``: asking it costs a look-up in a dictionary and
is allowed inside an event loop. ``Keeper`` refreshes it when the records have changed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import close_old_connections

from fenhe.platform.registry.models import Channel, Device, DeviceKey, Setting
from fenhe.platform.registry.secrets import SecretLost

log = logging.getLogger("fenhe.devices")
VERSION = "devices_version"
LOOK_EVERY = 1.0  # seconds between looks whether the records have changed


@dataclass(frozen=True)
class DeviceAccess:
    """One device as the gateway needs it; secrets are left out of its print.

    ``password`` None: none is asked for. ``edition`` None: every frame is read for itself.
    ``keys``: the valid SM4 keys, newest first. ``enabled`` False: known, and refused.
    """

    mn: str
    sites: tuple[str, ...]
    password: str | None = field(repr=False)
    edition: int | None
    keys: tuple[bytes, ...] = field(repr=False)
    enabled: bool
    simulated: bool
    number: int


def folded(mn: str) -> str:
    """Return an MN as it is compared: without blanks around it, in capitals."""
    return mn.strip().upper()


def version() -> str:
    """Return what changes with every change of devices, keys, channels and outlets."""
    return _version(VERSION)


def judging_version() -> str:
    """Return what changes with every change of permit limits, marks and facts of outlets."""
    return _version("judging_version")


def _version(key: str) -> str:
    found = Setting.objects.filter(pk=key).values_list("value", flat=True)
    return next(iter(found), None) or ""


class Access:
    """Every registered device by its MN; safe to ask from any thread."""

    def __init__(self) -> None:
        self._devices: dict[str, DeviceAccess] = {}
        self._version: str | None = None

    def device(self, mn: str) -> DeviceAccess | None:
        """Return the device of an MN, from memory; None when nobody registered it."""
        return self._devices.get(folded(mn))

    def devices(self) -> tuple[DeviceAccess, ...]:
        """Return all devices."""
        return tuple(self._devices.values())

    def refresh(self) -> bool:
        """Read the records again if they have changed; say whether they had."""
        now = version()
        if now == self._version:
            return False
        self._devices = {folded(one.mn): one for one in _read()}
        self._version = now
        return True


def _read() -> list[DeviceAccess]:
    sites: dict[int, set[str]] = {}
    standing = Channel.objects.filter(withdrawn_commit__isnull=True).order_by()
    for device, site in standing.values_list("device_id", "site_id").distinct():
        sites.setdefault(device, set()).add(site)
    keys: dict[int, list[DeviceKey]] = {}
    for key in DeviceKey.objects.filter(valid=True):
        keys.setdefault(key.device_id, []).append(key)
    return [
        _access(one, tuple(sorted(sites.get(one.pk, ()))), keys.get(one.pk, []))
        for one in Device.objects.all()
    ]


def _access(device: Device, sites: tuple[str, ...], keys: list[DeviceKey]) -> DeviceAccess:
    password, readable = None, True
    opened: tuple[bytes, ...] = ()
    try:
        password = device.password.reveal() if device.password is not None else None
        opened = tuple(bytes.fromhex(key.key.reveal()) for key in keys)
    except SecretLost:
        # with a password nobody can read no one may come in
        log.error("device %s is refused: its secrets can not be read; enter them again", device.mn)
        readable = False
    return DeviceAccess(
        mn=device.mn,
        sites=sites,
        password=password,
        edition=device.edition,
        keys=opened,
        enabled=device.enabled and readable,
        simulated=device.simulated,
        number=device.pk,
    )


class Keeper(threading.Thread):
    """Looks every second whether the devices have changed, and tells who asked to know."""

    def __init__(self, access: Access, changed: Callable[[], object] | None = None) -> None:
        super().__init__(name="fenhe-devices", daemon=True)
        self._access = access
        self._changed = changed
        self._stop_asked = threading.Event()

    def run(self) -> None:
        """Refresh until stopped; an error is logged and tried again."""
        while not self._stop_asked.is_set():
            try:
                if self._access.refresh() and self._changed is not None:
                    self._changed()
            except Exception:
                log.exception("the list of devices will be read again")
            finally:
                close_old_connections()
            self._stop_asked.wait(LOOK_EVERY)

    def stop(self) -> None:
        """Ask the thread to end and wait for the look under way."""
        self._stop_asked.set()
        if self.is_alive():
            self.join(10)
