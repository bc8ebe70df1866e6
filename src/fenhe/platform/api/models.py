"""Tokens of programs, and what was pushed under which idempotency key."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class ApiToken(models.Model):
    """A program's key: it acts as its owner, within its scopes, until it ends or is revoked.

    Only the SHA-256 of the secret is kept; the secret itself is shown once.
    """

    class Scope(models.TextChoices):
        """What a token may be used for."""

        READ = "read"
        PUSH = "push"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens"
    )
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    feed = models.CharField(max_length=60, blank=True)  # the only description it may push under
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)  # to the minute

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.owner})"

    @property
    def state(self) -> str:
        """``active``, ``revoked`` or ``expired``."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= timezone.now():
            return "expired"
        return "active"


class Push(models.Model):
    """One request to take data, by its idempotency key, and the answer it was given.

    ``request`` is the SHA-256 of feed, content type and body. Without ``status`` it was not
    answered: the process ended before.
    """

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="pushes")
    key = models.CharField(max_length=200)
    request = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True, db_index=True)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["token", "key"], name="one_push_per_key")
        ]

    def __str__(self) -> str:
        return f"{self.token_id} {self.key}"
