"""Imports as people see them; the data itself lives in the store."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Import(models.Model):
    """One file someone gave, from upload to receipt: what was found, what became of it."""

    class State(models.TextChoices):
        """How far it is."""

        RUNNING = "running"
        LOADED = "loaded"
        REFUSED = "refused"
        FAILED = "failed"

    feed = models.CharField(max_length=60, db_index=True)
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    size = models.BigIntegerField(default=0)
    actor = models.CharField(max_length=150)
    begun_at = models.DateTimeField(auto_now_add=True, db_index=True)
    ended_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    examination = models.JSONField(null=True)
    received = models.BigIntegerField(default=0)
    stored = models.BigIntegerField(default=0)
    duplicate = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    message = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.state})"


class Note(models.Model):
    """What a person wrote about a span of a site's data."""

    site = models.ForeignKey("registry.Site", on_delete=models.CASCADE, related_name="notes")
    item = models.CharField(max_length=20, blank=True)  # empty: all items
    start = models.DateTimeField()
    end = models.DateTimeField()
    text = models.TextField()
    actor = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["start"]

    def __str__(self) -> str:
        return self.text
