"""A firm's stack and drain with hours, limits and marks, for the tests of their pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from fenhe.base import beijing
from fenhe.platform import owner
from fenhe.platform.registry.models import Mark, Outlet, PermitLimit
from tests.platform.conftest import World
from tests.platform.monitoring.frames import wire
from tests.platform.monitoring.frames.wire import MN, STACK, Works

HOUR = timedelta(hours=1)
MARKUP = "<b>MN</b>&\"'"


@dataclass
class Plant:
    """The works, and the start of the newest hour they told (naive UTC)."""

    works: Works
    newest: datetime


def made(world: World, *values: str, simulated: bool = True) -> Plant:
    """Enter the works and take hourly frames of the stack, the last one of the hour just over."""
    works = wire.works(world.county, world.firm)
    Outlet.objects.filter(site=works.stack).update(simulated=simulated)
    type(works.device).objects.filter(pk=works.device.pk).update(simulated=simulated)
    PermitLimit.objects.create(
        site=works.stack, item="a21026", averaging="hour", limit=Decimal("35"), unit="mg/m3",
        document="permit 1",
    )  # fmt: skip
    whole = datetime.now(UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0)
    newest = whole - HOUR
    first = beijing.to_beijing(newest - (len(values) - 1) * HOUR)
    wire.append(owner.store(), *wire.hour_of(*values, at=first))
    wire.take(owner.store())
    return Plant(works, newest)


def marked(plant: Plant, reason: str = "cold start") -> Mark:
    """Enter a mark that stands now: the stack is starting up."""
    now = datetime.now(UTC)
    return Mark.objects.create(
        site=plant.works.stack, kind="facility", code="startup", start=now - HOUR,
        end=now + HOUR, reason=reason, submitter="firm", submitted_at=now,
    )  # fmt: skip


__all__ = ["MARKUP", "MN", "STACK", "Plant", "made", "marked"]
