"""Records of manual review: sessions, and the edits made in them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class ReviewSession(models.Model):
    """One sitting in which a person reviews the data of a place."""

    site = models.ForeignKey("registry.Site", on_delete=models.PROTECT, related_name="reviews")
    title = models.CharField(max_length=200, blank=True)
    opened_by = models.CharField(max_length=150)
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_by = models.CharField(max_length=150, blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:  # noqa: D106 (a word of Django)
        ordering: ClassVar = ["-opened_at", "-id"]

    def __str__(self) -> str:
        return f"{self.site_id} {self.pk}"


class ReviewEdit(models.Model):
    """One decision of a session: what it was about, and the flags it raised and lifted.

    Never changed but for its undoing, which notes who, when and by which commit.
    """

    session = models.ForeignKey(ReviewSession, on_delete=models.PROTECT, related_name="edits")
    kind = models.CharField(max_length=10)
    items = models.JSONField()
    statistics = models.JSONField()
    start = models.DateTimeField()
    end = models.DateTimeField()
    reason = models.TextField()
    actor = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)
    raised = models.JSONField(default=list)
    lifted = models.JSONField(default=list)
    commit = models.BigIntegerField()
    undone_commit = models.BigIntegerField(null=True)
    undone_by = models.CharField(max_length=150, blank=True)
    undone_at = models.DateTimeField(null=True)
    undone_reason = models.TextField(blank=True)

    class Meta:  # noqa: D106 (a word of Django)
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
