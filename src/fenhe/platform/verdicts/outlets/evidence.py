"""Why an outlet's hour was judged so: every step from the bytes of its frames to the verdict.

Nothing is kept: the hour is read and computed anew, as of the commit asked for.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl

from fenhe import standards
from fenhe.base import beijing
from fenhe.base.errors import BadInput, FenheError
from fenhe.platform import owner
from fenhe.platform.registry.marks import plain
from fenhe.platform.registry.models import Mark, PermitLimit
from fenhe.platform.verdicts import sources
from fenhe.platform.verdicts.models import Assessment
from fenhe.platform.verdicts.outlets import basis, cells, inputs, keys, standing
from fenhe.quality.flags import name as quality_name
from fenhe.quality.flags import word
from fenhe.standards.model import Row
from fenhe.store import Store

_BESIDE = (cells.OXYGEN, *cells.FLOWS, cells.TEMPERATURE)
_PM = "a34013"  # what the window of an incinerator depends on
_IDENTITY = ("assessment", "site", "commit", "start", "end", "method_version")


def of_hour(key: str, name: str, start: datetime, as_of: int | None = None) -> dict[str, Any]:
    """Return everything the hour of an outlet's item rests on.

    ``name``: ``outlet:DA001/a21026``; ``start``: naive UTC. Keys: ``assessment title subject
    target site item start end label as_of commit known_at input_digest method method_version``;
    ``verdict`` (every column of the cell asked for), ``hour`` (valid minutes, mean, conversion,
    mass; with its trace columns as in the cell), ``judged`` (verdict with ``compared`` and
    ``condition_hours``; None for an item that has no limits), ``reproduced`` (the run of now gives
    the same); ``inputs``: the records used and those beside (oxygen, flow), each with value,
    quality, ``void``, ``flags``, and the frame: segment, entry, bytes as text, time received;
    ``marks``: those that touch the hour, the one taken as its condition first;
    ``limit``: the permit (document, limit, unit) and the set; ``clauses``: the values and rows
    applied with clause, mark and kind; ``versions``: former and standing cells, oldest first.
    Raises ``BadInput`` when there is no such cell.
    """
    found = Assessment.objects.filter(key=key, subject=Assessment.Subject.OUTLET).first()
    if found is None:
        raise BadInput(f"there is no assessment of outlets '{key}'")
    store = owner.store()
    site, item = keys.parts(name)
    cell = _cell(store, key, name, start, as_of)
    facts = basis.read([site], as_of)
    if site not in facts.outlets:
        raise BadInput(f"there is no outlet {site}")
    values = inputs.read(store, inputs.wanted([(site, keys.hour_of(start))]), facts, as_of)
    asked = standing.asked()
    hours = cells.hours(values, facts, asked, facts.outlets[site].medium)
    judged = cells.verdicts(hours, facts, asked, trace=True)
    hour, verdict = _row(hours, name), _row(judged, name)
    again = verdict if found.method == cells.EXCEEDANCE else hour
    commits = dict(store.commits().select("commit", "known_at").iter_rows())
    return {
        "assessment": key,
        "title": found.title,
        "subject": found.subject,
        "method": found.method,
        "target": name,
        "site": site,
        "item": item,
        "start": cell["start"],
        "end": cell["end"],
        "label": beijing.hour_label(cell["start"], cell["end"]),
        "as_of": as_of,
        "commit": cell["commit"],
        "known_at": commits.get(cell["commit"]),
        "input_digest": cell["input_digest"],
        "method_version": cell["method_version"],
        "verdict": {k: v for k, v in cell.items() if k not in _IDENTITY},
        "hour": hour,
        "judged": verdict,
        "reproduced": _same(cell, again),
        "inputs": _inputs(store, site, item, start, as_of, values),
        "marks": _marks(facts, site, item, start),
        "limit": _limit(facts, site, item, start),
        "clauses": _clauses(hour, verdict),
        "versions": _versions(store, key, name, start, commits),
    }


def _cell(store: Store, key: str, name: str, start: datetime, as_of: int | None) -> dict[str, Any]:
    rows = store.cells.read(key, [name], start, start + keys.HOUR, as_of)
    if rows.is_empty():
        label = beijing.hour_label(start, start + keys.HOUR)
        when = "" if as_of is None else f" as of commit {as_of}"
        raise BadInput(f"{key} has no cell of {name} at {label}{when}")
    return rows.row(0, named=True)


def _row(found: pl.DataFrame, name: str) -> dict[str, Any] | None:
    mine = found.filter(pl.col("site") == name) if found.height else found
    return mine.row(0, named=True) if mine.height else None


def _same(cell: dict[str, Any], again: dict[str, Any] | None) -> bool:
    """Say whether the run of now gives what the cell says, the version of the method apart."""
    if again is None:
        return False
    names = [name for name in cell if name in again and name not in {"commit", "method_version"}]
    return all(cell[name] == again[name] for name in names)


def _inputs(  # noqa: PLR0917 (one place in the store)
    store: Store,
    site: str,
    item: str,
    start: datetime,
    as_of: int | None,
    values: pl.DataFrame,
) -> list[dict[str, Any]]:
    """Return the records beside their frames, flags and what made them void."""
    items = [item, _PM, *_BESIDE]
    end = start + keys.HOUR
    used = values.filter(pl.col("item").is_in(items)).select("item", "statistic", "start", "void")
    parts = [
        store.observations([site], items, statistic, start, end, as_of).with_columns(
            statistic=pl.lit(statistic)
        )
        for statistic in used["statistic"].unique().sort().to_list()
    ]
    if not parts:
        return []
    rows = pl.concat(parts).join(used, on=["item", "statistic", "start"])
    flags = store.flags([site], start, end, as_of, cleared=False)
    return [_input(row, flags) for row in sources.with_bytes(store, rows)]


def _input(row: dict[str, Any], flags: pl.DataFrame) -> dict[str, Any]:
    mine = flags.filter(
        pl.col("item") == row["item"],
        pl.col("statistic") == row["statistic"],
        pl.col("start") < row["end"],
        pl.col("end") > row["start"],
    )
    return {
        **row,
        "text": f"{row['value']:.{row['decimals']}f}",
        "quality_zh": quality_name(row["quality"], "zh"),
        "quality_en": quality_name(row["quality"], "en"),
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


def _marks(facts: basis.Facts, site: str, item: str, start: datetime) -> list[dict[str, Any]]:
    hour = keys.hour_of(start)
    condition = facts.condition(site, item, hour)
    touching = [one for one in facts.marks.get(site, ()) if _touches(one, hour)]
    touching.sort(key=lambda one: (one != condition, one.start, one.pk))
    return [{**plain(one), "is_condition": one == condition} for one in touching]


def _touches(mark: Mark, hour: int) -> bool:
    since, until = basis.span(mark)
    return since <= hour < until


def _limit(facts: basis.Facts, site: str, item: str, start: datetime) -> dict[str, Any]:
    day = beijing.day_of(start)
    fact, permit = facts.on(site, day), facts.permit(site, item, day)
    names = ("sector", "limit_set", "reference_o2", "rated_load", "rated_unit", "source", "commit")
    return {
        "fact": None if fact is None else {name: getattr(fact, name) for name in names},
        "permit": None if permit is None else _permit(permit),
    }


def _permit(permit: PermitLimit) -> dict[str, Any]:
    names = (
        "item", "averaging", "limit", "unit", "reference_o2", "document", "valid_from", "valid_to",
        "source", "commit",
    )  # fmt: skip
    return {name: getattr(permit, name) for name in names}


def _clauses(*found: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the values and rows applied; ``permit`` is no clause of a standard."""
    doubtful: set[str] = set()
    names: dict[str, None] = {}
    for one in found:
        if one is not None:
            doubtful |= set((one["unverified"] or "").split(";"))
            names |= dict.fromkeys((one["clauses"] or "").split(";"))
    return [told for name in names if "/" in name and (told := _clause(name, name in doubtful))]


def _clause(name: str, doubtful: bool) -> dict[str, Any] | None:
    edition_id, _, rest = name.partition("/")
    try:
        edition = standards.catalogue().edition(edition_id)
    except FenheError:
        return None
    told = {"id": name, "edition": edition.id, "title_zh": edition.title_zh, "unverified": doubtful}
    if rest in edition.values:
        value = edition.values[rest]
        raw = str(value.raw) if value.known else None
        told |= {"title_zh": value.title_zh, "value": raw, "unit": value.unit}
        return {**told, "clause": value.clause, "mark": value.mark, "kind": value.kind}
    rows = [row for table in edition.tables for row in edition.table(table) if row.id == name]
    return {**told, **(_of_row(rows[0]) if rows else {})}


def _of_row(row: Row) -> dict[str, Any]:
    names = ("clause", "mark", "kind", "source")
    return {name: getattr(row, name, None) for name in names}


def _versions(
    store: Store, key: str, name: str, start: datetime, commits: dict[int, datetime]
) -> list[dict[str, Any]]:
    rows = store.cells.versions(key, name, start)
    return [
        {
            **{k: v for k, v in row.items() if k != "assessment"},
            "known_at": commits.get(row["commit"]),
        }
        for row in rows.iter_rows(named=True)
    ]
