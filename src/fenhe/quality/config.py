"""Which check looks at which series with which numbers; read from a data file, never from code.

A rule names a parameter, a statistic and, if it is about one instrument, a method or a site;
``*`` is any. The most particular rule that fits a series is the one used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from fenhe.base.errors import BadInput
from fenhe.quality.cross import CHECK as CROSS
from fenhe.quality.cross import Relation
from fenhe.quality.points import Floats
from fenhe.standards.model import Edition, Row

ANY = "*"
_WHERE = ("site", "parameter", "method", "statistic")  # the most particular first


@dataclass(frozen=True)
class Rule:
    """The numbers of one check for the series it names, with the reason for them."""

    check: str
    numbers: Mapping[str, float]
    parameter: str = ANY
    statistic: str = ANY
    method: str = ANY
    site: str = ANY
    id: str = ""
    unit: str = ""
    mark: str = ""
    reason: str = ""
    source: str = ""

    def fits(self, series: Mapping[str, str]) -> bool:
        """Say whether the rule is about a series (site, item, statistic, method)."""
        wanted = (self.site, self.parameter, self.method, self.statistic)
        given = (series["site"], series["item"], series.get("method", ANY), series["statistic"])
        return all(mine in (ANY, other) for mine, other in zip(wanted, given, strict=True))

    @property
    def rank(self) -> tuple[bool, ...]:
        """How particular it is; the greater one is used."""
        return tuple(getattr(self, name) != ANY for name in _WHERE)


@dataclass(frozen=True)
class Numbers:
    """The numbers of one check for a list of series; NaN where no rule fits."""

    given: Mapping[str, Floats]
    rules: tuple[Rule | None, ...]

    def __getitem__(self, name: str) -> Floats:
        return self.given[name]

    def part(self, begin: int, end: int) -> Numbers:
        """Return those of the series ``begin`` to ``end``."""
        cut = {name: each[begin:end] for name, each in self.given.items()}
        return Numbers(cut, self.rules[begin:end])


@dataclass(frozen=True)
class Config:
    """All rules of a version. ``reach``: steps two values may lie apart without a gap."""

    version: str
    rules: tuple[Rule, ...]
    reach: float
    relations: tuple[Relation, ...] = ()
    _kept: dict[tuple[str, ...], Rule | None] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def checks(self) -> tuple[str, ...]:
        """The checks there are rules for."""
        single = dict.fromkeys(rule.check for rule in self.rules)
        return (*single, CROSS) if self.relations else tuple(single)

    def with_rules(self, rules: Iterable[Rule], version: str = "") -> Config:
        """Return the configuration with more rules, such as those of one outlet."""
        return replace(self, rules=(*self.rules, *rules), version=version or self.version, _kept={})

    def rule(self, check: str, series: Mapping[str, str]) -> Rule | None:
        """Return the most particular rule of a check for a series; None when none fits."""
        place = (
            check,
            *(series.get(name, ANY) for name in ("site", "item", "statistic", "method")),
        )
        if place not in self._kept:
            fitting = [r for r in self.rules if r.check == check and r.fits(series)]
            self._kept[place] = max(fitting, key=lambda rule: rule.rank, default=None)
        return self._kept[place]

    def numbers(self, check: str, names: tuple[str, ...], keys: pl.DataFrame) -> Numbers | None:
        """Return the numbers ``names`` of a check for each series; None when no rule fits any."""
        rules = self._rules(check, keys)
        if not any(rules):
            return None
        given = {
            name: np.array([rule.numbers.get(name, np.nan) if rule else np.nan for rule in rules])
            for name in names
        }
        return Numbers(given, tuple(rules))

    def _rules(self, check: str, keys: pl.DataFrame) -> list[Rule | None]:
        about = ["item", "statistic", *(["method"] if "method" in keys.columns else [])]
        if any(rule.site != ANY for rule in self.rules if rule.check == check):
            return [self.rule(check, series) for series in keys.iter_rows(named=True)]
        kinds = keys.select(about).unique()
        known = {
            tuple(series.values()): self.rule(check, {"site": ANY, **series})
            for series in kinds.iter_rows(named=True)
        }
        return [known[row] for row in keys.select(about).iter_rows()]


def of(edition: Edition) -> Config:
    """Return the configuration an edition of check data holds.

    Each table keyed by ``parameter`` is a check of that name, the table ``relations`` is that of
    checks between items; the value ``reach`` is needed.
    Raises ``BadInput`` when it is lacking.
    """
    if "reach" not in edition.values:
        raise BadInput(f"{edition.id} holds no checks: it lacks the value 'reach'")
    rules = tuple(
        _rule(name, row)
        for name, table in edition.tables.items()
        if "parameter" in table.key
        for row in table.rows
    )
    relations = edition.tables.get("relations")
    return Config(
        edition.id,
        rules,
        float(edition.value("reach").number),
        tuple(_relation(row) for row in relations or ()),
    )


def _relation(row: Row) -> Relation:
    words = {name: str(row[name]) for name in ("name", "left", "right", "statistic")}
    numbers = {
        name: float(row[name])
        for name in ("above", "low", "high", "slope", "intercept", "allowed")
        if row[name] is not None
    }
    return Relation(kind=row["form"], numbers=numbers, **words)


def _rule(check: str, row: Row) -> Rule:
    where = {name: row.cells.get(name) or ANY for name in _WHERE}
    numbers = {
        name: float(cell)
        for name, cell in row.cells.items()
        if name not in _WHERE and cell is not None
    }
    return Rule(
        check,
        numbers,
        **where,
        id=row.id,
        unit=row.unit,
        mark=row.mark,
        reason=row.note,
        source=row.source,
    )
