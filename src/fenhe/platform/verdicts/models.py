"""Standing assessments and what their engine has still to do; the cells live in the store."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import get_language


class Assessment(models.Model):
    """A question asked of every object and period: method, edition policy, parameters, scope.

    ``edition_policy`` is ``fixed:<edition id>`` or ``by_day``. ``subject`` says what the
    objects are: sites, or regions whose value is the mean of their sites.
    """

    class Subject(models.TextChoices):
        """What is judged."""

        SITE = "site"
        CITY = "city"

    key = models.CharField(max_length=60, unique=True)
    title_zh = models.CharField(max_length=120)
    title_en = models.CharField(max_length=120)
    method = models.CharField(max_length=60)
    edition_policy = models.CharField(max_length=60)
    parameters = models.JSONField(default=dict)
    subject = models.CharField(max_length=10, choices=Subject.choices)
    scope = models.ForeignKey(
        "registry.Region", on_delete=models.PROTECT, null=True, blank=True
    )  # None: every region
    grain = models.CharField(max_length=10, default="1h")
    active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["key"]

    def __str__(self) -> str:
        return self.key

    @property
    def title(self) -> str:
        """The title in the reader's language."""
        return self.title_en if (get_language() or "").startswith("en") else self.title_zh

    @property
    def fixed_edition(self) -> str | None:
        """The edition id of a fixed policy; None when the day chooses."""
        kind, _, edition = self.edition_policy.partition(":")
        return edition if kind == "fixed" else None


class DirtyDay(models.Model):
    """A Beijing day of a site whose data, flags or facts changed since its cells were written."""

    site = models.CharField(max_length=60)
    day = models.DateField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["site", "day"], name="one_dirty_day")
        ]

    def __str__(self) -> str:
        return f"{self.site} {self.day}"


class Cursor(models.Model):
    """The last commit of the store whose changes have been turned into dirty days."""

    name = models.CharField(max_length=40, primary_key=True)
    commit = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} {self.commit}"


class Begin(models.Model):
    """The Beijing day of a site's first value: since when it counts where no fact says so."""

    site = models.CharField(max_length=60, primary_key=True)
    day = models.DateField()

    def __str__(self) -> str:
        return f"{self.site} {self.day}"


class DataDay(models.Model):
    """A Beijing day on which the store holds any hourly value; once there, always there."""

    day = models.DateField(primary_key=True)

    def __str__(self) -> str:
        return str(self.day)
