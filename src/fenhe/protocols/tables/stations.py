"""Which site a file's station is: dated codes and names, never guessed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from fenhe.protocols.tables.station_names import clean_name, plain_city, read_note

ALIASES = {
    "site": pl.String,
    "kind": pl.String,  # code | name | city | key
    "city": pl.String,
    "text": pl.String,
    "valid_from": pl.Date,  # null: as far back as anything is known
    "valid_to": pl.Date,  # last day; null: still
}
STATIONS = ("code", "name", "key")  # how the text of a station is looked for
CITIES = ("city", "key")  # how the text of a city is looked for
_KEYS = ["station", "city", "day"]
_FULL_WIDTH = (["（", "）", "\u3000"], ["(", ")", " "])


@dataclass(frozen=True)
class Directory:
    """The dated aliases of sites (``ALIASES``)."""

    aliases: pl.DataFrame

    def resolve(self, wanted: pl.DataFrame, order: tuple[str, ...] = STATIONS) -> pl.DataFrame:
        """Return ``wanted`` (station, city, day) with ``site`` and ``reason``, rows in order.

        A station is looked for as a code, then by its name without bracketed notes, within
        the city when one is given, then as a site key; the first that holds on the day counts.
        With ``order=CITIES`` it is a city's name, with or without 市, and no station's.
        Exactly one of ``site`` and ``reason`` is set. Reasons, each with the station's text:
        ``unknown_station:``; ``ambiguous_station:``: it fits several sites;
        ``station_outside_dates:``: it is known, but not on that day, by the directory or by
        the note in the name itself.
        """
        asked = _asked(wanted)
        aliases = self.aliases.with_columns(text=_folded("text"), city=plain_city(pl.col("city")))
        pairs = pl.concat([_pairs(asked, aliases, rank, kind) for rank, kind in enumerate(order)])
        first = pl.col("rank").filter(pl.col("holds")).min()
        found = pairs.group_by("ask").agg(
            sites=pl.col("site").filter(pl.col("holds") & (pl.col("rank") == first)).unique()
        )
        answer = asked.join(found, on="ask", how="left").select(*_KEYS, *_answer())
        return wanted.join(answer, on=_KEYS, how="left", nulls_equal=True, maintain_order="left")


def _asked(wanted: pl.DataFrame) -> pl.DataFrame:
    """Return the distinct questions with their folded texts and the days the note allows."""
    asked = wanted.select(_KEYS).unique(maintain_order=True).with_row_index("ask")
    texts = asked["station"].unique().drop_nulls().to_list()
    names = [clean_name(text) for text in texts]
    notes = [read_note(clean.note) for clean in names]
    read = {
        "station": texts,
        "whole": texts,
        "plain": [clean.name for clean in names],
        "opened_on": [note.opened_on for note in notes],
        "closed_on": [note.closed_on for note in notes],
    }
    text, day = pl.String(), pl.Date()
    schema = dict(zip(read, (text, text, text, day, day), strict=True))
    folded = pl.DataFrame(read, schema=schema).with_columns(
        whole=_folded("whole"), plain=_folded("plain")
    )
    return asked.join(folded, on="station", how="left", maintain_order="left").with_columns(
        within=plain_city(pl.col("city")), place=plain_city(pl.col("whole"))
    )


def _folded(column: str) -> pl.Expr:
    """Return texts as they are compared: no case, no space around, brackets of one width."""
    return pl.col(column).str.replace_many(*_FULL_WIDTH).str.strip_chars().str.to_lowercase()


def _pairs(asked: pl.DataFrame, aliases: pl.DataFrame, rank: int, kind: str) -> pl.DataFrame:
    """Return ask, site, rank and whether the alias holds on the day, for every text that fits."""
    known = aliases.filter(pl.col("kind") == kind).rename({"city": "alias_city"})
    by_name = kind == "name"
    if kind == "city":
        known = known.with_columns(text=plain_city(pl.col("text")))
    asked_as = {"name": "plain", "city": "place"}.get(kind, "whole")
    pairs = asked.join(known, left_on=asked_as, right_on="text")
    holds = _between("valid_from", "valid_to")
    if by_name:
        same = pl.col("within") == pl.col("alias_city")
        pairs = pairs.filter(pl.col("within").is_null() | pl.col("alias_city").is_null() | same)
        holds &= _between("opened_on", "closed_on")
    return pairs.select("ask", "site", rank=pl.lit(rank, pl.Int8), holds=holds)


def _between(since: str, until: str) -> pl.Expr:
    return pl.col("day").is_between(
        pl.col(since).fill_null(date.min), pl.col(until).fill_null(date.max)
    )


def _answer() -> tuple[pl.Expr, pl.Expr]:
    number = pl.col("sites").list.len()  # null: no alias has this text at all
    reason = (
        pl.when(number.is_null())
        .then(pl.lit("unknown_station:"))
        .when(number == 0)
        .then(pl.lit("station_outside_dates:"))
        .when(number > 1)
        .then(pl.lit("ambiguous_station:"))
    )
    site = pl.when(number == 1).then(pl.col("sites").list.first())
    return site.alias("site"), (reason + pl.col("station").fill_null("")).alias("reason")
