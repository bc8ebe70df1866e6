"""The audit log: one row per act, never changed and never deleted."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models

from fenhe.base.errors import FenheError


class AppendOnly(FenheError):
    """Someone tried to change or delete an audit row."""


class AuditQuerySet(models.QuerySet["AuditLog"]):
    """Reads only: the log grows by acts alone."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnly("the audit log can not be changed")

    def delete(self) -> NoReturn:
        """Refuse."""
        raise AppendOnly("the audit log can not be deleted from")


class AuditLog(models.Model):
    """Who did what to what, when, from where, and how it stood before and after.

    The actor is kept as text beside the number: an entry outlives the account. The database
    itself refuses UPDATE and DELETE by trigger.
    """

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    event = models.CharField(max_length=60, db_index=True)  # dotted: monitoring.void
    actor = models.CharField(max_length=150)
    actor_id = models.BigIntegerField(null=True)
    via = models.CharField(max_length=20)  # web, cli, system
    address = models.CharField(max_length=45, blank=True)
    target_kind = models.CharField(max_length=30, blank=True)
    target = models.CharField(max_length=200, blank=True, db_index=True)
    region_path = models.CharField(max_length=120, blank=True, db_index=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.event} {self.target}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert; refuse to change a row that exists."""
        if self.pk is not None:
            raise AppendOnly("the audit log can not be changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnly("the audit log can not be deleted from")
