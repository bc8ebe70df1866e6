"""Commands to devices, with their state."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class Command(models.Model):
    """One request to a device, from who asked to what the device answered.

    ``fields`` are the items of CP in order, ``[[name, text]…]``; a new password or key stands
    there as ``******`` and is in ``sealed``, encrypted, until the command has ended.
    """

    class State(models.TextChoices):
        """How far a command is."""

        ASKED = "asked", _("waits for a second person")
        APPROVED = "approved", _("waits for the device")
        SENT = "sent", _("sent")
        ACCEPTED = "accepted", _("accepted by the device")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        REFUSED = "refused", _("refused by the device")
        TIMED_OUT = "timed_out", _("no answer")
        WITHDRAWN = "withdrawn", _("withdrawn")

    ENDED = (State.DONE, State.FAILED, State.REFUSED, State.TIMED_OUT, State.WITHDRAWN)
    UNDER_WAY = (State.SENT, State.ACCEPTED)

    mn = models.CharField(max_length=64, db_index=True)
    cn = models.CharField(max_length=4)
    st = models.CharField(max_length=2)
    fields = models.JSONField(default=list)
    sealed = models.TextField(blank=True)
    changes = models.BooleanField(default=False)  # changes the device, not only asks it
    state = models.CharField(max_length=10, choices=State.choices, db_index=True)
    reason = models.TextField(blank=True)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.CharField(max_length=150, blank=True)  # the second person
    decided_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    gateway = models.CharField(max_length=40, blank=True)  # which one sent it
    qn = models.CharField(max_length=17, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    qn_rtn = models.CharField(max_length=8, blank=True)
    exe_rtn = models.CharField(max_length=8, blank=True)
    frames = models.PositiveIntegerField(default=0)  # of data that came in answer
    result = models.JSONField(default=list)  # what those of parameters said
    why = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.pk} {self.mn} {self.cn} {self.state}"

    @property
    def is_over(self) -> bool:
        """True when nothing more will happen to it."""
        return self.state in self.ENDED
