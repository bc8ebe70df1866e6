"""HJ 633 once more, row by row in plain fractions: what the methods are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Any

from fenhe.base.sentinels import SENTINELS
from fenhe.standards import Edition

Row = dict[str, Any]
Conc = Mapping[str, Decimal | None]


class Oracle:
    """The index of one edition, from its tables, without any of the methods' code."""

    def __init__(self, edition: Edition, report: str) -> None:
        self.edition = edition
        self.columns = {
            r["column"]: (r["item"], r["breakpoints"])
            for r in edition.table("report_items").where(report=report)
        }
        self.beyond = {(r["item"], r["averaging"]): r["iaqi"] for r in edition.table("beyond")}
        self.old = edition.id.endswith("2012")
        self.table = {column: self.read(*self.columns[column]) for column in self.columns}
        decimals = edition.table("concentration_decimals")
        self.factor = {
            column: 10 ** int(decimals.one(item=item)["decimals"])
            for column, (item, _) in self.columns.items()
        }
        if self.old and report == "hourly":
            self.factor["co"] = 1000  # as published in 2014

    def points(self, column: str) -> list[tuple[Fraction, int]]:
        return self.table[column]

    def read(self, item: str, averaging: str) -> list[tuple[Fraction, int]]:
        rows = self.edition.table("breakpoints").where(item=item, averaging=averaging)
        return sorted((Fraction(r["conc"]), int(r["iaqi"])) for r in rows)

    def rounded(self, column: str, conc: Decimal) -> Fraction:
        factor = self.factor[column]
        return Fraction(round(Fraction(conc) * factor), factor)

    def over(self, column: str, conc: Fraction) -> bool:
        return conc > self.points(column)[-1][0]

    def iaqi(self, column: str, conc: Fraction) -> int | None:
        points = self.points(column)
        if self.over(column, conc):
            return self.beyond.get(self.columns[column], 500)
        for (c0, i0), (c1, i1) in pairwise(points):
            if conc <= c1:
                return ceil(Fraction(i1 - i0) / (c1 - c0) * (conc - c0) + i0)
        raise AssertionError(conc)

    def judge(self, conc: Conc, exempt: tuple[str, ...] = ()) -> Row:
        good = {
            c: v
            for c in self.columns
            if (v := conc.get(c)) is not None and v >= 0 and v not in SENTINELS
        }
        rounded = {c: self.rounded(c, v) for c, v in good.items()}
        row: Row = {
            f"iaqi_{c}": self.iaqi(c, rounded[c]) if c in good else None for c in self.columns
        }
        best, first = self.best({c: row[f"iaqi_{c}"] for c in good})
        gone = [c for c in self.columns if c not in good and c not in exempt]
        status = "not_judged" if best is None else "judged"
        if status == "judged" and not self.old and gone and best is not None and best <= 100:
            status = "not_published"
        aqi = best if status == "judged" else None
        row |= {"aqi": aqi, "aqi_of_available": best, "status": status}
        row["primary"] = ";".join(first) if aqi is not None and aqi > 50 else None
        tops = (50, 100, 150, 200, 300)
        row["category"] = None if aqi is None else 1 + sum(aqi > top for top in tops)
        row["reason"] = self.reason(conc, good, rounded, exempt)
        row["unverified"] = self.unverified(good, rounded, row)
        row["edition"] = self.edition.id
        return row

    def best(self, indices: Mapping[str, int | None]) -> tuple[int | None, list[str]]:
        found = [i for i in indices.values() if i is not None]
        top = max(found, default=None)
        return top, [c for c in self.columns if top is not None and indices.get(c) == top]

    def reason(
        self,
        conc: Conc,
        good: Mapping[str, Decimal],
        rounded: Mapping[str, Fraction],
        exempt: tuple[str, ...],
    ) -> str | None:
        codes = []
        if not good:
            codes.append("no_data")
        else:
            empty = [c for c in self.columns if conc.get(c) is None]
            codes += [f"missing:{c}" for c in empty if c not in exempt]
            codes += [f"exempt:{c}" for c in empty if c in exempt]
        codes += [f"invalid:{c}" for c in self.columns if conc.get(c) is not None and c not in good]
        codes += [
            f"beyond_table:{c}"
            for c in good
            if self.over(c, rounded[c]) and self.iaqi(c, rounded[c]) is None
        ]
        return ";".join(codes) or None

    def unverified(
        self, good: Mapping[str, Decimal], rounded: Mapping[str, Fraction], row: Row
    ) -> str | None:
        ids = []
        if self.old:
            best, first = self.best({c: self.iaqi(c, Fraction(v)) for c, v in good.items()})
            other_primary = ";".join(first) if best is not None and best > 50 else None
            if (best, other_primary) != (row["aqi"], row["primary"]):
                ids.append(f"{self.edition.id}/concentration_rounding")
            capped = [c for c in good if self.over(c, rounded[c])]
            if any(self.columns[c] not in self.beyond for c in capped):
                ids.append(f"{self.edition.id}/cap")
        elif row["aqi"] == 0:
            ids.append(f"{self.edition.id}/zero_index")
        return ";".join(ids) or None
