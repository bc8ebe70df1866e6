"""The start and lifting conditions of heavy-pollution warnings as typed values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from fenhe import standards
from fenhe.base.errors import BadInput
from fenhe.methods import intake
from fenhe.standards import Edition, Row

STANDARD = "WARNING"
COMPARE = ("above", "at_least")

_EVER = 99_991_231


@dataclass(frozen=True, order=True)
class Threshold:
    """What a daily AQI must be: above a number, or at least it."""

    aqi: int
    compare: str

    @property
    def name(self) -> str:
        """A short name for columns."""
        return f"{self.compare}_{self.aqi}"


@dataclass(frozen=True)
class Condition:
    """A threshold that must hold on so many consecutive days."""

    threshold: Threshold
    days: int


@dataclass(frozen=True)
class Level:
    """One level; it starts when all conditions of one alternative hold."""

    name: str
    order: int
    alternatives: tuple[tuple[Condition, ...], ...]


@dataclass(frozen=True)
class WarningRules:
    """Everything a regime says; ``bridged`` is the most days between parts of one episode."""

    edition: str
    levels: tuple[Level, ...]  # the highest first
    bridged: int | None  # None: no source says
    lift: str  # id of the hours of lifting
    lift_firm: bool

    @property
    def thresholds(self) -> set[Threshold]:
        """Every threshold of the regime."""
        return {c.threshold for one in self.levels for group in one.alternatives for c in group}

    @classmethod
    def from_edition(cls, edition: Edition) -> WarningRules:
        """Return the rules of a regime; ``BadInput`` for a rule not known here."""
        merged = edition.value("episodes")
        if merged.text != "one_at_the_higher_level":
            raise BadInput(f"{merged.id} is not what this version computes")
        day = edition.value("day_hours").integer
        lift = edition.value("lift_hours")
        rows = edition.table("levels").rows
        return cls(
            edition=edition.id,
            levels=tuple(
                _level(edition, row, day) for row in sorted(rows, key=lambda r: -int(r["order"]))
            ),
            bridged=_days(lift.integer, day) - 1 if lift.known else None,
            lift=lift.id,
            lift_firm=lift.firm,
        )


def _level(edition: Edition, level: Row, day: int) -> Level:
    groups: dict[int, list[Condition]] = {}
    for row in edition.table("triggers").where(level=level["level"]):
        if row["compare"] not in COMPARE:
            raise BadInput(f"{row.id}: '{row['compare']}' is none of {', '.join(COMPARE)}")
        threshold = Threshold(int(row["aqi"]), row["compare"])
        found = Condition(threshold, _days(int(row["hours"]), day))
        groups.setdefault(int(row["alternative"]), []).append(found)
    # the widest condition first: the others hold within its days
    ordered = (tuple(sorted(g, key=lambda c: c.threshold)) for g in groups.values())
    return Level(level["level"], int(level["order"]), tuple(ordered))


def _days(hours: int, day: int) -> int:
    return ceil(Fraction(hours, day))


@dataclass(frozen=True)
class Span:
    """The days, as yyyymmdd, on which a regime holds."""

    rules: WarningRules
    first: int
    last: int


@dataclass(frozen=True)
class Regimes:
    """The regime of areas named on their own, and those of the rest by the day."""

    rest: tuple[Span, ...]
    named: tuple[tuple[WarningRules, tuple[str, ...]], ...] = ()

    @classmethod
    def of(
        cls, edition: Edition, by_day: Sequence[Edition], given: Mapping[str, Edition]
    ) -> Regimes:
        """Return the regimes: of the day or of one edition, and of the parameter ``regime``."""
        areas: dict[str, list[str]] = {}
        editions = {e.id: e for e in given.values()}
        for area, named in given.items():
            if area:
                areas.setdefault(named.id, []).append(area)
        own = ((WarningRules.from_edition(editions[i]), tuple(a)) for i, a in areas.items())
        if "" in given or not by_day:
            always = WarningRules.from_edition(given.get("", edition))
            return cls((Span(always, 0, _EVER),), tuple(own))
        return cls(tuple(_span(e) for e in by_day), tuple(own))

    @property
    def all_rules(self) -> tuple[WarningRules, ...]:
        """Each regime once."""
        every = [*(span.rules for span in self.rest), *(rules for rules, _ in self.named)]
        return tuple({rules.edition: rules for rules in every}.values())

    @property
    def level_names(self) -> dict[int, str]:
        """The levels by their place, which is the same in every regime."""
        return {one.order: one.name for rules in self.all_rules for one in rules.levels}

    @property
    def thresholds(self) -> list[Threshold]:
        """Every threshold of the regimes, the lowest first."""
        return sorted({t for rules in self.all_rules for t in rules.thresholds})

    @property
    def nested(self) -> list[tuple[Threshold, Threshold]]:
        """The thresholds of one alternative: the widest with each of the others."""
        return sorted(
            {
                (group[0].threshold, other.threshold)
                for rules in self.all_rules
                for level in rules.levels
                for group in level.alternatives
                for other in group[1:]
            }
        )

    @property
    def bridged(self) -> list[int]:
        """The days that may lie between the parts of an episode, for each regime that says."""
        return sorted({r.bridged for r in self.all_rules if r.bridged is not None})


def _span(edition: Edition) -> Span:
    last = edition.in_force_to
    return Span(
        WarningRules.from_edition(edition),
        intake.day_number(edition.in_force_from),
        _EVER if last is None else intake.day_number(last),
    )


def regimes(text: str) -> dict[str, Edition]:
    """Return the regime of each area from ``2019`` (all: key ``""``) or ``太原:2019,大同:2024``.

    A regime is named by its edition (``WARNING-2019``) or the year in its id. ``BadInput``
    lists those there are.
    """
    found: dict[str, Edition] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        area, _, name = part.rpartition(":")
        if area.strip() in found:
            raise BadInput(f"regime: '{area.strip() or 'all areas'}' stands there twice")
        found[area.strip()] = _regime(name.strip())
    return found


def _regime(name: str) -> Edition:
    known = {e.id: e for e in standards.catalogue().editions(STANDARD)}
    for wanted in (name.upper(), f"{STANDARD}-{name}"):
        if wanted in known:
            return known[wanted]
    raise BadInput(f"regime: '{name}' is unknown; known: {', '.join(known)}")
