"""Instants as they are kept everywhere: naive UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present as naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def naive_utc(moment: datetime) -> datetime:
    """Return an instant that names its zone as naive UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None)
