"""Why a cell says so: its inputs down to the bytes, and the computation run again with a trace.

Evidence is a recipe, not a stored text: the one cell is read and computed anew, as of the
commit asked for. When that does not give what the cell says, the answer says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from fenhe import standards
from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.methods import registry as methods
from fenhe.methods.air.words import ITEMS as WORDS
from fenhe.methods.air.words import SCALED, TRACE
from fenhe.platform import owner
from fenhe.platform.verdicts import sources, span_evidence
from fenhe.platform.verdicts.hours import city_members, question_of
from fenhe.platform.verdicts.judge import (
    ITEMS,
    VALUES,
    Question,
    area_means,
    city_cells,
    counting,
    site_cells,
)
from fenhe.platform.verdicts.models import Assessment
from fenhe.platform.verdicts.outlets import evidence as outlet_evidence
from fenhe.quality.flags import Quality, word
from fenhe.quality.flags import name as quality_name
from fenhe.standards import Edition
from fenhe.store import Store

HOUR = beijing.HOUR
VERDICT = (
    "aqi", "aqi_of_available", "primary", "category", "status", "reason", "unverified", "edition",
)  # fmt: skip
RULES = (
    "concentration_rounding", "index_rounding", "interpolation", "aggregation", "primary_rule",
    "primary_above", "missing_items", "missing_publish_above", "cap", "zero_index",
)  # fmt: skip
AREA_RULES = ("city_value", "hour_rounding", "hour_rounding_order", "city_share")


@dataclass(frozen=True)
class Asked:
    """One cell: assessment, site key or city code, start (naive UTC), as known at a commit."""

    assessment: Assessment
    target: str
    start: datetime
    as_of: int | None = None

    @property
    def is_city(self) -> bool:
        """Whether the cell is of a city."""
        return self.assessment.subject == Assessment.Subject.CITY


def evidence(key: str, target: str, start: datetime, as_of: int | None = None) -> dict[str, Any]:
    """Return everything a cell rests on. Raises ``BadInput`` when there is no such cell.

    Keys: ``assessment``, ``title``, ``subject`` (``site`` or ``city``), ``target``, ``start``,
    ``end``, ``label`` (Beijing), ``verdict`` (``aqi aqi_of_available primary category status
    reason unverified edition``; ``primary``, ``reason`` and ``unverified`` as lists),
    ``in_force``, ``commit``, ``known_at``, ``input_digest``, ``method``, ``method_version``,
    ``n_valid``, ``n_due``, ``as_of``, ``reproduced`` (the run of now gives the same cell),
    ``sentence`` (parts: ``place``, ``label``, ``aqi``, ``category``, ``primary``),
    ``items``: per item its ``label``, ``unit``, ``value``, ``iaqi``, ``is_primary`` and
    ``trace`` (``rounded low high iaqi_low iaqi_high numerator denominator quotient formula``,
    decimal texts; None without a value), and for a city ``mean n_valid n_due reason``;
    ``inputs``: list of ``site item value text unit decimals quality quality_zh quality_en void
    flags raw_sha256 raw_name raw_row raw_column raw_columns raw_cells commit``;
    ``edition``: ``id code title_zh title_en issuer_zh in_force_from in_force_to source`` and
    for a city ``area_edition`` alike; ``clauses``: list of ``id title_zh title_en value clause
    mark kind source unverified``; ``versions``: former and standing cells, oldest first
    (``commit superseded_commit superseded_at actor method_version`` and the verdict).
    Of an outlet's hour: see ``outlets.evidence.of_hour``, with ``edition`` as here.
    """
    found = Assessment.objects.filter(key=key).select_related("scope").first()
    if found is None:
        raise BadInput(f"there is no assessment '{key}'")
    if found.subject == Assessment.Subject.OUTLET:
        told = outlet_evidence.of_hour(key, target, start, as_of)
        return {**told, "edition": _edition(_edition_of(told["verdict"]))}
    asked = Asked(found, target, start, as_of)
    store = owner.store()
    cell = _cell(store, asked)
    if found.grain != Assessment.Grain.HOUR:
        return _of_span(store, asked, cell)
    question = question_of(found)
    sites, members = _sites(asked)
    values = store.observations(sites, ITEMS, start=start, end=start + HOUR, as_of=as_of)
    traced = _again(asked, values.select(VALUES), members, question)
    edition = _edition_of(cell)
    area = _area(asked, values, members, question)
    judged = area if asked.is_city else counting(values)
    return {
        **_head(asked, cell, store),
        "reproduced": _same(cell, traced),
        "items": [_item(item, cell, traced, judged, asked) for item in ITEMS],
        "inputs": _inputs(store, asked, values),
        "edition": _edition(edition),
        "area_edition": _edition(_area_edition(area)),
        "clauses": _clauses(edition, RULES, cell) + _clauses(_area_edition(area), AREA_RULES, cell),
        "versions": _versions(store, asked),
    }


def _edition_of(cell: dict[str, Any]) -> Edition | None:
    return standards.catalogue().edition(cell["edition"]) if cell["edition"] else None


def _of_span(store: Store, asked: Asked, cell: dict[str, Any]) -> dict[str, Any]:
    """Return the evidence of a day, month, quarter or year.

    Keys as for an hour, but ``statistics`` (see ``span_evidence.statistics``), of a daily index
    ``items`` instead, and ``lower``: the cells it rests on, each with the address of its own
    evidence (``assessment target start label commit input_digest values o3_1h``).
    """
    grain = asked.assessment.grain
    found = span_evidence.inputs(
        store, span_evidence.Asked(asked.assessment, asked.target, cell, asked.as_of)
    )
    editions = span_evidence.editions(question_of(asked.assessment))
    head = _head(asked, cell, store)
    label = span_evidence.label_of(cell["start"], grain)
    return {
        **head,
        "grain": grain,
        "label": label,
        "sentence": {**head["sentence"], "label": label},
        "compliant": cell.get("compliant"),
        "reproduced": span_evidence.same(cell, found.again),
        "statistics": span_evidence.statistics(cell) if "compliant" in cell else [],
        "items": [] if "compliant" in cell else _index_items(asked, cell, found.lower),
        "lower": [
            {**vars(one), "label": span_evidence.label_of(one.start, "day")} for one in found.lower
        ],
        "inputs": found.values,
        "edition": _edition(editions[0]) if editions else None,
        "area_edition": _edition(editions[1]) if len(editions) > 1 else None,
        "clauses": [
            clause
            for edition in editions
            for clause in _clauses(edition, tuple(edition.values), cell)
        ],
        "versions": _versions(store, asked),
    }


def _index_items(
    asked: Asked, cell: dict[str, Any], lower: list[span_evidence.Lower]
) -> list[dict[str, Any]]:
    """Return the items of a daily index with the steps of each."""
    if not lower:
        return []
    traced = span_evidence.traced_index(lower[0], question_of(asked.assessment))
    primary = _parts(cell["primary"])
    return [
        {
            "item": item,
            "label_zh": WORDS[item].zh,
            "label_en": WORDS[item].en,
            "unit": WORDS[item].unit,
            "text": text,
            "iaqi": cell[f"iaqi_{item}"],
            "is_primary": item in primary or (item.startswith("o3") and "o3" in primary),
            "trace": _trace(item, cell, traced) if text is not None else None,
        }
        for item, text in span_evidence.index_values(lower[0]).items()
    ]


def _cell(store: Store, asked: Asked) -> dict[str, Any]:
    rows = store.cells.read(
        asked.assessment.key, [asked.target], asked.start, asked.start + HOUR, asked.as_of
    )
    if rows.is_empty():
        label = beijing.hour_label(asked.start, asked.start + HOUR)
        when = "" if asked.as_of is None else f" as of commit {asked.as_of}"
        raise BadInput(f"{asked.assessment.key} has no cell of {asked.target} at {label}{when}")
    return rows.row(0, named=True)


def _sites(asked: Asked) -> tuple[list[str], pl.DataFrame]:
    members = city_members(asked.as_of)
    if not asked.is_city:
        return [asked.target], members.clear()
    day = beijing.day_of(asked.start)
    mine = members.filter(pl.col("area") == asked.target, pl.lit(day).is_between("since", "until"))
    return sorted(set(mine["site"].to_list())), mine


def _again(
    asked: Asked, values: pl.DataFrame, members: pl.DataFrame, question: Question
) -> dict[str, Any]:
    """Compute the one cell anew, with its trace; empty when there is nothing to compute."""
    if values.is_empty():
        return {}
    if asked.is_city:
        cells = city_cells(values, members, question, trace=True)
    else:
        cells = site_cells(values, question, trace=True)
    return cells.row(0, named=True)


def _same(cell: dict[str, Any], traced: dict[str, Any]) -> bool:
    names = (*VERDICT, "input_digest", *(f"iaqi_{item}" for item in ITEMS))
    return bool(traced) and all(traced[name] == cell[name] for name in names)


def _head(asked: Asked, cell: dict[str, Any], store: Store) -> dict[str, Any]:
    known = store.commits().filter(pl.col("commit") == cell["commit"])
    verdict = {name: cell.get(name) for name in VERDICT}
    for name in ("primary", "reason", "unverified"):
        verdict[name] = _parts(verdict[name])
    label = beijing.hour_label(cell["start"], cell["end"])
    kept = ("commit", "input_digest", "method_version", "n_valid", "n_due", "in_force")
    return {
        "assessment": asked.assessment.key,
        "title": asked.assessment.title,
        "subject": asked.assessment.subject,
        "method": asked.assessment.method,
        "target": asked.target,
        "start": cell["start"],
        "end": cell["end"],
        "label": label,
        "as_of": asked.as_of,
        "verdict": verdict,
        **{name: cell[name] for name in kept},
        "known_at": known["known_at"].item() if known.height else None,
        "sentence": {"place": asked.target, "label": label, **verdict},
    }


def _parts(text: str | None) -> list[str]:
    return [part for part in (text or "").split(";") if part]


def _item(
    item: str, cell: dict[str, Any], traced: dict[str, Any], rows: pl.DataFrame, asked: Asked
) -> dict[str, Any]:
    """Return one item; ``rows`` are the values judged: of the site, or the means of the city."""
    mine = rows.filter(pl.col("item") == item)
    row = mine.row(0, named=True) if mine.height else {}
    value = row.get("value")
    city = {name: row.get(name) for name in ("mean", "n_valid", "n_due", "reason")}
    return {
        "item": item,
        "label_zh": WORDS[item].zh,
        "label_en": WORDS[item].en,
        "unit": WORDS[item].unit,
        "value": value,
        "text": None if value is None else f"{value:.{row.get('decimals') or 0}f}",
        "iaqi": cell[f"iaqi_{item}"],
        "is_primary": item in _parts(cell["primary"]),
        "trace": _trace(item, cell, traced) if value is not None else None,
        **(city if asked.is_city else {}),
    }


def _trace(item: str, cell: dict[str, Any], traced: dict[str, Any]) -> dict[str, Any] | None:
    """Return the steps of one item as decimal texts, and the formula with its numbers."""
    if traced.get(f"rounded_{item}") is None:
        return None
    scale = traced[f"scale_{item}"]
    steps = {name: traced[f"{name}_{item}"] for name in TRACE if name != "scale"}
    told = {
        name: None if number is None else _decimal(number, scale if name in SCALED else 0)
        for name, number in steps.items()
    }
    if steps["low"] is None:  # above the last break point
        return {**told, "quotient": None, "formula": None}
    quotient = Decimal(steps["numerator"]) / Decimal(steps["denominator"])
    formula = (
        f"({told['iaqi_high']} - {told['iaqi_low']}) / ({told['high']} - {told['low']}) "
        f"× ({told['rounded']} - {told['low']}) + {told['iaqi_low']}"
    )
    exact = quotient + steps["iaqi_low"]
    return {
        **told,
        "quotient": f"{exact.quantize(Decimal('0.000001')).normalize():f}",
        "formula": formula,
        "iaqi": cell[f"iaqi_{item}"],
    }


def _decimal(number: int, scale: int) -> str:
    return f"{Decimal(number).scaleb(-scale):f}"


def _area(
    asked: Asked, values: pl.DataFrame, members: pl.DataFrame, question: Question
) -> pl.DataFrame:
    """Return the hourly values of the city, one row an item; empty for a site."""
    if not asked.is_city or values.is_empty():
        return pl.DataFrame(schema={"item": pl.String, "edition": pl.String})
    hours = values.select(area=pl.lit(asked.target), start="start").unique()
    return area_means(hours, counting(values), members, question)


def _area_edition(area: pl.DataFrame) -> Edition | None:
    names = [name for name in area["edition"].unique().to_list() if name]
    return standards.catalogue().edition(names[0]) if names else None


def _inputs(store: Store, asked: Asked, values: pl.DataFrame) -> list[dict[str, Any]]:
    sites = values["site"].unique().to_list()
    flags = store.flags(sites, asked.start, asked.start + HOUR, asked.as_of, cleared=False)
    rows = sources.with_bytes(store, values)
    return [_input(row, flags) for row in rows]


def _input(row: dict[str, Any], flags: pl.DataFrame) -> dict[str, Any]:
    mine = flags.filter(pl.col("site") == row["site"], pl.col("item") == row["item"])
    return {
        **row,
        "text": f"{row['value']:.{row['decimals']}f}",
        "unit": WORDS[row["item"]].unit,
        "quality_zh": quality_name(row["quality"], "zh"),
        "quality_en": quality_name(row["quality"], "en"),
        "void": row["quality"] >= Quality.VOID,
        "flags": [
            {
                "flag": flag["flag"],
                "check": flag["check"],
                "zh": word(flag["check"]).zh,
                "en": word(flag["check"]).en,
                "reason": flag["reason"],
                "who": flag["who"],
            }
            for flag in mine.iter_rows(named=True)
        ],
    }


def _edition(edition: Edition | None) -> dict[str, Any] | None:
    if edition is None:
        return None
    names = (
        "id", "standard", "code", "title_zh", "title_en", "issuer_zh", "issuer_en",
        "in_force_from", "in_force_to", "source",
    )  # fmt: skip
    return {name: getattr(edition, name) for name in names}


def _clauses(
    edition: Edition | None, names: tuple[str, ...], cell: dict[str, Any]
) -> list[dict[str, Any]]:
    if edition is None:
        return []
    unverified = _parts(cell["unverified"])
    found = [edition.values[name] for name in names if name in edition.values]
    return [
        {
            "id": value.id,
            "title_zh": value.title_zh,
            "title_en": value.title_en,
            "value": str(value.raw) if value.known else None,
            "unit": value.unit,
            "clause": value.clause,
            "mark": value.mark,
            "kind": value.kind,
            "source": value.source,
            "note": value.note,
            "unverified": value.id in unverified,
        }
        for value in found
    ]


def _versions(store: Store, asked: Asked) -> list[dict[str, Any]]:
    rows = store.cells.versions(asked.assessment.key, asked.target, asked.start)
    commits = dict(store.commits().select("commit", "known_at").iter_rows())
    kept = ("commit", "superseded_commit", "superseded_at", "actor", "method_version", "n_valid")
    return [
        {
            **{name: row.get(name) for name in (*kept, *VERDICT)},
            "known_at": commits.get(row["commit"]),
        }
        for row in rows.iter_rows(named=True)
    ]


def method_title(method_id: str) -> tuple[str, str]:
    """Return the Chinese and English title of a method."""
    found = methods.method(method_id)
    return found.zh, found.en
