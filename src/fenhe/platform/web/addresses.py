"""Addresses that stand in tables by the hundred, put together without resolving each."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from urllib.parse import quote

from django.urls import reverse
from django.utils.translation import get_language


@lru_cache(maxsize=16)
def _root(name: str, _language: str | None) -> str:
    return reverse(name)


def evidence(assessment: str, key: str, label: str) -> str:
    """Return the address of the evidence of one cell; ``label`` as addresses carry hours."""
    root = _root("web:evidence_root", get_language())
    return f"{root}{quote(assessment)}/{quote(key)}/{label}/"


def station(key: str, day: date) -> str:
    """Return the address of a station's page for the days up to ``day``."""
    return f"{_root('web:stations', get_language())}{quote(key)}/?to={day.isoformat()}"
