"""The kinds of alarms, as data: words, what to do, limits with their reasons."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib import resources
from typing import Any

from fenhe.base.errors import BadInput

COMMON = "common"
SYSTEM, SOURCES = "system", "sources"
TOPICS = (SYSTEM, SOURCES)
WARNING, CRITICAL = "warning", "critical"
SEVERITIES = (WARNING, CRITICAL)  # mild to grave


@dataclass(frozen=True)
class Limit:
    """A number one may set: its default, unit, span, and why it is what it is."""

    kind: str
    name: str
    value: float
    unit: str
    lowest: float
    highest: float
    reason_zh: str
    reason_en: str

    @property
    def key(self) -> str:
        """``kind.name``, as people write it."""
        return f"{self.kind}.{self.name}"


@dataclass(frozen=True)
class Kind:
    """One kind of alarm; ``every``: seconds between looks."""

    id: str
    severity: str
    every: float
    title_zh: str
    title_en: str
    said_zh: str
    said_en: str
    do_zh: str
    do_en: str
    limits: Mapping[str, Limit]
    topic: str = SYSTEM


@lru_cache(maxsize=1)
def all_kinds() -> Mapping[str, Kind]:
    """Return the kinds by id, in the order of the file."""
    return {name: _kind(name, part) for name, part in _read().items() if name != COMMON}


@lru_cache(maxsize=1)
def all_limits() -> Mapping[str, Limit]:
    """Return every limit by its key, the common ones first."""
    common = _limits(COMMON, _read()[COMMON])
    own = [limit for kind in all_kinds().values() for limit in kind.limits.values()]
    return {limit.key: limit for limit in [*common.values(), *own]}


def limit(key: str) -> Limit:
    """Return a limit. Raises ``BadInput`` naming those there are."""
    found = all_limits().get(key)
    if found is None:
        raise BadInput(f"there is no limit '{key}'; known: {', '.join(all_limits())}")
    return found


def _read() -> dict[str, Any]:
    path = resources.files(__package__) / "data" / "kinds.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _kind(name: str, part: dict[str, Any]) -> Kind:
    known = {field.name for field in fields(Kind)}
    if part.keys() - known or part["severity"] not in SEVERITIES:
        raise BadInput(f"kinds.toml: '{name}' has an unknown key or severity")
    plain = {key: value for key, value in part.items() if key != "limits"}
    return Kind(id=name, limits=_limits(name, part), **plain)


def _limits(kind: str, part: dict[str, Any]) -> dict[str, Limit]:
    return {name: Limit(kind, name, **told) for name, told in part.get("limits", {}).items()}
