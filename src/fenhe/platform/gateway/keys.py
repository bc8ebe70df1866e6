"""What follows from a command that carried a secret: a new key or a new password in use."""

from __future__ import annotations

from django.utils import timezone

from fenhe.platform.gateway import catalogue, commands
from fenhe.platform.gateway.models import Command
from fenhe.platform.registry.models import Device, DeviceKey
from fenhe.platform.registry.secrets import Secret

BYTES = 16  # of an SM4 key
State = Command.State


def is_rotating(mn: str) -> bool:
    """Say whether a new key for a device is asked for or on its way."""
    found = Command.objects.filter(mn=mn, cn=catalogue.NEW_KEY)
    return found.exclude(state__in=Command.ENDED).exists()


def prepare(device: Device, command: Command) -> None:
    """Enter the new key before it is sent: the device may use it at once."""
    told = dict(commands.clear_fields(command))
    if "NewSK" in told:
        made = DeviceKey(device=device, made_at=told.get("SKCreateTime", ""))
        made.key = Secret(told["NewSK"])
        made.save()


def settle(command: Command) -> None:
    """Bring the registry in line with how a command ended, and forget its secret.

    Without an answer nobody knows whether the device took a key: both stay valid then.
    """
    if not command.sealed:
        return
    told = dict(commands.clear_fields(command))
    device = Device.objects.filter(mn=command.mn).first()
    if device is not None and "NewSK" in told:
        _settle_key(device, told["NewSK"], command.state)
    if device is not None and "NewPW" in told and command.state == State.DONE:
        device.password = Secret(told["NewPW"])
        device.save(update_fields=["password"])
    Command.objects.filter(pk=command.pk).update(sealed="")


def _settle_key(device: Device, new: str, state: str) -> None:
    if state == State.TIMED_OUT:
        return
    ended = {"valid": False, "ended_at": timezone.now()}
    for one in DeviceKey.objects.filter(device=device, valid=True):
        is_new = one.key.reveal().upper() == new
        if is_new != (state == State.DONE):
            DeviceKey.objects.filter(pk=one.pk).update(**ended)
