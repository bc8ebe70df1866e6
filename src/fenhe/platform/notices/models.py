"""Episodes of alarms, routes, and every notice with every try to send it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from fenhe.platform.registry.fields import SecretField


class Topic(models.TextChoices):
    """What alarms are about; the routes of one never carry the other."""

    SYSTEM = "system", _("the system itself")
    SOURCES = "sources", _("pollution sources")


class Severity(models.TextChoices):
    """How grave."""

    WARNING = "warning", _("warning")
    CRITICAL = "critical", _("critical")


class Episode(models.Model):
    """One condition of one object from its beginning to its end; open, it is the only one."""

    topic = models.CharField(max_length=10, choices=Topic.choices, default=Topic.SYSTEM)
    kind = models.SlugField(max_length=40)
    object = models.CharField(max_length=200)
    region = models.ForeignKey(
        "registry.Region", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    severity = models.CharField(max_length=10, choices=Severity.choices)
    facts = models.JSONField(default=dict)
    opened_at = models.DateTimeField(db_index=True)
    seen_at = models.DateTimeField()  # when the condition was last found
    gone_at = models.DateTimeField(null=True)  # since when it is gone, while that may be a pause
    times = models.PositiveBigIntegerField(default=1)
    hold = models.FloatField(default=0)  # seconds it must be gone before it counts as ended
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=150, blank=True)
    note = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        ordering: ClassVar = ["-opened_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["topic", "kind", "object"],
                condition=Q(closed_at__isnull=True),
                name="one_open_episode",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object}"

    @property
    def state(self) -> str:
        """``open``, ``acknowledged`` or ``closed``."""
        if self.closed_at is not None:
            return "closed"
        return "acknowledged" if self.acknowledged_at is not None else "open"


class Happening(models.Model):
    """What happened to an episode; repetitions in a row are one row, counted."""

    class What(models.TextChoices):
        """What it was."""

        OPENED = "opened", _("opened")
        REPEATED = "repeated", _("repeated")
        GRAVER = "graver", _("became critical")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        CLOSED = "closed", _("closed")

    episode = models.ForeignKey(Episode, on_delete=models.CASCADE, related_name="happenings")
    what = models.CharField(max_length=15, choices=What.choices)
    at = models.DateTimeField()
    last_at = models.DateTimeField()
    times = models.PositiveBigIntegerField(default=1)
    who = models.CharField(max_length=150, default="system")
    text = models.TextField(blank=True)
    facts = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.episode_id} {self.what}"


class Threshold(models.Model):
    """A limit this installation set otherwise than the default, and why."""

    key = models.CharField(primary_key=True, max_length=80)
    value = models.FloatField()
    reason = models.TextField()
    actor = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["key"]

    def __str__(self) -> str:
        return f"{self.key} = {self.value:g}"


class Route(models.Model):
    """A way by which one topic is told: an address of mail or of a service, and when.

    ``url`` is the server or service with its secrets; ``to`` are the addressees of mail, and
    with ``role`` every person of that role who has an address and may see the alarm.
    """

    class Kind(models.TextChoices):
        """By what."""

        MAIL = "mail", _("mail")
        WEBHOOK = "webhook", _("webhook")
        WECOM = "wecom", _("WeCom")
        DINGTALK = "dingtalk", _("DingTalk")
        FEISHU = "feishu", _("Feishu")

    class Language(models.TextChoices):
        """In which language."""

        ZH = "zh", "中文"
        EN = "en", "English"

    key = models.SlugField(primary_key=True, max_length=60)
    title = models.CharField(max_length=120, blank=True)
    topic = models.CharField(max_length=10, choices=Topic.choices, default=Topic.SYSTEM)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    url = SecretField(null=True, blank=True)
    to = models.JSONField(default=list)
    role = models.CharField(max_length=20, blank=True)
    region = models.ForeignKey(
        "registry.Region", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    language = models.CharField(max_length=2, choices=Language.choices, default=Language.ZH)
    least = models.CharField(max_length=10, choices=Severity.choices, default=Severity.WARNING)
    link = models.URLField(blank=True)  # where the pages are reached, for the reader
    group_s = models.PositiveIntegerField(default=30)  # seconds in which alarms become one notice
    quiet_from = models.CharField(max_length=5, blank=True)  # HH:MM, Beijing; empty: never quiet
    quiet_to = models.CharField(max_length=5, blank=True)
    wakes = models.BooleanField(default=True)  # critical alarms are sent in quiet hours too
    reminders = models.JSONField(default=list)  # hours after the opening; then daily
    active = models.BooleanField(default=True)

    failures = models.PositiveIntegerField(default=0)  # in a row
    next_try = models.DateTimeField(null=True)  # None: at once
    last_ok = models.DateTimeField(null=True)
    last_tried = models.DateTimeField(null=True)
    last_answer = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["key"]

    def __str__(self) -> str:
        return self.key


class Told(models.Model):
    """That one addressee of a route has been told of an episode; there is one such row."""

    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="told")
    recipient = models.CharField(max_length=254, blank=True)
    episode = models.ForeignKey(Episode, on_delete=models.CASCADE, related_name="told")
    reminders = models.PositiveIntegerField(default=0)
    next_reminder = models.DateTimeField(null=True, db_index=True)
    closed = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["route", "recipient", "episode"], name="told_once")
        ]

    def __str__(self) -> str:
        return f"{self.route_id} {self.recipient} {self.episode_id}"


class Notice(models.Model):
    """One message to one addressee: lines about one or more episodes, or a test."""

    class State(models.TextChoices):
        """What became of it."""

        WAITING = "waiting", _("waits")
        SENDING = "sending", _("is being sent")
        SENT = "sent", _("sent")
        GIVEN_UP = "given_up", _("given up")

    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="notices")
    recipient = models.CharField(max_length=254, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    test = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)
    sent_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["state", "due_at"], name="notice_due")]

    def __str__(self) -> str:
        return f"{self.pk} {self.route_id} {self.state}"


class Line(models.Model):
    """What a notice says of one episode."""

    class Phase(models.TextChoices):
        """At which point of the episode."""

        OPENED = "opened", _("opened")
        GRAVER = "graver", _("became critical")
        REMINDER = "reminder", _("still open")
        CLOSED = "closed", _("closed")

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="lines")
    told = models.ForeignKey(Told, on_delete=models.CASCADE, related_name="lines")
    phase = models.CharField(max_length=10, choices=Phase.choices)
    number = models.PositiveIntegerField(default=0)  # of the reminder

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["told", "phase", "number"], name="said_once")
        ]

    def __str__(self) -> str:
        return f"{self.notice_id} {self.phase}"


class Attempt(models.Model):
    """One try to send a notice, and what was answered."""

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    seconds = models.FloatField(default=0)
    ok = models.BooleanField(default=False)
    answer = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.notice_id} {'ok' if self.ok else 'failed'}"
