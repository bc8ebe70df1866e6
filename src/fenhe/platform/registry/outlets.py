"""Outlets of firms, the loggers that speak for them, and what the law asks of them."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from fenhe.platform.registry.dated import StandingFact, holding_on, known
from fenhe.platform.registry.fields import ExactDecimalField, SecretField

OUTLET_PREFIX = "outlet:"  # of the key of every site of this kind, and of no other


class Outlet(models.Model):
    """What makes a site an outlet; what may change of it is a dated ``OutletFact``."""

    class Medium(models.TextChoices):
        """What leaves it."""

        GAS = "gas", _("flue gas")
        WATER = "water", _("waste water")

    site = models.OneToOneField(
        "registry.Site", on_delete=models.CASCADE, primary_key=True, related_name="outlet"
    )
    medium = models.CharField(max_length=10, choices=Medium.choices)
    number = models.CharField(max_length=40, blank=True)  # as in the permit: DA001, DW001
    permit = models.CharField(max_length=40, blank=True)  # number of the discharge permit
    simulated = models.BooleanField(default=False)  # its data is made up, and shown as such

    class Meta:
        ordering: ClassVar = ["site_id"]

    def __str__(self) -> str:
        return self.site_id

    def fact_on(self, day: date, as_of: int | None = None) -> OutletFact | None:
        """Return what held of it on a day, as known now or at a commit; None if nothing is."""
        return self.facts.filter(known(as_of), holding_on(day)).order_by("-valid_from").first()


class OutletFact(StandingFact):
    """What held of an outlet in a span of days; an empty field is not known.

    ``reference_o2`` in %; ``stack_area`` in m²; ``velocity_factor`` is K of HJ 212 appendix D;
    ``excess_air`` the standard coefficient of excess air where the limit goes by it.
    """

    outlet = models.ForeignKey(Outlet, on_delete=models.CASCADE, related_name="facts")
    sector = models.CharField(max_length=40, blank=True)  # a word of standards/sources
    source_type = models.CharField(max_length=80, blank=True)  # what stands before it: coke oven …
    discharge = models.CharField(max_length=80, blank=True)  # way of discharge
    receiver = models.CharField(max_length=120, blank=True)  # water body or sewage works
    reference_o2 = ExactDecimalField(null=True, blank=True)
    excess_air = ExactDecimalField(null=True, blank=True)
    stack_area = ExactDecimalField(null=True, blank=True)
    stack_height = ExactDecimalField(null=True, blank=True)  # m
    velocity_factor = ExactDecimalField(null=True, blank=True)
    rated_load = ExactDecimalField(null=True, blank=True)
    rated_unit = models.CharField(max_length=20, blank=True)
    # sets of emission limits joined by ;: GB13271-2014/coal_boiler.new
    limit_set = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["outlet_id", "valid_from"]

    def __str__(self) -> str:
        return f"{self.outlet_id} {self.valid_from}"


class Device(models.Model):
    """A data logger (数采仪): one MN, one password; what it measures is said by its channels."""

    class Edition(models.IntegerChoices):
        """Which HJ 212 it speaks; without one, every frame is read for itself."""

        E2005 = 2005, "HJ/T 212-2005"
        E2017 = 2017, "HJ 212-2017"
        E2025 = 2025, "HJ 212-2025"

    mn = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120, blank=True)
    organisation = models.ForeignKey(
        "registry.Organisation", on_delete=models.PROTECT, null=True, related_name="devices"
    )
    password = SecretField(null=True, blank=True)  # None: none is asked for
    edition = models.PositiveSmallIntegerField(choices=Edition.choices, null=True, blank=True)
    # of a minute record, until the device itself says so; None: not known
    minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    model = models.CharField(max_length=120, blank=True)  # maker and type
    enabled = models.BooleanField(default=True)
    simulated = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["mn"]

    def __str__(self) -> str:
        return self.mn


class DeviceKey(models.Model):
    """An SM4 key of a device, in hex; several may be valid while one replaces another."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="keys")
    key = SecretField()
    made_at = models.CharField(max_length=17, blank=True)  # SKCreateTime as sent
    created_at = models.DateTimeField(auto_now_add=True)
    valid = models.BooleanField(default=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["device_id", "-id"]

    def __str__(self) -> str:
        return f"{self.device_id} #{self.pk}"


class Channel(StandingFact):
    """Which series a code on a device's wire stands for, in a span of days.

    ``st`` empty: under any system code. ``code`` as on the wire, in lower case. ``unit`` is that
    of the values, ``unit_sum`` that of the totals (Cou), as the device sends them; empty where
    the quantity has none.
    """

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="channels")
    st = models.CharField(max_length=2, blank=True)
    code = models.CharField(max_length=40)
    site = models.ForeignKey("registry.Site", on_delete=models.PROTECT, related_name="channels")
    item = models.CharField(max_length=40)
    unit = models.CharField(max_length=20, blank=True)
    unit_sum = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering: ClassVar = ["device_id", "st", "code", "valid_from"]
        indexes: ClassVar = [models.Index(fields=["device", "code"], name="channel_code")]

    def __str__(self) -> str:
        return f"{self.device_id} {self.st}/{self.code} → {self.site_id} {self.item}"


class PermitLimit(StandingFact):
    """A limit a permit or an order sets for one outlet.

    ``limit`` keeps its digits: the value is compared after rounding to them. ``low`` is the
    lower bound where there is one, such as of pH.
    """

    class Quantity(models.TextChoices):
        """What is limited."""

        CONCENTRATION = "concentration", _("concentration")
        RATE = "rate", _("emission rate")
        MASS = "mass", _("total mass")

    class Averaging(models.TextChoices):
        """Over what time."""

        INSTANT = "instant", _("spot value")
        MINUTES = "5min", _("5 minutes")
        HOUR = "hour", _("hour")
        DAY = "day", _("day")
        MONTH = "month", _("month")
        YEAR = "year", _("year")

    site = models.ForeignKey("registry.Site", on_delete=models.CASCADE, related_name="limits")
    item = models.CharField(max_length=40)
    quantity = models.CharField(
        max_length=15, choices=Quantity.choices, default=Quantity.CONCENTRATION
    )
    averaging = models.CharField(max_length=10, choices=Averaging.choices)
    low = ExactDecimalField(null=True, blank=True)
    limit = ExactDecimalField()
    unit = models.CharField(max_length=20, blank=True)
    reference_o2 = ExactDecimalField(null=True, blank=True)
    document = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["site_id", "item", "averaging", "valid_from"]

    def __str__(self) -> str:
        return f"{self.site_id} {self.item} {self.averaging} {self.limit} {self.unit}"


class Mark(models.Model):
    """A state of a facility or an instrument that an operator declares (标记).

    Three clocks: the event (``start`` to ``end``), the submission (``submitted_at``) and the
    ingestion (``ingested_at``, with the store's ``commit``). A mark is never changed: a revision
    is a row of its own that names the former one, which is withdrawn at its commit.
    """

    class Kind(models.TextChoices):
        """What is in that state."""

        FACILITY = "facility", _("facility")
        INSTRUMENT = "instrument", _("instrument")

    class Channel(models.TextChoices):
        """By what way it came."""

        MANUAL = "manual", _("by a person")
        AUTO = "auto", _("by the device")

    site = models.ForeignKey("registry.Site", on_delete=models.PROTECT, related_name="marks")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    code = models.CharField(max_length=40)
    items = models.JSONField(default=list)  # empty: all items of the outlet
    start = models.DateTimeField(db_index=True)
    end = models.DateTimeField(db_index=True)
    reason = models.TextField(blank=True)
    planned = models.BooleanField(default=False)
    submitter = models.CharField(max_length=150)
    submitted_at = models.DateTimeField()
    ingested_at = models.DateTimeField(auto_now_add=True)
    channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.MANUAL)
    revision = models.PositiveIntegerField(default=1)
    former = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="later")
    attachments = models.JSONField(default=list)  # of kept raw files: name, sha256, size
    findings = models.JSONField(default=list)  # what its checks found when it came in
    commit = models.BigIntegerField(default=0)
    withdrawn_commit = models.BigIntegerField(null=True, blank=True)
    withdrawn_by = models.CharField(max_length=150, blank=True)
    withdrawn_reason = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["site_id", "start", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(name="mark_ends_later", condition=Q(end__gt=models.F("start")))
        ]

    def __str__(self) -> str:
        return f"{self.site_id} {self.code} {self.start:%Y-%m-%d %H:%M}"


class DeviceParameter(models.Model):
    """What a device said of itself from a moment on: a parameter, a state, a line of its log.

    A row is written when the value is another than before, so that every change is seen. ``of``
    is the factor it belongs to, empty for the device as a whole.
    """

    class Kind(models.TextChoices):
        """What sort of thing it is."""

        PARAMETER = "parameter", _("parameter")
        STATE = "state", _("state")
        LOG = "log", _("log")

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="parameters")
    st = models.CharField(max_length=2, blank=True)
    of = models.CharField(max_length=40, blank=True)
    name = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PARAMETER)
    value = models.TextField()
    since = models.DateTimeField()  # the time the record speaks of
    arrived_at = models.DateTimeField()
    cn = models.CharField(max_length=4)
    raw_sha256 = models.CharField(max_length=64)  # the segment …
    raw_row = models.BigIntegerField()  # … and the entry in it
    commit = models.BigIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["device_id", "of", "name", "since", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["device", "st", "of", "name", "since", "raw_sha256", "raw_row"],
                name="one_row_per_telling",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["device", "name", "since"], name="told_since")]

    def __str__(self) -> str:
        return f"{self.device_id} {self.of} {self.name}={self.value}"
