"""Standing assessments and what their engine has still to do; the cells live in the store."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import get_language


class Assessment(models.Model):
    """A question asked of every object and period: method, edition policy, parameters, scope.

    ``edition_policy`` is ``fixed:<edition id>`` or ``by_day``. ``subject`` says what the
    objects are: sites, regions whose value is the mean of their sites, cities whose daily
    values somebody else published, or items of outlets. ``grain`` is the period of a cell.
    """

    class Subject(models.TextChoices):
        """What is judged."""

        SITE = "site"
        CITY = "city"
        PUBLISHED = "published"
        OUTLET = "outlet"

    class Grain(models.TextChoices):
        """The period of a cell."""

        HOUR = "1h"
        DAY = "day"
        MONTH = "month"
        QUARTER = "quarter"
        YEAR = "year"

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
    grain = models.CharField(max_length=10, choices=Grain.choices, default=Grain.HOUR)
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


class DirtyCity(models.Model):
    """A Beijing day of a city whose hours are to be computed: data or members changed."""

    area = models.CharField(max_length=60)
    day = models.DateField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["area", "day"], name="one_dirty_city_day")
        ]

    def __str__(self) -> str:
        return f"{self.area} {self.day}"


class Due(models.Model):
    """A day cell to be computed once its day is over, or the periods that rest on it.

    ``stage`` is ``day`` for the day itself and ``period`` for the month, quarter and year
    around it; ``day`` is then the first of the month.
    """

    class Stage(models.TextChoices):
        """Which cells are due."""

        DAY = "day"
        PERIOD = "period"

    stage = models.CharField(max_length=10, choices=Stage.choices)
    subject = models.CharField(max_length=10, choices=Assessment.Subject.choices)
    target = models.CharField(max_length=60)
    day = models.DateField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["stage", "subject", "day", "target"], name="one_due_cell"
            )
        ]

    def __str__(self) -> str:
        return f"{self.stage} {self.subject} {self.target} {self.day}"


class Member(models.Model):
    """A span of days in which a station counts for a city, as the cells were computed with."""

    site = models.CharField(max_length=60)
    area = models.CharField(max_length=60)
    since = models.DateField()
    until = models.DateField()

    def __str__(self) -> str:
        return f"{self.site} {self.area} {self.since}"


class OutletHour(models.Model):
    """An hour of an outlet that is to be judged once it is over: data or its basis changed."""

    site = models.CharField(max_length=60)
    hour = models.BigIntegerField()  # hours since 1970, UTC

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hour", "site"], name="one_outlet_hour")
        ]

    def __str__(self) -> str:
        return f"{self.site} {self.hour}"


class OutletBasis(models.Model):
    """A fact, limit or mark the cells of an outlet were computed with, from hour to hour."""

    site = models.CharField(max_length=60)
    since = models.BigIntegerField()  # hours since 1970, UTC
    until = models.BigIntegerField()
    what = models.TextField()

    def __str__(self) -> str:
        return f"{self.site} {self.what}"


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


class FrozenRun(models.Model):
    """A result pinned for good: what was asked, the store's commit, the release that computed.

    ``recipe_sha256`` is the hash of those three, ``result_sha256`` that of the result's bytes,
    which the same release gives again from the same commit. The result is kept as well: a
    later release may compute otherwise, and a published bulletin does not change.
    """

    key = models.CharField(max_length=80, unique=True)
    title_zh = models.CharField(max_length=160)
    title_en = models.CharField(max_length=160)
    what = models.CharField(max_length=40)
    parameters = models.JSONField(default=dict)
    region = models.ForeignKey("registry.Region", on_delete=models.PROTECT, null=True, blank=True)
    commit = models.BigIntegerField()
    version = models.CharField(max_length=40)
    recipe_sha256 = models.CharField(max_length=64)
    result_sha256 = models.CharField(max_length=64)
    result = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=150)
    published = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["-created_at", "key"]

    def __str__(self) -> str:
        return self.key

    @property
    def title(self) -> str:
        """The title in the reader's language."""
        return self.title_en if (get_language() or "").startswith("en") else self.title_zh
