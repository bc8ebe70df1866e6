"""Values against limits, one a row: compliance and the multiple of an exceedance (HJ 663, A.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from fenhe.base.errors import BadInput
from fenhe.methods import exact, intake, labels
from fenhe.methods.air import spans
from fenhe.methods.air.evaluation import EVALUATION, ITEMS, LIMITS
from fenhe.methods.air.params import GRADE
from fenhe.methods.air.words import EDITION, REASON, STATUS, UG, UNVERIFIED
from fenhe.methods.contract import Call, Column, Method
from fenhe.standards import Edition, Limit, glossary

ITEM, AVERAGING, VALUE, LIMIT = "item", "averaging", "value", "limit"

_P = f"{intake.PRIVATE}exceedance_"
_KEY, _RAW, _C, _S, _MULTIPLE, _ABOVE, _STANDS = (
    f"{_P}{n}" for n in ("key", "raw", "c", "s", "multiple", "above", "stands")
)
_WAYS = {
    "compare": "rounded",
    "statistic_rounding": "half_even",
    "multiple_rule": "over_limit_by_limit",
}


@dataclass(frozen=True)
class Rules:
    """The limits of one edition by item and averaging, and how a value is held against one."""

    edition: str
    decimals: Mapping[str, int]  # item -> decimals of the comparison
    multiple: int
    limits: Mapping[tuple[str, str], Limit]  # none without an edition of GB 3095
    compare_unverified: str | None

    @classmethod
    def of(cls, edition: Edition, grade: str) -> Rules:
        """Return the rules of a GB 3095 edition, or of an HJ 663 alone: then without limits."""
        alone = edition.standard == EVALUATION
        how = edition if alone else spans.beside(edition)
        for name, known in _WAYS.items():
            value = how.value(name)
            if value.text != known:
                raise BadInput(f"{value.id} is not '{known}', which this version computes")
        rows = () if alone else edition.table("limits").where(grade=grade)
        compare = how.value("compare")
        table = how.table("compliance_decimals")
        return cls(
            edition=edition.id,
            decimals={row["item"]: int(row["decimals"]) for row in table if row["item"] in ITEMS},
            multiple=how.value("multiple_decimals").integer,
            limits={
                (r["item"], r["averaging"]): edition.limit(r["item"], r["averaging"], grade)
                for r in rows
                if r["item"] in ITEMS
            },
            compare_unverified=None if compare.firm else compare.id,
        )

    def keys(self, item: str, averaging: str) -> list[str]:
        """Return how a row may spell an item and an averaging period."""
        terms = [t for t in glossary.load().section("averaging") if t.code == averaging]
        spelled = [name.lower() for t in terms for name in (t.code, *t.aliases)]
        if averaging == "mda8":
            spelled.append("8h")
        return [f"{item} {one}" for one in spelled]


def evaluate(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return the frame with ``limit_used``, ``compliant`` and ``multiple`` of each row.

    A row has a ``limit`` of its own, else ``item`` and ``averaging`` find the edition's. With a
    known item the value is rounded half-even to the decimals of a comparison first, else it
    is compared as it is. (C - S) / S, two decimals half-even; empty when not above.
    """
    rules = Rules.of(edition, call.params["grade"])
    scale = max(call.decimals[VALUE], call.decimals[LIMIT], *rules.decimals.values())
    frame = _with_value(_with_key(frame), rules, call, scale)
    frame = frame.with_columns(_limit(rules, call, scale).alias(_S))
    stands = ~nw.col(_C).is_null() & (nw.col(_S) > 0)
    frame = frame.with_columns(stands.fill_null(value=False).alias(_STANDS))
    above = nw.col(_STANDS) & (nw.col(_C) > nw.col(_S))
    frame = frame.with_columns(above.fill_null(value=False).alias(_ABOVE))
    over = nw.when(nw.col(_ABOVE)).then(nw.col(_C) - nw.col(_S)) * exact.power10(rules.multiple)
    divisor = nw.when(nw.col(_STANDS)).then(nw.col(_S))
    frame = exact.with_half_even(frame, {_MULTIPLE: (exact.guarded(over), divisor)})
    return _judged(frame, rules, call, scale)


def _with_key(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    names = frame.collect_schema().names()
    parts = [_folded(name) if name in names else nw.lit("") for name in (ITEM, AVERAGING)]
    return frame.with_columns(nw.concat_str(parts, separator=" ").alias(_KEY))


def _folded(name: str) -> nw.Expr:
    text = exact.text(nw.col(name)).str.strip_chars().str.to_lowercase()
    return text.str.replace_all(".", "", literal=True).fill_null("")


def _with_value(
    frame: nw.LazyFrame[Any], rules: Rules, call: Call, scale: int
) -> nw.LazyFrame[Any]:
    """Add the value as it is compared, and as it is, both at one scale."""
    given = call.decimals[VALUE]
    value = nw.col(intake.number(VALUE))
    usable = nw.when(value >= 0).then(value)
    frame = frame.with_columns(exact.rescale(usable, given, scale).alias(_RAW))
    places = sorted(set(rules.decimals.values()))
    made = {f"{_P}at{d}": (usable, given, d) for d in places}
    frame = exact.with_rescaled(frame, made)

    def rounded(item: str) -> nw.Expr:
        d = rules.decimals[item]
        return exact.rescale(nw.col(f"{_P}at{d}"), d, scale)

    return frame.with_columns(_by_item(rounded, nw.col(_RAW)).alias(_C))


def _by_item(make: Callable[[str], nw.Expr], rest: nw.Expr) -> nw.Expr:
    for item in ITEMS:
        mine = nw.col(_KEY).str.starts_with(f"{item} ")
        rest = nw.when(mine).then(exact.integer(make(item))).otherwise(rest)
    return rest


def _limit(rules: Rules, call: Call, scale: int) -> nw.Expr:
    given = nw.col(intake.number(LIMIT))
    own = exact.rescale(nw.when(given >= 0).then(given), call.decimals[LIMIT], scale)
    found: nw.Expr = exact.integer(nw.lit(None))
    for (item, averaging), limit in rules.limits.items():
        mine = nw.col(_KEY).is_in(rules.keys(item, averaging))
        number = nw.lit(exact.scaled(limit.number, scale), nw.Int64)
        found = nw.when(mine).then(number).otherwise(found)
    return nw.when(given.is_null()).then(found).otherwise(own)


def _judged(frame: nw.LazyFrame[Any], rules: Rules, call: Call, scale: int) -> nw.LazyFrame[Any]:
    stands, value = nw.col(_STANDS), nw.col(intake.number(VALUE))
    frame = frame.with_columns(
        limit_used=exact.to_float(nw.col(_S), scale),
        compliant=nw.when(stands).then(~nw.col(_ABOVE)),
        multiple=exact.to_float(nw.col(_MULTIPLE), rules.multiple),
        status=nw.when(stands).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        edition=nw.lit(rules.edition),
    )
    missing = nw.col(_S).is_null() & nw.col(intake.number(LIMIT)).is_null()
    none = "no_edition" if not rules.limits else "no_limit"
    reasons = [
        (value.is_null(), "missing:value"),
        (value < 0, "invalid:value"),
        (missing & (nw.col(_KEY) == " "), "missing:limit"),
        (missing & (nw.col(_KEY) != " "), none),
        (nw.col(_S).is_null() & ~missing, "invalid:limit"),
        (nw.col(_S) == 0, "invalid:limit"),
    ]
    pieces = {"reason": reasons, "unverified": list(_unverified(rules))}
    frame = labels.with_pieces(frame, pieces)
    traced = exact.to_float(nw.col(_C), scale).alias("compared")
    return frame.with_columns(traced) if call.trace else frame


def _unverified(rules: Rules) -> Iterator[labels.Piece]:
    if rules.compare_unverified:
        other = (nw.col(_RAW) > nw.col(_S)) != nw.col(_ABOVE)
        yield nw.col(_STANDS) & other, rules.compare_unverified
    for (item, averaging), limit in rules.limits.items():
        if not limit.firm:
            yield nw.col(_KEY).is_in(rules.keys(item, averaging)), limit.id


def _outputs(_editions: Sequence[Edition], trace: bool) -> tuple[Column, ...]:
    traced = (Column("compared", "比较值", "value as it was compared", "number", UG),)
    return (
        Column("limit_used", "所用限值", "limit the value was held against", "number", UG),
        Column("compliant", "达标", "whether it is not above; true or false"),
        Column("multiple", "超标倍数", "multiple of the exceedance; empty without", "number", "1"),
        STATUS,
        REASON,
        UNVERIFIED,
        EDITION,
        *(traced if trace else ()),
    )


EXCEEDANCE = Method(
    id="air.exceedance",
    zh="超标倍数",
    en="Compliance and multiple of the exceedance of single values",
    standard=LIMITS,
    inputs=(
        Column("area", "区域", "site or city, as the file names it", optional=True),
        Column(ITEM, "项目", "item; finds the limit where none is given", optional=True),
        Column(AVERAGING, "时段", "1h, 24h, mda8 or annual", optional=True),
        Column(VALUE, "浓度", "value; CO in mg/m³", "number", UG),
        Column(LIMIT, "限值", "limit; goes before the edition's", "number", UG, optional=True),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding=(
        "With a known item half-even to the decimals of a comparison, else the value as it is; the "
        "multiple half-even to two decimals. Where the unrounded value gives another verdict, the "
        "id of the comparison stands in unverified."
    ),
    missing=(
        "An empty value, a negative number or a sentinel: not_judged. Without a limit in the row "
        "an edition of GB 3095 has to be named: not_judged, no_edition; an item and period it has "
        "no limit for: no_limit."
    ),
    default_edition="HJ663-2026",
    params=(GRADE,),
    aliases=spans.ALIASES,
    also=(EVALUATION,),
)
