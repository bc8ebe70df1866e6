"""Rules of judging as typed data: windows of conditions, temporary orders, how values compare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from fenhe.base.errors import BadInput
from fenhe.methods import intake
from fenhe.standards import Edition

STANDARD, DEFAULT = "JUDGING", "JUDGING-2023"

STOPPED = "stopped"


@dataclass(frozen=True)
class Window:
    """Hours from the start of a condition in which items of a sector are not judged."""

    id: str
    sector: str
    event: str
    hours: Decimal
    by_year: bool  # the hours of all such conditions of a year together, not of one condition
    factors: tuple[str, ...]
    most: Decimal | None  # hourly mean of particles that has to be kept
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """A temporary limit of an area, from a first to a last day."""

    id: str
    area: str
    kinds: tuple[str, ...]
    least_load: Decimal | None
    factor: str
    averaging: str
    limit: Decimal
    first: int
    last: int
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class JudgingRules:
    """What is common to every verdict on a source."""

    edition: str
    compare: str  # id of the convention
    compare_doubtful: bool
    multiple: int
    windows: tuple[Window, ...]
    orders: tuple[Order, ...]
    voids: tuple[str, ...]  # marks of devices: the data are invalid
    unlimited: tuple[str, ...]  # conditions whose time limit no source gives
    fault_window: Decimal | None
    fault_id: str

    @classmethod
    @lru_cache(maxsize=16)
    def of(cls, edition: Edition) -> JudgingRules:
        """Return the rules of a JUDGING edition; ``BadInput`` for a rule not known here."""
        known = {
            "compare": "rounded_to_limit",
            "marks_void_data": "no_basis_for_exceedance",
            "abnormal_condition": "no_basis_within_limited_time",
        }
        for name, text in known.items():
            if edition.value(name).text != text:
                raise BadInput(f"{edition.value(name).id} is not '{text}'")
        compare, fault = edition.value("compare"), edition.value("fault_window")
        conditions = list(edition.table("conditions"))
        return cls(
            edition=edition.id,
            compare=compare.id,
            compare_doubtful=not compare.firm,
            multiple=edition.value("multiple_decimals").integer,
            windows=tuple(_windows(edition)),
            orders=tuple(_orders(edition)),
            voids=tuple(r["code"] for r in conditions if r["effect"] == "data_invalid"),
            unlimited=tuple(r["code"] for r in conditions if r["effect"] == "unknown_window"),
            fault_window=fault.number if fault.known else None,
            fault_id=fault.id,
        )


def _windows(edition: Edition) -> Iterator[Window]:
    for row in edition.table("windows"):
        needs = row["needs"]
        if row["per"] not in ("condition", "year"):
            raise BadInput(f"{row.id} counts hours neither by condition nor by year")
        doubts = [] if row.firm else [row.id]
        yield Window(
            id=row.id,
            sector=row["sector"],
            event=row["event"],
            hours=row["hours"],
            by_year=row["per"] == "year",
            factors=tuple(row["factors"]),
            most=edition.value(needs).number if needs else None,
            doubts=tuple(doubts),
        )


def _orders(edition: Edition) -> Iterator[Order]:
    for row in edition.table("orders"):
        period = edition.table("order_periods").one(order=row["order"])
        yield Order(
            id=row.id,
            area=row["area"],
            kinds=tuple(row["kinds"]),
            least_load=row["least_load"],
            factor=row["factor"],
            averaging=row["averaging"],
            limit=row["limit"],
            first=intake.day_number(period["from"]),
            last=intake.day_number(period["to"]),
            doubts=tuple(part.id for part in (row, period) if not part.firm),
        )
