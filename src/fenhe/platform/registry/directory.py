"""From what a file calls a station to the site it was on that day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import polars as pl

from fenhe.platform.registry.models import Region, Site, SiteCode, SiteName

_NOTE = re.compile(r"[\(（][^\)）]*[\)）]?\s*$")
_CITY_SUFFIX = "市|地区|自治州|盟"

_FACTS = {
    "text": pl.String,
    "site": pl.String,
    "city": pl.String,
    "since": pl.Date,
    "until": pl.Date,
}


def split_note(name: str) -> tuple[str, str]:
    """Split a station name from what is bracketed after it.

    >>> split_note("上兰(对照点)")
    ('上兰', '对照点')
    """
    plain, notes = name.strip(), []
    while match := _NOTE.search(plain):
        notes.append(match.group().strip().strip("()（）"))
        plain = plain[: match.start()].rstrip()
    return (plain, "; ".join(reversed(notes))) if plain else (name.strip(), "")


@dataclass(frozen=True)
class Directory:
    """The dated codes and names of all sites, as one frame.

    A text is looked up as a code first, then as a name (without bracketed notes) within the
    city the file gives, then as a site key. What fits two sites is not guessed.
    """

    codes: pl.DataFrame
    names: pl.DataFrame
    keys: pl.DataFrame

    @classmethod
    def load(cls, as_of: int | None = None) -> Directory:
        """Read the directory; ``as_of`` keeps only facts known at that commit."""
        cities = _cities()
        known = {} if as_of is None else {"commit__lte": as_of}
        codes = [
            (_fold(code), site, cities.get(region, ""), since, until)
            for code, site, region, since, until in SiteCode.objects.filter(**known).values_list(
                "code", "site_id", "site__region_id", "valid_from", "valid_to"
            )
        ]
        names = []
        for zh, en, site, region, since, until in SiteName.objects.filter(**known).values_list(
            "name_zh", "name_en", "site_id", "site__region_id", "valid_from", "valid_to"
        ):
            names += [
                (_fold(split_note(text)[0]), site, cities.get(region, ""), since, until)
                for text in {zh, en}
                if text
            ]
        keys = [
            (_fold(key), key, cities.get(region, ""), date(1, 1, 1), date(9999, 12, 31))
            for key, region in Site.objects.values_list("key", "region_id")
        ]
        return cls(_facts(codes), _facts(names), _facts(keys))

    def resolve(self, wanted: pl.DataFrame) -> pl.DataFrame:
        """Return ``wanted`` (station, city, day; distinct) with ``site`` and ``reason``.

        Exactly one of the two is set. Reasons: ``unknown_station:…``, ``ambiguous_station:…``,
        ``station_outside_dates:…``.
        """
        asked = wanted.with_row_index("_ask").with_columns(
            _text=pl.col("station").map_elements(_fold, return_dtype=pl.String),
            _name=pl.col("station").map_elements(
                lambda text: _fold(split_note(text)[0]), return_dtype=pl.String
            ),
            _city=_plain_city(pl.col("city")),
        )
        by_code = self._match(asked, self.codes, "_text")
        by_name = self._match(asked, self.names, "_name", within_city=True)
        by_key = self._match(asked, self.keys, "_text")
        known = self._ever(asked)
        found = asked.select("_ask").join(by_code, on="_ask", how="left")
        found = found.join(by_name, on="_ask", how="left", suffix="_name")
        found = found.join(by_key, on="_ask", how="left", suffix="_key")
        found = found.join(known, on="_ask", how="left").select(
            "_ask",
            sites=pl.coalesce("sites", "sites_name", "sites_key"),
            ever=pl.col("ever").fill_null(False),
        )
        return (
            asked.join(found, on="_ask", how="left", maintain_order="left")
            .with_columns(
                site=pl.when(pl.col("sites").list.len() == 1).then(pl.col("sites").list.first()),
                reason=pl.when(pl.col("sites").list.len() > 1)
                .then(pl.lit("ambiguous_station:") + pl.col("station"))
                .when(pl.col("sites").is_null() & pl.col("ever"))
                .then(pl.lit("station_outside_dates:") + pl.col("station"))
                .when(pl.col("sites").is_null())
                .then(pl.lit("unknown_station:") + pl.col("station")),
            )
            .select(*wanted.columns, "site", "reason")
        )

    @staticmethod
    def _match(
        asked: pl.DataFrame, facts: pl.DataFrame, on: str, within_city: bool = False
    ) -> pl.DataFrame:
        hits = asked.join(facts, left_on=on, right_on="text", suffix="_fact").filter(
            pl.col("day").is_between("since", "until")
        )
        if within_city:
            hits = hits.filter(pl.col("_city").is_null() | (pl.col("_city") == pl.col("city_fact")))
        return hits.group_by("_ask").agg(sites=pl.col("site").unique())

    def _ever(self, asked: pl.DataFrame) -> pl.DataFrame:
        code = asked.join(self.codes, left_on="_text", right_on="text").select("_ask")
        name = asked.join(self.names, left_on="_name", right_on="text", suffix="_fact")
        name = name.filter(
            pl.col("_city").is_null() | (pl.col("_city") == pl.col("city_fact"))
        ).select("_ask")
        return pl.concat([code, name]).unique().with_columns(ever=pl.lit(True))


def _facts(rows: list[tuple[str, str, str, date, date]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=_FACTS, orient="row")


def _cities() -> dict[str, str]:
    """Return region code -> plain name of the city it lies in (or is)."""
    regions = {region.code: region for region in Region.objects.select_related("parent")}
    plain: dict[str, str] = {}
    for code, region in regions.items():
        chain = [regions[part] for part in region.path.strip("/").split("/") if part in regions]
        city = next((r for r in chain if r.level == Region.Level.CITY), chain[0])
        plain[code] = re.sub(f"({_CITY_SUFFIX})$", "", city.name_zh)
    return plain


def _plain_city(column: pl.Expr) -> pl.Expr:
    plain = column.cast(pl.String).str.strip_chars().str.replace(f"({_CITY_SUFFIX})$", "")
    return pl.when(plain.str.len_chars() > 0).then(plain)


def _fold(text: str) -> str:
    return text.strip().casefold()
