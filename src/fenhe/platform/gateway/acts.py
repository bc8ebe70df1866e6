"""Acts on devices: ask them, change them, give them a new key, approve, withdraw.

A command that changes a device needs a right of its own; a new key needs a second person.
What the device answers afterwards is written to the command's record, not to the audit log.
"""

from __future__ import annotations

import secrets as random
from dataclasses import dataclass
from typing import Any, ClassVar

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from fenhe.base.errors import BadInput
from fenhe.platform.gateway import catalogue, commands, keys, live
from fenhe.platform.gateway.config import read
from fenhe.platform.gateway.exchange import stamp
from fenhe.platform.gateway.models import Command
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Device, Site
from fenhe.platform.workflow.acts import Act, Actor

State = Command.State
WATER = "water"


class OnDevice(Act[Command]):
    """What all of them share: the door is asked about every outlet the device serves."""

    def device(self) -> Device:
        """Return the device. Raises ``BadInput`` when nobody registered it."""
        raise AssertionError("said by each act")  # pragma: no cover

    def sites(self) -> list[Site]:
        """Return the outlets the device serves, by key."""
        standing = Site.objects.filter(
            channels__device=self.device(), channels__withdrawn_commit__isnull=True
        )
        return list(standing.select_related("region").distinct().order_by("key"))

    def target(self) -> door.Target:
        """The first outlet of the device; the system as a whole when it has none."""
        return next(iter(self.sites()), None)

    def check(self, actor: Actor) -> None:
        """Ask the door about every outlet."""
        targets: list[door.Target] = [*self.sites()]
        for target in targets or [None]:
            door.ask(actor.user, self.event, target)

    def after(self, result: Command) -> Any:
        """The command; secrets masked."""
        told = ("mn", "cn", "fields", "state", "asked_by", "decided_by")
        return {"command": result.pk, **{name: getattr(result, name) for name in told}}


@dataclass
class AskDevice(OnDevice):
    """Ask a device for something it knows: its clock, its history, its parameters."""

    event: ClassVar[str] = "gateway.command"
    mn: str
    cn: str
    fields: catalogue.Fields = ()
    reason: str = ""

    def device(self) -> Device:
        """Return the device meant."""
        return find_device(self.mn)

    def do(self, actor: Actor) -> Command:
        """Enter the command; the gateway sends it as soon as the device is connected."""
        device = self.device()
        known = catalogue.check(self.cn, self.fields, device.edition)
        self._refuse(known)
        return enter(device, self.sites(), known, self.fields, actor.name, reason=self.reason)

    def _refuse(self, known: catalogue.Known) -> None:
        if known.changes:
            raise BadInput(f"command {self.cn} changes the device: that is another act")


@dataclass
class ChangeDevice(AskDevice):
    """Have a device do or change something: set its clock or intervals, take a sample."""

    event: ClassVar[str] = "gateway.command_change"

    def _refuse(self, known: catalogue.Known) -> None:
        if not known.changes or known.cn == catalogue.NEW_KEY:
            raise BadInput(f"command {self.cn} is sent by another act")


@dataclass
class RotateKey(OnDevice):
    """Ask for a new SM4 key to be given to a device; a second person must approve."""

    event: ClassVar[str] = "gateway.rotate_key"
    mn: str
    reason: str = ""

    def device(self) -> Device:
        """Return the device meant."""
        return find_device(self.mn)

    def do(self, actor: Actor) -> Command:
        """Make a random key and enter the command; nobody sees the key."""
        device = self.device()
        if keys.is_rotating(device.mn):
            raise BadInput(f"a new key for {device.mn} is on its way already")
        moment = timezone.now().replace(tzinfo=None)
        key = random.token_hex(keys.BYTES).upper()
        fields = (("SKCreateTime", stamp(moment, 14)), ("NewSK", key))
        known = catalogue.check(catalogue.NEW_KEY, fields, device.edition)
        return enter(
            device, self.sites(), known, fields, actor.name, reason=self.reason, asked=True
        )


@dataclass
class Decide(OnDevice):
    """What is done about a command that stands."""

    event: ClassVar[str] = "gateway.withdraw_command"
    command: Command
    reason: str = ""

    def device(self) -> Device:
        """Return the device of the command."""
        return find_device(self.command.mn)

    def before(self) -> Any:
        """How the command stood."""
        return {"command": self.command.pk, "state": self.command.state}

    def do(self, actor: Actor) -> Command:
        """Take back a command that was not sent yet."""
        return self._move((State.ASKED, State.APPROVED), State.WITHDRAWN, actor)

    def _move(self, from_: tuple[State, ...], to: State, actor: Actor) -> Command:
        now = timezone.now()
        changes: dict[str, Any] = {"state": to, "decided_by": actor.name, "decided_at": now}
        if to == State.WITHDRAWN:
            changes |= {"ended_at": now, "sealed": ""}
        open_ = Command.objects.filter(pk=self.command.pk, state__in=from_, qn="")
        changed = open_.update(**changes)
        self.command.refresh_from_db()
        if not changed:
            stands = self.command.get_state_display()
            raise BadInput(f"command {self.command.pk} stands otherwise: {stands}")
        return self.command


@dataclass
class ApproveCommand(Decide):
    """Approve what somebody else asked for."""

    event: ClassVar[str] = "gateway.approve_command"

    def do(self, actor: Actor) -> Command:
        """Let it be sent. Raises ``BadInput`` when the same person asked for it."""
        if actor.name == self.command.asked_by:
            raise BadInput("somebody else than who asked must approve a new key")
        command = self._move((State.ASKED,), State.APPROVED, actor)
        command.expires_at = commands.expires(settings_now().timing, asked=False)
        command.save(update_fields=["expires_at"])
        keys.prepare(self.device(), command)
        transaction.on_commit(live.look_now)
        return command


def act_for(mn: str, cn: str, fields: catalogue.Fields, reason: str = "") -> OnDevice:
    """Return the act that sends a command to a device. Raises ``BadInput`` for an unknown one."""
    known = catalogue.requests().get(cn)
    if cn == catalogue.NEW_KEY:
        return RotateKey(mn, reason)
    kind = ChangeDevice if known is not None and known.changes else AskDevice
    return kind(mn, cn, fields, reason)


def find_device(mn: str) -> Device:
    """Return the registered device of a number. Raises ``BadInput`` when there is none."""
    found = Device.objects.filter(mn__iexact=mn.strip()).first()
    if found is None:
        raise BadInput(f"there is no device {mn}; 'fenhe devices list' shows them")
    return found


def find(number: int) -> Command:
    """Return a command. Raises ``BadInput`` when there is none of this number."""
    found = Command.objects.filter(pk=number).first()
    if found is None:
        raise BadInput(f"there is no command {number}")
    return found


def enter(
    device: Device,
    sites: list[Site],
    known: catalogue.Known,
    fields: catalogue.Fields,
    by: str,
    *,
    reason: str,
    asked: bool = False,
) -> Command:
    """Enter a command in the records; ``asked``: it waits for a second person.

    The gateway of this process is woken once the records have it.
    """
    transaction.on_commit(live.look_now)
    return Command.objects.create(
        mn=device.mn,
        cn=known.cn,
        st=_system(sites),
        fields=catalogue.shown(fields),
        sealed=commands.sealed(fields),
        changes=known.changes,
        state=State.ASKED if asked else State.APPROVED,
        reason=reason,
        asked_by=by,
        expires_at=commands.expires(settings_now().timing, asked),
    )


def _system(sites: list[Site]) -> str:
    """Return the system code of a request: that of the device's outlets."""
    mediums = {getattr(getattr(site, "outlet", None), "medium", "") for site in sites}
    return "32" if mediums == {WATER} else "31"


def settings_now() -> Any:
    """Return the gateway's configuration of this process."""
    return getattr(settings, "FENHE_GATEWAY", None) or read({})
