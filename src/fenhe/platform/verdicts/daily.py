"""From hourly values to the cells of days, and from these to months, quarters and years.

Frames in, frames out; no database. The cell of a day keeps the exact day value of each item
(``so2_e6``: the mean times 10^6) beside what was judged of it: those are the partials that
cities and longer periods are computed from, so that a corrected hour costs one day.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import polars as pl

from fenhe import standards
from fenhe.base import beijing
from fenhe.methods import prepared
from fenhe.methods import registry as methods
from fenhe.methods.air import stages
from fenhe.methods.air.evaluation import EvaluationRules
from fenhe.platform.verdicts.judge import (
    DIGEST_BYTES,
    ITEMS,
    Question,
    counting,
    day_number,
    most_decimals,
    said,
)

#: Columns of a day frame, one set per item.
PARTS = {"n": pl.Int64(), "due": pl.Int64(), "e6": pl.Int64(), "ok": pl.Boolean()}
PARTIALS = [f"{item}_{part}" for item in ITEMS for part in PARTS]
#: What a period reads of a day cell.
READ = ["end", "input_digest", "o3_1h", *PARTIALS]
MILLION = 1_000_000


@lru_cache(maxsize=16)
def rules_of(edition: str) -> EvaluationRules:
    """Return the rules of a GB 3095 edition, with the HJ 663 edition that goes with it."""
    return stages.rules(edition)


def site_days(values: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Return one cell per site and day that holds any value, void ones too.

    ``values``: site, item, start, end, value, decimals, quality.
    """
    usable = counting(values)
    hours = values.select("site", "start").unique()
    picked = [pl.col("value").filter(pl.col("item") == item).last().alias(item) for item in ITEMS]
    wide = hours.join(
        usable.group_by("site", "start").agg(picked), on=["site", "start"], how="left"
    )
    edition, decimals = _edition(question), most_decimals(usable)
    frame = prepared.run(
        ("site_days", edition, *decimals.items()),
        lambda rows: stages.site_days(rows, rules_of(edition), decimals),
        wide.select(*ITEMS, area="site", start_hour=_hour_number("start")),
    )
    lines = _dated(usable).with_columns(_said=pl.concat_str(_hour_text(), said()))
    largest = (
        _dated(usable.filter(pl.col("item") == "o3"))
        .group_by("area", "day")
        .agg(o3_1h=pl.col("value").max())
    )
    cells = _cells(frame.select("area", "day", *PARTIALS), lines, question)
    return cells.join(_as_site(largest), on=["site", "start"], how="left")


def published_days(values: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Return one cell per city and day of daily values somebody else published.

    ``values``: daily means (statistic ``24h``) and ozone's largest 8-hour means (``mda8``). How
    many hours stand behind one is not known: it counts as one value of one due, and is taken.
    """
    usable = _dated(counting(values))
    exact = (pl.col("value") * MILLION).round(0).cast(pl.Int64)
    made = [
        pl.col("_e6").filter(pl.col("item") == item).last().alias(f"{item}_e6") for item in ITEMS
    ]
    frame = (
        _dated(values)
        .select("area", "day")
        .unique()
        .join(
            usable.with_columns(_e6=exact).group_by("area", "day").agg(made),
            on=["area", "day"],
            how="left",
        )
        .with_columns(pl.col(f"{item}_e6").is_not_null().alias(f"{item}_ok") for item in ITEMS)
        .with_columns(pl.col(f"{item}_ok").cast(pl.Int64).alias(f"{item}_n") for item in ITEMS)
        .with_columns(pl.lit(1, pl.Int64).alias(f"{item}_due") for item in ITEMS)
        .select("area", "day", *PARTIALS)
    )
    lines = usable.with_columns(_said=said())
    none = pl.lit(None, pl.Float64).alias("o3_1h")
    return _cells(frame, lines, question, level="city").with_columns(none)


def city_days(days: pl.DataFrame, members: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Return one cell per city and day on which any of its stations has a day cell.

    ``days``: day cells of stations; ``members``: area, site, day (date): those that counted.
    """
    numbered = members.select("area", "site", day=_day_int(pl.col("day")))
    stations = _frame(days)
    held = stations.select("area", "day").rename({"area": "site"})
    there = numbered.join(held, on=["site", "day"], how="semi").select("area", "day").unique()
    due = numbered.join(there, on=["area", "day"], how="semi")
    edition = _edition(question)
    frame = prepared.run(
        ("city_days", edition),
        lambda sites, members: stages.city_days(sites, members, rules_of(edition)),
        stations,
        due,
    )
    told = _digests_of(days).join(due, left_on=["area", "day"], right_on=["site", "day"])
    lines = told.select(
        "day", area="area_right", _said=pl.concat_str("area", pl.lit(":"), "input_digest")
    )
    none = pl.lit(None, pl.Float64).alias("o3_1h")
    cells = _cells(frame.select("area", "day", *PARTIALS), lines, question, level="city")
    return cells.with_columns(none)


def periods(days: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Return one cell per place and period (month, quarter, year) in which a day cell lies.

    ``days``: the day cells of whole periods.
    """
    frame, grain = _frame(days), question.parameters["period"]
    level = "station" if question.of_site else "city"
    judged = _judged(frame, question, grain, level)
    first = {day: stages.period_of(day, grain)[0] for day in frame["day"].unique().sort().to_list()}
    told = _digests_of(days).select(
        "area",
        _said=pl.concat_str(pl.col("day").cast(pl.String), pl.lit(":"), "input_digest"),
        day=pl.col("day").replace_strict(first, return_dtype=pl.Int64),
    )
    return _finished(judged, told, question, _counts_of_period())


def aqi_days(days: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Return the daily AQI of day cells: valid day means, MDA8, and the largest hour of ozone.

    A city has no largest hour: how one is formed from its stations is in no source at hand.
    """
    exact = pl.col
    wide = days.select(
        "site",
        "start",
        "end",
        "o3_1h",
        day=day_number(pl.col("start")),
        **{
            ("o3_8h" if item == "o3" else item): pl.when(exact(f"{item}_ok")).then(
                exact(f"{item}_e6") / MILLION
            )
            for item in ITEMS
        },
        input_digest="input_digest",
    )
    items = [*(i for i in ITEMS if i != "o3"), "o3_8h"]
    cells = prepared.apply(
        methods.method(question.method),
        wide,
        edition=question.edition,
        decimals=dict.fromkeys([*items, "o3_1h"], 6),
    )
    return cells.with_columns(
        input_digest=_rehash("input_digest", question),
        in_force=_in_force("start", "end", question.edition),
        n_valid=pl.sum_horizontal(pl.col(i).is_not_null() for i in items).cast(pl.Int64),
        n_due=pl.lit(len(items), pl.Int64),
        method_version=pl.lit(question.version),
    ).drop(*items, "o3_1h", "day")


def _edition(question: Question) -> str:
    assert question.edition is not None  # noqa: S101 - day and period questions name theirs
    return question.edition


def _hour_number(column: str) -> pl.Expr:
    return pl.col(column).dt.epoch("s") // 3600


def _hour_text() -> pl.Expr:
    return pl.col("start").dt.strftime("%H ")


def _day_int(day: pl.Expr) -> pl.Expr:
    return (day.dt.year().cast(pl.Int64) * 100 + day.dt.month()) * 100 + day.dt.day()


def _dated(values: pl.DataFrame) -> pl.DataFrame:
    return values.with_columns(area="site", day=day_number(pl.col("start")))


def _frame(days: pl.DataFrame) -> pl.DataFrame:
    """Return day cells as the day frame the stages read."""
    return days.select(pl.col("site").alias("area"), day=day_number(pl.col("start"))).with_columns(
        days.select(PARTIALS)
    )


def _digests_of(days: pl.DataFrame) -> pl.DataFrame:
    return days.select("input_digest", area="site", day=day_number(pl.col("start")))


def _cells(
    frame: pl.DataFrame, lines: pl.DataFrame, question: Question, level: str = "station"
) -> pl.DataFrame:
    """Judge a day frame, and keep it beside the verdict."""
    judged = _judged(frame, question, "day", level)
    told = lines.select("area", "day", "_said")
    cells = _finished(judged, told, question, _counts_of_day())
    return cells.join(_as_site(frame), on=["site", "start"], how="left")


def _judged(days: pl.DataFrame, question: Question, period: str, level: str) -> pl.DataFrame:
    edition = _edition(question)
    return prepared.run(
        ("periods", edition, period, level),
        lambda rows: stages.periods(rows, rules_of(edition), period, level=level),
        days,
    )


def _as_site(frame: pl.DataFrame) -> pl.DataFrame:
    start = _start_of(pl.col("day").cast(pl.String).str.to_date("%Y%m%d"))
    return frame.with_columns(start=start).rename({"area": "site"}).drop("day")


def _start_of(day: pl.Expr) -> pl.Expr:
    return day.cast(pl.Datetime("us")) - beijing.OFFSET


def _finished(
    judged: pl.DataFrame, told: pl.DataFrame, question: Question, counts: dict[str, pl.Expr]
) -> pl.DataFrame:
    """Turn results into cells: key, counts, digest of the inputs (``told``: area, day, _said)."""
    first = pl.col("period_start").str.to_date("%Y-%m-%d")
    last = pl.col("period_end").str.to_date("%Y-%m-%d")
    digests = told.group_by("area", "day").agg(pl.col("_said").sort().str.join(";"))
    digests = digests.with_columns(input_digest=_rehash("_said", question)).drop("_said")
    empty = hashlib.blake2b(question.salt.encode(), digest_size=DIGEST_BYTES).hexdigest()
    return (
        judged.with_columns(day=_day_int(first))
        .join(digests, on=["area", "day"], how="left")
        .with_columns(
            start=_start_of(first),
            end=_start_of(last) + beijing.DAY,
            input_digest=pl.col("input_digest").fill_null(empty),
            method_version=pl.lit(question.version),
            **counts,
        )
        .with_columns(in_force=_in_force("start", "end", question.edition))
        .rename({"area": "site"})
        .drop("day", "period_start", "period_end")
    )


def _counts_of_day() -> dict[str, pl.Expr]:
    """Count the items that are valid that day, of the six."""
    valid = pl.sum_horizontal(pl.col(f"{item}_valid").cast(pl.Int64) for item in ITEMS)
    return {"n_valid": valid.cast(pl.Int64), "n_due": pl.lit(len(ITEMS), pl.Int64)}


def _counts_of_period() -> dict[str, pl.Expr]:
    """Count the days on which the best measured item is valid, of the days there are."""
    counts = {"n_valid": "n_valid", "n_due": "n_due"}
    return {
        name: pl.max_horizontal(pl.col(f"{item}_{part}") for item in ITEMS).cast(pl.Int64)
        for name, part in counts.items()
    }


def _rehash(column: str, question: Question) -> pl.Expr:
    salt = question.salt

    def digest(text: str) -> str:
        return hashlib.blake2b(f"{salt}|{text}".encode(), digest_size=DIGEST_BYTES).hexdigest()

    return pl.col(column).map_elements(digest, return_dtype=pl.String)


def _in_force(start: str, end: str, edition_id: str | None) -> pl.Expr:
    """Say whether the edition was in force from the first day to the last."""
    edition = standards.catalogue().edition(edition_id or "")
    begun = pl.col(start) >= beijing.start_of(edition.in_force_from)
    if edition.in_force_to is None:
        return begun
    return begun & (pl.col(end) <= beijing.start_of(edition.in_force_to) + beijing.DAY)
