"""Hours of a month that comply: what ultra-low emission of steel and coking is judged by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import narwhals as nw

from fenhe.methods import calendar, exact, intake, labels, moments
from fenhe.methods.across import AcrossRows
from fenhe.methods.contract import Call, Column, Param
from fenhe.methods.sources import limits, words
from fenhe.methods.sources.judging import DEFAULT, STANDARD
from fenhe.standards import Edition

Frame = nw.LazyFrame[Any]

BASIS = "share_of_month"

_P = f"{intake.PRIVATE}share_"
_SET, _VERDICT, _DAY, _MONTH, _END, _DAYS, _SHARE, _NEEDED, _DOUBT = (
    f"{_P}{n}"
    for n in ("set", "verdict", "day", "month", "end", "days", "share", "needed", "doubt")
)
_COUNTS = {word: f"{_P}n_{word}" for word in ("within", "over", "exempt", "invalid", "stopped")}
_HOURS = f"{_P}hours"


def evaluate(frame: Frame, edition: Edition, call: Call) -> Frame:
    """Return one row an outlet, item, set of limits and month: the share of hours that comply.

    Reads the verdicts of ``sources.exceedance``. Judged hours are those within or over; exempt,
    invalid and stopped hours count for nothing.
    """
    frame = moments.with_second(frame)
    names = frame.collect_schema().names()
    given = nw.lit(None, nw.String)
    if "limit_set" in names:
        given = exact.text(nw.col("limit_set")).str.strip_chars()
        given = nw.when(given != "").then(given)
    default = call.params["limit_set"]
    frame = frame.with_columns(
        (given.fill_null(default) if default else given).alias(_SET),
        exact.text(nw.col("verdict")).str.strip_chars().str.to_lowercase().alias(_VERDICT),
        exact.floor_div(nw.col(moments.SECOND), moments.DAY).alias(_DAY),
    )
    frame = calendar.with_day(frame, _DAY, _DAY)
    frame = frame.with_columns(
        calendar.start_of(nw.col(_DAY), "month").alias(_MONTH),
        nw.lit(1, nw.Int64).alias(_HOURS),
        *(
            exact.integer((nw.col(_VERDICT) == word).fill_null(value=False)).alias(name)
            for word, name in _COUNTS.items()
        ),
    )
    sums = (*_COUNTS.values(), _HOURS)
    table = frame.group_by("outlet", "item", _SET, _MONTH).agg(nw.col(c).sum() for c in sums)
    table = table.with_columns(exact.integer(nw.col(c)).alias(c) for c in sums)
    return _told(table, edition)


def _told(table: Frame, edition: Edition) -> Frame:
    found = _needed(table)
    needed: nw.Expr = nw.lit(None, nw.Int64)
    for name, (share, _) in found.items():
        number = nw.lit(share, nw.Int64)
        needed = nw.when(nw.col(_SET) == name).then(number).otherwise(needed)
    table = calendar.with_end(table, _MONTH, "month", _END, _DAYS)
    table = table.with_columns(needed.alias(_NEEDED))
    within, over = (nw.col(_COUNTS[word]) for word in ("within", "over"))
    judged = within + over
    some = nw.when(judged > 0).then(judged)
    table = exact.with_half_even(table, {_SHARE: (within * 10_000, some)})
    enough = within * 10_000 >= nw.col(_NEEDED) * judged
    good = (judged > 0) & ~nw.col(_NEEDED).is_null()
    doubts = [
        (good & (nw.col(_SET) == name), one) for name, (_, ids) in found.items() for one in ids
    ]
    doubtful: nw.Expr = nw.lit(value=False)
    for condition, _ in doubts:
        doubtful = doubtful | condition
    table = table.with_columns(
        month=calendar.text(nw.col(_MONTH)).str.slice(0, 7),
        limit_set=nw.col(_SET),
        n_hours=nw.col(_HOURS),
        n_judged=judged,
        **{f"n_{word}": nw.col(name) for word, name in _COUNTS.items()},
        share=exact.to_float(nw.col(_SHARE), 2),
        needed=exact.to_float(nw.col(_NEEDED), 2),
        meets=nw.when(good & enough).then(nw.lit("yes")).when(good).then(nw.lit("no")),
        status=nw.when(good).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        provisional=nw.when(good & doubtful).then(nw.lit("yes")).when(good).then(nw.lit("no")),
        edition=nw.lit(edition.id),
    )
    by_id: dict[str, nw.Expr] = {}
    for condition, one in doubts:
        by_id[one] = by_id[one] | condition if one in by_id else condition
    rows = [(good & (nw.col(_SET) == n), i.row.id) for n in found for i in limits.named(n)]
    pieces: dict[str, list[labels.Piece]] = {
        "reason": list(_reasons(judged)),
        "unverified": [(condition, one) for one, condition in by_id.items()],
        "clauses": rows,
    }
    return labels.with_pieces(table, pieces).sort("outlet", "item", "month")


def _needed(table: Frame) -> dict[str, tuple[int, list[str]]]:
    """Return the share each combination of sets needs, in 1/10000, with what is not firm of it."""
    names = table.select(_SET).unique().collect()[_SET].to_list()
    found: dict[str, tuple[int, list[str]]] = {}
    for name in sorted(one for one in names if one):
        rows = [one for one in limits.named(name) if one.row["basis"] == BASIS]
        if not rows:
            continue
        ids: list[str] = []
        for one in rows:
            ids += [] if one.row.firm else [one.row.id]
            known = one.edition.values.get("in_force")
            ids += [known.id] if known is not None and not known.known else []
        share = max(exact.scaled(one.row["share"], 2) for one in rows)
        found[name] = (share, ids)
    return found


def _reasons(judged: nw.Expr) -> Iterator[labels.Piece]:
    yield nw.col(_SET).is_null(), "no_limit_set"
    yield ~nw.col(_SET).is_null() & nw.col(_NEEDED).is_null(), "not_by_share"
    yield judged == 0, "no_data"
    yield nw.col(_HOURS) < nw.col(_DAYS) * 24, "incomplete"


def _outputs(_editions: Sequence[Edition], _trace: bool) -> tuple[Column, ...]:
    return (
        words.OUTLET,
        words.ITEM,
        Column("limit_set", "限值组", "set of limits the verdicts are of"),
        Column("month", "月份", "calendar month"),
        Column("n_hours", "小时数", "rows of the month", "integer", "h"),
        Column("n_judged", "判定小时数", "hours within or over", "integer", "h"),
        Column("n_within", "达标小时数", "hours within the limit", "integer", "h"),
        Column("n_over", "超标小时数", "hours over", "integer", "h"),
        Column("n_exempt", "豁免小时数", "exempt hours", "integer", "h"),
        Column("n_invalid", "无效小时数", "invalid hours", "integer", "h"),
        Column("n_stopped", "停运小时数", "stopped hours", "integer", "h"),
        Column("share", "达标率", "hours within in those judged", "number", "%"),
        Column("needed", "要求", "least share the document asks for", "number", "%"),
        Column("meets", "达到要求", "yes or no"),
        words.STATUS,
        words.REASON,
        words.UNVERIFIED,
        words.PROVISIONAL,
        words.CLAUSES,
        words.EDITION,
    )


SHARE = AcrossRows(
    id="sources.share",
    zh="月度小时达标率",
    en="Share of the hours of a month that comply",
    standard=STANDARD,
    default_edition=DEFAULT,
    inputs=(
        words.OUTLET,
        words.ITEM,
        words.START,
        Column("verdict", "判定", "of sources.exceedance: over, within, exempt, invalid, stopped"),
        Column("limit_set", "限值组", "set of limits the verdict is of", optional=True),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    named=limits.read_shares,
    rounding="Shares half-even to two decimals; whether it is met is told from the counts.",
    missing=(
        "A set that is judged otherwise than by the share: not_by_share. No judged hour: no_data. "
        "Fewer rows than the month has hours: incomplete, judged on those there are."
    ),
    params=(Param("limit_set", "限值组缺省值", "set of rows that name none", "", str.strip),),
    adds_columns=False,
)
