"""The ranking as a page shows it: rows of texts, the sentence, and the same rows as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fenhe.platform.verdicts import ranking, standing
from fenhe.platform.web import addresses, evidenceview, levels, numbers, periodwords, words
from fenhe.platform.web.cityplaces import City
from fenhe.platform.web.periodwords import Head
from fenhe.platform.web.rankstate import Asked

INDEX_PLACES, SHARE_PLACES = 2, 1
CHANGE_EDITION = "CHANGE-2017"
UNKNOWN = "unknown_value:"
TARGET_PLACES = 1  # of an annual mean on its way
BAR, LEAST = 170, 15  # of the bar of days: its width, and that of a number in it
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Ranking:
    """What the page is made of: the state, the frame of the ranking, the cities by key."""

    asked: Asked
    table: pl.DataFrame
    cities: Mapping[str, City]
    aims: Mapping[str, Row]  # key -> row of air.target_daily; empty without a target

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of the ranking, by rank."""
        return self.table.to_dicts()


def rows(found: Ranking) -> list[dict[str, Any]]:
    """Return the rows as the template writes them, ranked ones first."""
    heads = periodwords.heads(found.asked.limits, found.asked.grain)
    ranks = Counter(row["rank"] for row in found.rows)
    return [_row(row, found, heads, ranks) for row in found.rows]


def _row(
    row: Row, found: Ranking, heads: Sequence[Head], ranks: Mapping[int | None, int]
) -> dict[str, Any]:
    asked = found.asked
    city = found.cities[row["site"]]
    key = standing.air_key(asked.grain, asked.subject, asked.limits)
    days = max((row[f"{h.code}_n_valid"] or 0 for h in heads), default=0)
    return {
        "key": city.key,
        "name": city.name,
        "url": addresses.city(city.key, f"year={asked.first.year}&limits={asked.limits}"),
        "why": addresses.evidence(key, city.key, asked.label)
        + (f"?as_of={asked.as_of}" if asked.as_of else ""),
        "rank": row["rank"],
        "tied": bool(row["rank"]) and ranks[row["rank"]] > 1,
        "days": days,
        "due": max((row[f"{h.code}_n_due"] or 0 for h in heads), default=0),
        "statistics": [_statistic(row, head, days) for head in heads],
        "index": numbers.fixed(row["i_sum"], INDEX_PLACES),
        "largest": words.items_text(row["max_item"]),
        "shares": [
            numbers.fixed(row[f"share_{i}"], SHARE_PLACES) for i in words.HOURLY_ITEMS
        ] if asked.shares else [],
        "previous": numbers.fixed(row["i_prev"], INDEX_PLACES),
        "change": numbers.signed(row["rate"], SHARE_PLACES),
        "change_rank": row["rank_improved"],
        "good": numbers.fixed(row["good_share"], SHARE_PLACES),
        "good_before": numbers.fixed(row["good_share_prev"], SHARE_PLACES),
        "bar": bar(row),
        "said": _days_said(row, asked),
        "complies": compliance(row),
        "reason": "" if row["rank"] else unranked(row, heads),
        "unverified": row["unverified"] or "",
        "aim": _aim(found.aims.get(row["site"])) if asked.target else None,
    }  # fmt: skip


def _statistic(row: Row, head: Head, days: int) -> dict[str, Any]:
    n, valid = row[f"{head.code}_n_valid"], row[f"{head.code}_valid"]
    return {
        "label": head.label,
        "text": numbers.fixed(row[head.code], head.places),
        "valid": bool(valid),
        "few": row[head.code] is not None and valid is False,
        "n": n if n != days else None,
    }


def unranked(row: Row, heads: Sequence[Head]) -> str:
    """Say in words why a city has no rank: which statistics lack, and for want of what."""
    none = [h for h in heads if not row[f"{h.code}_n_valid"]]
    short = [h for h in heads if h not in none and not row[f"{h.code}_valid"]]
    said = []
    if len(none) == len(heads):
        return _("no data")
    unknown = [code for code in words.items_of(row["reason"]) if code.startswith(UNKNOWN)]
    if unknown:
        return words.joined(_unknown(code.removeprefix(UNKNOWN)) for code in unknown)
    if none:
        items = words.joined(h.label for h in none)
        said.append(_("%(item)s missing") % {"item": items})
    if short:
        items = words.joined(h.label for h in short)
        whole = len(short) == len(heads)
        said.append(
            _("too few valid days") if whole else _("too few valid days of %(items)s")
            % {"items": items}
        )  # fmt: skip
    return words.joined(said) or words.reason_text(row["reason"])


def _unknown(value_id: str) -> str:
    facts = {"title": periodwords.value_title(value_id), "id": value_id}
    return _("no source says: %(title)s (%(id)s)") % facts


def bar(row: Row) -> list[dict[str, Any]]:
    """Return the parts of the bar of days: level (0: missing), number, place and width."""
    counts = [(n, row[f"days_{n}"] or 0) for n in ranking.LEVELS] + [(0, row["n_missing"] or 0)]
    counts = [(level, n) for level, n in counts if n]
    total = sum(n for _level, n in counts)
    spare, at, parts = BAR - LEAST * len(counts), 0, []
    for level, n in counts:
        width = LEAST + spare * n // total
        parts.append({"level": level, "n": n, "x": at, "width": width, "middle": at + width // 2})
        at += width
    return parts


def _days_said(row: Row, asked: Asked) -> str:
    edition = standing_levels(asked.limits)
    told = [(row[f"days_{x.number}"] or 0, x.name) for x in levels.levels(edition)]
    return words.counted([*told, (row["n_missing"] or 0, _("without an index"))])


def standing_levels(limits: str) -> str:
    """Return the edition of HJ 633 whose levels the days of a ranking are counted by."""
    from fenhe import standards

    known = standards.catalogue()
    return known.on(standing.STANDARD, known.edition(limits).in_force_from).id


def compliance(row: Row) -> dict[str, Any] | None:
    """Return whether a year complies, and what is above its limit by how much; None: not told."""
    if row["compliant"] is None:
        return None
    over = [
        f"{words.item_label(item)} +{numbers.fixed(row[f'{item}_multiple'], 2)}"
        for item in words.HOURLY_ITEMS
        if row[f"{item}_multiple"] is not None
    ]
    return {"yes": row["compliant"], "over": words.joined(over)}


def _aim(row: Row | None) -> dict[str, Any]:
    names = ("mean_to_date", "gap", "days_done", "days_rest", "allowed_mean_rest", "meets")
    told = {name: row[name] if row else None for name in names}
    reason = (row["reason"] or "") if row else "no_data"
    return {
        "mean": numbers.fixed(told["mean_to_date"], TARGET_PLACES),
        "gap": numbers.signed(told["gap"], TARGET_PLACES),
        "over": told["meets"] == "no",
        "rest": told["days_rest"],
        "allowed": numbers.at_most(told["allowed_mean_rest"], TARGET_PLACES),
        "reason": words.joined(_aim_reason(code) for code in words.items_of(reason)),
    }


def _aim_reason(code: str) -> str:
    told = {"year_over": _("the year is over"), "out_of_reach": _("out of reach")}
    return told.get(code) or words.reason_text(code)


def sentence(found: Ranking) -> str:
    """Say who is best and worst, how many are not ranked, and how many improved."""
    ranked = [row for row in found.rows if row["rank"]]
    when = periodwords.period(found.asked.first, found.asked.grain)
    if not found.rows:
        return _("%(when)s: no city is judged.") % {"when": when}
    left = len(found.rows) - len(ranked)
    if not ranked:
        return _none_ranked(found, when)
    facts = {
        "when": when,
        "n": len(ranked),
        "best": _named(ranked, found, ranked[0]["rank"]),
        "best_index": numbers.fixed(ranked[0]["i_sum"], INDEX_PLACES),
        "worst": _named(ranked, found, ranked[-1]["rank"]),
        "worst_index": numbers.fixed(ranked[-1]["i_sum"], INDEX_PLACES),
    }
    first = ngettext(
        "%(when)s: %(best)s has the index %(best_index)s.",
        "%(when)s, %(n)d cities: best is %(best)s (%(best_index)s), "
        "last is %(worst)s (%(worst_index)s).",
        len(ranked),
    )
    return words.sentences(first % facts, _unranked_said(left), _changed(ranked))


def _none_ranked(found: Ranking, when: str) -> str:
    heads = periodwords.heads(found.asked.limits, found.asked.grain)
    why = {unranked(row, heads) for row in found.rows}
    reason = why.pop() if len(why) == 1 else _("too few valid days")
    said = ngettext(
        "%(when)s: the %(n)d city can not be ranked, because %(reason)s.",
        "%(when)s: none of %(n)d cities can be ranked, because %(reason)s.",
        len(found.rows),
    )
    return said % {"when": when, "n": len(found.rows), "reason": reason}


def _named(ranked: Iterable[Row], found: Ranking, rank: int) -> str:
    return words.joined(found.cities[r["site"]].name for r in ranked if r["rank"] == rank)


def _unranked_said(left: int) -> str:
    if not left:
        return ""
    return ngettext("%(n)d city is not ranked.", "%(n)d cities are not ranked.", left) % {"n": left}


def _changed(ranked: Iterable[Row]) -> str:
    rates = [row["rate"] for row in ranked if row["rate"] is not None]
    if not rates:
        return ""
    facts = {
        "better": sum(rate < 0 for rate in rates),
        "worse": sum(rate > 0 for rate in rates),
    }
    return _("Against a year before: %(better)d improved, %(worse)d worsened.") % facts


def frame(found: Ranking) -> pl.DataFrame:
    """Return exactly the rows shown as a table, numbers as numbers with the decimals shown."""
    heads = periodwords.heads(found.asked.limits, found.asked.grain)
    ranks = Counter(row["rank"] for row in found.rows)
    made = [_table_row(row, _row(row, found, heads, ranks), found, heads) for row in found.rows]
    return pl.DataFrame(made, infer_schema_length=None)


def _table_row(
    row: Row, shown: Mapping[str, Any], found: Ranking, heads: Sequence[Head]
) -> dict[str, Any]:
    asked = found.asked
    told: dict[str, Any] = {
        "period": asked.label,
        "rank": row["rank"],
        "tied": shown["tied"],
        "city": row["site"],
        "name": shown["name"],
    }
    for head in heads:
        told[head.code] = numbers.plain(row[head.code], head.places)
        told |= {f"{head.code}_{part}": row[f"{head.code}_{part}"] for part in _PARTS}
    told |= {
        "index": numbers.plain(row["i_sum"], INDEX_PLACES),
        "largest": row["max_item"],
    }
    if asked.shares:
        for item in words.HOURLY_ITEMS:
            told[f"share_{item}"] = numbers.plain(row[f"share_{item}"], SHARE_PLACES)
    told |= {
        "index_year_before": numbers.plain(row["i_prev"], INDEX_PLACES),
        "change": numbers.plain(row["rate"], SHARE_PLACES),
        "change_rank": row["rank_improved"],
        "good_share": numbers.plain(row["good_share"], SHARE_PLACES),
        "good_share_year_before": numbers.plain(row["good_share_prev"], SHARE_PLACES),
        **{f"days_{n}": row[f"days_{n}"] for n in ranking.LEVELS},
        "days_missing": row["n_missing"],
    }
    if asked.grain == "year":
        told["compliant"] = row["compliant"]
    if asked.target:
        told |= _aim_row(found.aims.get(row["site"]), asked)
    return told | {
        "not_ranked_because": shown["reason"],
        "unverified": row["unverified"],
        "limits": row["edition"],
        "index_edition": row["index_edition"],
    }


_PARTS = ("n_valid", "n_due", "valid")


def _aim_row(row: Row | None, asked: Asked) -> dict[str, Any]:
    allowed = row["allowed_mean_rest"] if row else None
    return {
        "target_item": asked.item,
        "target": float(asked.target),
        "mean_to_date": numbers.plain(row["mean_to_date"], TARGET_PLACES) if row else None,
        "gap": numbers.plain(row["gap"], TARGET_PLACES) if row else None,
        "days_rest": row["days_rest"] if row else None,
        "allowed_mean_rest": None if allowed is None
        else float(numbers.at_most(allowed, TARGET_PLACES)),
    }  # fmt: skip


def basis(found: Ranking) -> list[dict[str, Any]]:
    """Return the editions the page rests on, each with its part and address."""
    from fenhe import standards

    known = standards.catalogue()
    limits = known.edition(found.asked.limits)
    index = found.table["index_edition"][0] if found.table.height else ""
    parts = [
        (_("limits"), limits.id),
        (_("statistics"), known.on(standing.AREA_STANDARD, limits.in_force_from).id),
        (_("composite index and rank"), index),
        (_("change"), CHANGE_EDITION),
        (_("levels of days"), standing_levels(limits.id)),
    ]
    return [
        {"part": part, "id": name, "code": periodwords.edition_code(name),
         "url": addresses.edition(name)}
        for part, name in parts
        if name
    ]  # fmt: skip


def rules(found: Ranking) -> list[dict[str, Any]]:
    """Return the rules of index and change: id, title, value, clause and mark."""
    from fenhe import standards
    from fenhe.platform.web import standardsview

    told = []
    for part in basis(found)[2:4]:
        edition = standards.catalogue().edition(part["id"])
        told += [
            {
                "id": value.id,
                "title": standardsview.title(value),
                "value": standardsview.shown(value.raw) if value.known else "?",
                "clause": evidenceview.clause_text(value.clause),
                "mark": standardsview.mark(value),
            }
            for value in edition.values.values()
        ]
    return told


def unverified(found: Ranking) -> list[dict[str, Any]]:
    """Return the unverified values the rows rest on, with how many rows do."""
    counts: Counter[str] = Counter()
    for row in found.rows:
        counts.update(words.items_of(row["unverified"]))
    return [
        {"id": value_id, "title": periodwords.value_title(value_id), "n": n}
        for value_id, n in sorted(counts.items())
    ]
