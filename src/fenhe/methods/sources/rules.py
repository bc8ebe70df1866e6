"""What HJ 75 says of gas, as typed rules: constants of the formulas and least numbers of data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from fenhe.base.errors import BadInput
from fenhe.standards import Edition

STANDARD = "HJ75"
DEFAULT = "HJ75-2017"
WATER = "HJ356"
WATER_DEFAULT = "HJ356-2019"

#: Flags that are not written say nothing: the value is taken as it is.
NO_FLAG = ""


@dataclass(frozen=True)
class GasRules:
    """Constants of the conversion; a rule this version does not compute is refused."""

    edition: str
    t0: Decimal  # K
    p0: Decimal  # Pa
    molar_volume: Decimal
    air: Decimal  # % oxygen
    masses: Mapping[str, Decimal]  # factor, and its names in lower case -> g/mol
    nox: frozenset[str]

    @classmethod
    @lru_cache(maxsize=16)
    def of(cls, edition: Edition) -> GasRules:
        """Return the rules of an HJ 75 edition; ``BadInput`` for a rule not known here."""
        known = {"oxygen_too_high": "not_computable", "emission_mass": "dry_standard"}
        for name, text in known.items():
            if edition.value(name).text != text:
                raise BadInput(f"{edition.value(name).id} is not '{text}'")
        masses: dict[str, Decimal] = {}
        nox: set[str] = set()
        for row in edition.table("molar_masses"):
            names = (row["factor"], *(name.lower() for name in row["names"]))
            masses |= dict.fromkeys(names, row["mass"])
            if "nox" in names:
                nox |= set(names)
        return cls(
            edition=edition.id,
            t0=edition.value("standard_temperature").number,
            p0=edition.value("standard_pressure").number,
            molar_volume=edition.value("molar_volume").number,
            air=edition.value("oxygen_of_air").number,
            masses=masses,
            nox=frozenset(nox),
        )

    def mass_of(self, name: str) -> Decimal:
        """Return the molar mass of a factor or its name."""
        return self.masses[name]
