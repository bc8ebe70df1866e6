"""Entering dated facts: what they overlap is withdrawn at a commit, what is left is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeVar

from django.db.models import QuerySet

from fenhe.platform.registry.dated import StandingFact

ONE_DAY = timedelta(days=1)
Fact = TypeVar("Fact", bound=StandingFact)
_OF_ENTRY = {"id", "source", "commit", "withdrawn_commit"}  # say nothing of what held


def enter(fact: Fact, same: QuerySet[Fact]) -> bool:
    """Enter a fact so that it holds in its span and all else stays; say whether it is news.

    ``same``: the facts of the same thing. Those that stand and overlap are withdrawn at
    ``fact.commit``; what is left of them before and after the span is entered anew.
    """
    standing = same.filter(
        withdrawn_commit__isnull=True,
        valid_from__lte=fact.valid_to,
        valid_to__gte=fact.valid_from,
    )
    overlapped = list(standing)
    if any(_content(one) == _content(fact) for one in overlapped):
        return False
    for one in overlapped:
        if one.valid_from < fact.valid_from:
            _copy(one, valid_to=fact.valid_from - ONE_DAY, commit=fact.commit).save()
        if one.valid_to > fact.valid_to:
            _copy(one, valid_from=fact.valid_to + ONE_DAY, commit=fact.commit).save()
        one.withdrawn_commit = fact.commit
        one.save(update_fields=["withdrawn_commit"])
    fact.save()
    return True


def withdraw(fact: StandingFact, commit: int) -> None:
    """Say that a fact never held, as known from a commit on."""
    fact.withdrawn_commit = commit
    fact.save(update_fields=["withdrawn_commit"])


def _values(fact: StandingFact) -> dict[str, Any]:
    return {field.attname: getattr(fact, field.attname) for field in fact._meta.concrete_fields}


def _content(fact: StandingFact) -> dict[str, str | None]:
    """Return what a fact says, as it is kept: ``30`` and ``30.0`` are two limits."""
    return {
        name: None if value is None else str(value)
        for name, value in _values(fact).items()
        if name not in _OF_ENTRY
    }


def _copy(fact: Fact, **changed: Any) -> Fact:
    left = {name: value for name, value in _values(fact).items() if name != "id"}
    return type(fact)(**{**left, **changed, "withdrawn_commit": None})
