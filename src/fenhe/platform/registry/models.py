"""Regions, organisations, sites with their dated facts, memberships; outlets lie beside."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from fenhe.platform.registry.dated import ALWAYS, END_OF_TIME, DatedFact
from fenhe.platform.registry.outlets import (
    OUTLET_PREFIX,
    Channel,
    Device,
    DeviceKey,
    DeviceParameter,
    Mark,
    Outlet,
    OutletFact,
    PermitLimit,
)

__all__ = [
    "ALWAYS",
    "END_OF_TIME",
    "OUTLET_PREFIX",
    "Channel",
    "DatedFact",
    "Device",
    "DeviceKey",
    "DeviceParameter",
    "LogInTry",
    "Mark",
    "Membership",
    "Organisation",
    "Outlet",
    "OutletFact",
    "PermitLimit",
    "Region",
    "Role",
    "Setting",
    "Site",
    "SiteCode",
    "SiteHome",
    "SiteName",
    "SitePlace",
]


class Region(models.Model):
    """A division of GB/T 2260, or a zone an agency adds; regions form one tree.

    ``path`` is the chain of codes from the root, so that "lies within" is a prefix test.
    """

    class Level(models.TextChoices):
        """How high a region stands."""

        PROVINCE = "province", _("province")
        CITY = "city", _("city")
        COUNTY = "county", _("county")

    code = models.CharField(max_length=12, primary_key=True)
    level = models.CharField(max_length=10, choices=Level.choices)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    path = models.CharField(max_length=120, db_index=True, editable=False)
    shape = models.JSONField(null=True, blank=True)  # GeoJSON geometry, WGS-84, simplified
    shape_source = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return self.name_zh

    def save(self, *args: object, **kwargs: object) -> None:
        """Keep ``path`` in step with the parent."""
        self.path = (self.parent.path if self.parent else "") + f"{self.code}/"
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    @property
    def name(self) -> str:
        """The name in the reader's language; Chinese when there is no English one."""
        return _in_language(self.name_zh, self.name_en)

    def covers(self, other: Region) -> bool:
        """Say whether ``other`` is this region or lies within it."""
        return other.path.startswith(self.path)


class Organisation(models.Model):
    """A firm or an office: whatever may own outlets and sites and has people of its own."""

    code = models.CharField(max_length=40, unique=True)  # unified social credit code, or a key
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    region = models.ForeignKey(
        Region, on_delete=models.PROTECT, null=True, related_name="organisations"
    )

    class Meta:
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return self.name_zh

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return _in_language(self.name_zh, self.name_en)


class Site(models.Model):
    """A place where something is measured, or a city values are published for; a stable key.

    Its codes, names and coordinates are dated facts: a station that moves gets a new code
    and stays the same site only if the registry says so.
    """

    class Kind(models.TextChoices):
        """What stands there."""

        AIR = "air", _("air station")
        CITY = "city", _("city, as published")
        OUTLET = "outlet", _("outlet of a firm")

    key = models.CharField(max_length=60, primary_key=True)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.AIR)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="sites")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="sites"
    )
    public = models.BooleanField(default=False)  # a station of the public network
    published = models.BooleanField(default=False)  # shown to visitors who are not logged in
    counts_for_city = models.BooleanField(default=True)  # False: a reference or traffic site

    class Meta:
        ordering: ClassVar = ["key"]
        constraints: ClassVar = [
            # an outlet is told by its key wherever only keys are known, as in the store
            models.CheckConstraint(
                name="outlets_and_their_keys",
                condition=Q(kind="outlet", key__startswith=OUTLET_PREFIX)
                | (~Q(kind="outlet") & ~Q(key__startswith=OUTLET_PREFIX)),
            )
        ]

    def __str__(self) -> str:
        return self.key


class SiteCode(DatedFact):
    """A code by which a network knew the site; re-issued codes are rows of their own."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="codes")
    code = models.CharField(max_length=40, db_index=True)

    class Meta:
        ordering: ClassVar = ["site_id", "valid_from"]

    def __str__(self) -> str:
        return self.code


class SiteName(DatedFact):
    """A name the site went by; ``note`` keeps what a source wrote in brackets after it."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="names")
    name_zh = models.CharField(max_length=120, db_index=True)
    name_en = models.CharField(max_length=160, blank=True)
    note = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering: ClassVar = ["site_id", "valid_from"]

    def __str__(self) -> str:
        return self.name_zh

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return _in_language(self.name_zh, self.name_en)


class SitePlace(DatedFact):
    """Where the site stood. Coordinates are WGS-84 degrees; ``datum`` says what was stated."""

    class Datum(models.TextChoices):
        """What the source said of its coordinates."""

        WGS84 = "wgs84", "WGS-84"
        CGCS2000 = "cgcs2000", "CGCS2000"
        GCJ02 = "gcj02", _("GCJ-02, converted")
        UNKNOWN = "unknown", _("not stated")

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="places")
    lon = models.FloatField()
    lat = models.FloatField()
    datum = models.CharField(max_length=10, choices=Datum.choices, default=Datum.UNKNOWN)

    class Meta:
        ordering: ClassVar = ["site_id", "valid_from"]

    def __str__(self) -> str:
        return f"{self.lon:.4f}, {self.lat:.4f}"


class SiteHome(DatedFact):
    """The region a site counted for, and whether it entered that city's mean, in a span of days.

    A site without such facts has always been where ``Site.region`` says. A fact that was put
    right is not deleted: ``withdrawn_commit`` is the store's commit number when that happened,
    so that ``as_of`` still finds what was believed before.
    """

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="homes")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+")
    counts_for_city = models.BooleanField(default=True)
    withdrawn_commit = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["site_id", "valid_from"]

    def __str__(self) -> str:
        return f"{self.region_id} {self.valid_from}"


class Role(models.TextChoices):
    """What a person is in a region or an organisation."""

    ADMIN = "admin", _("administrator")
    ANALYST = "analyst", _("analyst")
    COUNTY = "county", _("county officer")
    FIRM = "firm", _("firm")


class Membership(models.Model):
    """One role of one person, in one region or one organisation.

    Neither region nor organisation means the whole system, for administrators and analysts.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=10, choices=Role.choices)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, null=True, blank=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "role", "region", "organisation"],
                name="one_membership",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="role_has_its_place",
                condition=Q(role__in=[Role.ADMIN, Role.ANALYST], organisation__isnull=True)
                | Q(role=Role.COUNTY, region__isnull=False, organisation__isnull=True)
                | Q(role=Role.FIRM, region__isnull=True, organisation__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.role} {self.region or self.organisation or '*'}"


class LogInTry(models.Model):
    """One failed try to log in; the throttle counts these."""

    name = models.CharField(max_length=150, db_index=True)
    address = models.CharField(max_length=45, db_index=True)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.name} {self.address}"


class Setting(models.Model):
    """One setting of this installation, such as ``demo`` or ``clock``."""

    key = models.CharField(max_length=40, primary_key=True)
    value = models.JSONField()

    def __str__(self) -> str:
        return self.key


def _in_language(zh: str, en: str) -> str:
    return en if en and (get_language() or "").startswith("en") else zh
