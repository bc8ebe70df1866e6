"""Which site a file's station is: dated codes and names, never guessed."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources

import polars as pl

from fenhe.base.errors import BadInput
from fenhe.protocols.tables.station_names import Note, clean_name, plain_city, read_note
from fenhe.protocols.tables.table import TextTable

ALIASES = {
    "site": pl.String,
    "kind": pl.String,  # code | name
    "city": pl.String,
    "text": pl.String,
    "valid_from": pl.Date,  # null: as far back as anything is known
    "valid_to": pl.Date,  # last day; null: still
}
PLACES = {
    "site": pl.String,
    "lon": pl.Float64,
    "lat": pl.Float64,
    "datum": pl.String,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
    "source": pl.String,
}
_MOVED_METRES = 50.0
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Directory:
    """The dated aliases of sites (``ALIASES``)."""

    aliases: pl.DataFrame

    def resolve(self, wanted: pl.DataFrame) -> pl.DataFrame:
        """Return ``wanted`` (station, city, day) with ``site`` and ``reason``, rows in order.

        A station is looked for as a code, then by its plain name, within the city when one
        is given. Exactly one of ``site`` and ``reason`` is set. Reasons: ``unknown``;
        ``ambiguous``: it fits several sites; ``closed``: it is known, but not on that day,
        by the directory or by the note in the name itself.
        """
        asked = _asked(wanted)
        aliases = self.aliases.with_columns(pl.col("text").str.to_uppercase())
        by_code = _hits(asked, aliases.filter(pl.col("kind") == "code"), "code")
        by_name = _hits(asked, aliases.filter(pl.col("kind") == "name"), "name")
        found = asked.join(by_code, on="ask", how="left").join(
            by_name, on="ask", how="left", suffix="_name"
        )
        sites = pl.coalesce("sites", "sites_name")
        known = pl.coalesce("known", "known_name").fill_null(value=False)
        noted = pl.col("day").is_between(
            pl.col("opened_on").fill_null(date.min), pl.col("closed_on").fill_null(date.max)
        )
        number = sites.list.len().fill_null(0)
        answer = found.select(
            *("station", "city", "day"),
            site=pl.when((number == 1) & noted).then(sites.list.first()),
            reason=pl.when((number == 1) & noted)
            .then(None)
            .when(~known)
            .then(pl.lit("unknown"))
            .when((number == 0) | ~noted)
            .then(pl.lit("closed"))
            .otherwise(pl.lit("ambiguous")),
        )
        keys = ["station", "city", "day"]
        return wanted.join(answer, on=keys, how="left", nulls_equal=True, maintain_order="left")


def _asked(wanted: pl.DataFrame) -> pl.DataFrame:
    """Return the distinct questions with their plain name and what the note says."""
    asked = wanted.select("station", "city", "day").unique(maintain_order=True)
    texts = asked["station"].unique().drop_nulls().to_list()
    names = [clean_name(text) for text in texts]
    notes = [read_note(clean.note) for clean in names]
    read = pl.DataFrame(
        {
            "station": texts,
            "code": [text.strip().upper() for text in texts],
            "name": [clean.name.upper() for clean in names],
            "closed_on": [note.closed_on for note in notes],
            "opened_on": [note.opened_on for note in notes],
        },
        schema_overrides={
            "station": pl.String,
            "code": pl.String,
            "name": pl.String,
            "closed_on": pl.Date,
            "opened_on": pl.Date,
        },
    )
    return asked.join(read, on="station", how="left", maintain_order="left").with_row_index("ask")


def _hits(asked: pl.DataFrame, aliases: pl.DataFrame, by: str) -> pl.DataFrame:
    """Return ask, sites that hold on its day, and that the text is known at all."""
    pairs = asked.join(aliases, left_on=by, right_on="text", suffix="_alias")
    if by == "name":
        same = plain_city(pl.col("city")) == plain_city(pl.col("city_alias"))
        pairs = pairs.filter(pl.col("city").is_null() | pl.col("city_alias").is_null() | same)
    holds = pl.col("day").is_between(
        pl.col("valid_from").fill_null(date.min), pl.col("valid_to").fill_null(date.max)
    )
    return pairs.group_by("ask").agg(
        sites=pl.col("site").filter(holds).unique(), known=pl.lit(value=True)
    )


@dataclass(frozen=True)
class Facts:
    """What a station list tells: sites (site, city, name, control, closed), aliases, places."""

    sites: pl.DataFrame
    aliases: pl.DataFrame
    places: pl.DataFrame

    @property
    def directory(self) -> Directory:
        """Return the directory of these facts."""
        return Directory(self.aliases)


def reissued() -> dict[str, str]:
    """Return code -> site for codes given anew to a station that is known under another."""
    file = resources.files("fenhe.protocols.tables") / "reissued_codes.csv"
    with file.open(encoding="utf-8") as text:
        return {row["code"]: row["site"] for row in csv.DictReader(text)}


def stations_from_list(table: TextTable, listed_on: date, source: str) -> Facts:
    """Read a station list into dated facts; the site key is a station's first known code.

    Columns: station_code, name_source, city, lon, lat, and where known closed, closed_on
    (yyyymmdd), lon_feed, lat_feed, name_feed, feed_ts, shift_m. Where the list and the
    feed place a station more than 50 m apart both places are kept: the feed's until the
    day before ``listed_on``, as the day of the move is unknown. The datum is not stated by
    such lists and is given as ``unknown``. A closed station is valid to its closing day.
    """
    needed = ("station_code", "name_source", "city", "lon", "lat")
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise BadInput(f"{table.name} has no column {', '.join(missing)}")
    same = reissued()
    sites: dict[str, tuple[str, str, str, bool, bool]] = {}
    aliases: list[tuple[object, ...]] = []
    places: list[tuple[object, ...]] = []
    for row in table.read().frame.iter_rows(named=True):
        site = same.get(row["station_code"], row["station_code"])
        notes = _notes(row)
        since, until = notes.opened_on, notes.closed_on
        city, name = row["city"], clean_name(row["name_source"]).name
        sites.setdefault(site, (site, city, name, notes.control, notes.closed))
        aliases.append((site, "code", city, row["station_code"], since, until))
        for spelling in {name, clean_name(row.get("name_feed") or name).name}:
            aliases.append((site, "name", city, spelling, since, until))
        if site == row["station_code"]:
            places += _places(row, site, listed_on, source)
    columns = ("site", "city", "name", "control", "closed")
    return Facts(
        pl.DataFrame(list(sites.values()), schema=columns, orient="row"),
        pl.DataFrame(aliases, schema=ALIASES, orient="row").unique(maintain_order=True),
        pl.DataFrame(places, schema=PLACES, orient="row"),
    )


def _notes(row: dict[str, str | None]) -> Note:
    """Join what both spellings of the name and the closing column say."""
    listed = read_note(clean_name(row["name_source"] or "").note)
    feed = read_note(clean_name(row.get("name_feed") or "").note)
    stated = row.get("closed_on")
    closed_on = date.fromisoformat(stated) if stated else listed.closed_on or feed.closed_on
    return Note(
        closed=listed.closed or feed.closed or row.get("closed") == "True",
        closed_on=closed_on,
        opened_on=listed.opened_on or feed.opened_on,
        control=listed.control or feed.control,
    )


def _places(
    row: dict[str, str | None], site: str, listed_on: date, source: str
) -> list[tuple[object, ...]]:
    listed, feed = (
        _point(row.get("lon"), row.get("lat")),
        _point(row.get("lon_feed"), row.get("lat_feed")),
    )
    moved = float(row.get("shift_m") or 0) > _MOVED_METRES
    if listed is None:
        return [] if feed is None else [(site, *feed, "unknown", None, None, _feed(row))]
    if feed is None or not moved:
        return [(site, *listed, "unknown", None, None, source)]
    return [
        (site, *feed, "unknown", None, listed_on - _DAY, _feed(row)),
        (site, *listed, "unknown", listed_on, None, f"{source}; day of the move unknown"),
    ]


def _feed(row: dict[str, str | None]) -> str:
    return f"feed of {(row.get('feed_ts') or 'unknown day')[:10]}"


def _point(lon: str | None, lat: str | None) -> tuple[float, float] | None:
    return (float(lon), float(lat)) if lon and lat else None
