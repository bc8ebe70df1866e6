"""Imports as people see them; the data itself lives in the store."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from fenhe.platform.monitoring.sessions import ReviewEdit, ReviewSession

__all__ = ["Import", "Note", "ReviewEdit", "ReviewSession", "Source", "SourceFile", "SourceRun"]


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


class Source(models.Model):
    """A standing feed: where data comes from by itself, how often, and how far it is."""

    class Kind(models.TextChoices):
        """Where it lies."""

        FOLDER = "folder"
        HTTP = "http"

    key = models.SlugField(primary_key=True, max_length=60)
    title_zh = models.CharField(max_length=120)
    title_en = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    feeds = models.JSONField(default=list)  # descriptions; of several the one that fits is taken
    location = models.CharField(max_length=500)
    headers = models.CharField(max_length=100, blank=True)  # a file's name in the folder `secrets`
    interval = models.PositiveIntegerField(default=300)  # seconds between tries
    expected_every = models.PositiveIntegerField(default=3600)  # seconds: the data's own rhythm
    active = models.BooleanField(default=True)

    last_tried = models.DateTimeField(null=True)
    last_ok = models.DateTimeField(null=True)
    last_data = models.DateTimeField(null=True)  # end of the newest hour received
    next_due = models.DateTimeField(null=True, db_index=True)  # None: at once
    failures = models.PositiveIntegerField(default=0)  # in a row
    last_message = models.TextField(blank=True)
    alarm = models.TextField(blank=True)  # what is wrong with its receipts; stays until looked at
    place = models.DateTimeField(null=True)  # addresses of hours before this are done with
    remembered = models.JSONField(default=dict)  # of the last answer: address, etag, body hash
    pruned = models.JSONField(default=dict)  # sums of the runs that are no longer kept

    class Meta:
        ordering: ClassVar = ["key"]

    def __str__(self) -> str:
        return self.key


class SourceRun(models.Model):
    """One try of a source and its receipt: received = stored + duplicate + rejected."""

    class Outcome(models.TextChoices):
        """What became of it."""

        RUNNING = "running"
        OK = "ok"
        UNCHANGED = "unchanged"
        REFUSED = "refused"
        FAILED = "failed"

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="runs")
    started = models.DateTimeField(db_index=True)
    ended = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.RUNNING)
    files = models.PositiveIntegerField(default=0)
    received = models.BigIntegerField(default=0)
    stored = models.BigIntegerField(default=0)
    duplicate = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    message = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.source_id} {self.started:%Y-%m-%d %H:%M} ({self.outcome})"


class SourceFile(models.Model):
    """A file of a watched folder as it was last seen; the file itself is never touched."""

    class State(models.TextChoices):
        """How far it is."""

        SEEN = "seen"
        TAKEN = "taken"
        REFUSED = "refused"

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=500)  # below the folder
    size = models.BigIntegerField()
    mtime_ns = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.SEEN)
    message = models.TextField(blank=True)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["path"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "path"], name="one_row_per_file")
        ]

    def __str__(self) -> str:
        return f"{self.path} ({self.state})"
