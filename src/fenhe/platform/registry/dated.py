"""What every dated fact of the registry has: its days, its source, when it became known."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Q

ALWAYS = date(1900, 1, 1)  # since when is not known
END_OF_TIME = date(9999, 12, 31)


class DatedFact(models.Model):
    """A fact that held for a span of days, where it came from, and when it became known.

    ``valid_to`` is the last day, open-ended as 9999-12-31. ``commit`` is the store's commit
    number at the time of entry: the order of knowledge that ``as_of`` follows.
    """

    valid_from = models.DateField(default=ALWAYS)
    valid_to = models.DateField(default=END_OF_TIME)
    source = models.CharField(max_length=300, blank=True)
    commit = models.BigIntegerField(default=0)

    class Meta:
        abstract = True

    def holds_on(self, day: date) -> bool:
        """Say whether the fact held on a day."""
        return self.valid_from <= day <= self.valid_to


class StandingFact(DatedFact):
    """A dated fact that may be put right: the row stays, withdrawn at a commit of the store.

    ``withdrawn_commit`` is the store's commit number when that happened, so that ``as_of`` still
    finds what was believed before.
    """

    withdrawn_commit = models.BigIntegerField(null=True, blank=True)

    class Meta:
        abstract = True


def known(as_of: int | None = None) -> Q:
    """Return the condition on facts that stood: now, or as known at a commit of the store."""
    if as_of is None:
        return Q(withdrawn_commit__isnull=True)
    later = Q(withdrawn_commit__isnull=True) | Q(withdrawn_commit__gte=as_of)
    return later & Q(commit__lt=as_of)


def holding_on(day: date) -> Q:
    """Return the condition on facts that held on a day."""
    return Q(valid_from__lte=day, valid_to__gte=day)
