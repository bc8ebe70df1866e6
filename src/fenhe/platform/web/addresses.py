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


def edition(edition_id: str) -> str:
    """Return the page of an edition of a standard."""
    return f"{_root('web:standards', get_language())}{quote(edition_id, safe=':')}/"


def value(value_id: str) -> str:
    """Return the place of a value or row on the page of its edition: ``HJ633-2012/cap``."""
    page = edition(value_id.partition("/")[0])
    return f"{page}#{quote(value_id, safe='/:@')}"


def method(method_id: str) -> str:
    """Return the place of a method on the page of methods."""
    return f"{_root('web:methods', get_language())}#{method_id}"


def city(key: str, query: str = "") -> str:
    """Return the address of a city's page."""
    root = f"{_root('web:cities', get_language())}{quote(key, safe=':')}/"
    return f"{root}?{query}" if query else root


def ranking() -> str:
    """Return the address of the ranking."""
    return _root("web:ranking", get_language())
