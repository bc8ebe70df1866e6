"""Read a table of stations into sites with dated names, codes and places."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction

from fenhe.base.errors import BadInput, Place
from fenhe.platform.registry import places
from fenhe.platform.registry.models import (
    ALWAYS,
    END_OF_TIME,
    Organisation,
    Region,
    Site,
    SiteCode,
    SiteName,
    SitePlace,
)
from fenhe.platform.registry.rows import Row
from fenhe.protocols.tables import reader
from fenhe.protocols.tables.station_names import clean_name

REQUIRED = ("site", "name", "region")
OPTIONAL = (
    "code", "name_en", "lon", "lat", "datum", "valid_from", "valid_to", "kind", "public",
    "published", "counts_for_city", "organisation", "source",
)  # fmt: skip


@dataclass
class Outcome:
    """What a station file changed."""

    rows: int = 0
    created: Counter[str] = field(default_factory=Counter)


def load_stations(path: Path, commit: int, source: str = "") -> Outcome:
    """Enter the stations of a table; a fact that is there already is not entered twice.

    One row gives one span of facts of a site: the same ``site`` may stand in several rows
    with other dates. Columns: ``site``, ``name``, ``region`` (code), and of the optional ones
    what is known. Nothing is entered when any row is wrong. Raises ``BadInput`` with the row.
    """
    table = reader.open_table(path)
    _check_columns(path, table.columns)
    known = _Known(commit, source)
    with transaction.atomic():
        for batch in table.batches():
            for number, cells in zip(batch.rows, batch.frame.iter_rows(named=True), strict=True):
                row = Row(path, int(number), cells)
                _enter(row, known)
                known.outcome.rows += 1
    return known.outcome


class _Known:
    """What rows are held against, and what they changed."""

    def __init__(self, commit: int, source: str) -> None:
        self.regions = {region.code: region for region in Region.objects.defer("shape")}
        self.firms = {firm.code: firm for firm in Organisation.objects.all()}
        self.commit = commit
        self.source = source
        self.outcome = Outcome()

    def count(self, what: str, new: bool) -> None:
        self.outcome.created[what] += new


def _check_columns(path: Path, columns: object) -> None:
    names = {str(name).strip() for name in columns}  # type: ignore[attr-defined]
    if missing := [name for name in REQUIRED if name not in names]:
        raise BadInput(
            f"has no column {', '.join(missing)}; needed: {', '.join(REQUIRED)}; "
            f"known besides: {', '.join(OPTIONAL)}",
            place=Place(str(path)),
        )


def _enter(row: Row, known: _Known) -> None:
    site = _site(row, known)
    span = {
        "valid_from": row.day("valid_from", ALWAYS),
        "valid_to": row.day("valid_to", END_OF_TIME),
    }
    if span["valid_to"] < span["valid_from"]:
        raise row.wrong("valid_to", "lies before valid_from")
    kept = {"source": row.text("source", known.source), "commit": known.commit}
    name, note = clean_name(row.needed("name"))
    _, new = SiteName.objects.get_or_create(
        site=site, name_zh=name, name_en=row.text("name_en"), note=note, **span, defaults=kept
    )
    known.count("names", new)
    if code := row.text("code"):
        _, new = SiteCode.objects.get_or_create(site=site, code=code, **span, defaults=kept)
        known.count("codes", new)
    if place := places.of(row):
        _, new = SitePlace.objects.get_or_create(site=site, **place, **span, defaults=kept)
        known.count("places", new)


def _site(row: Row, known: _Known) -> Site:
    code, firm = row.needed("region"), row.text("organisation")
    if code not in known.regions:
        raise row.wrong("region", f"'{code}' is not a known region; import boundaries first")
    if firm and firm not in known.firms:
        raise row.wrong("organisation", f"'{firm}' is not a known organisation")
    kind = row.text("kind", Site.Kind.AIR)
    if kind not in Site.Kind.values:
        raise row.wrong("kind", f"'{kind}' is not one of {', '.join(Site.Kind.values)}")
    site, new = Site.objects.get_or_create(
        key=row.needed("site"),
        defaults={
            "kind": kind,
            "region": known.regions[code],
            "organisation": known.firms.get(firm),
            "public": row.truth("public", False),
            "published": row.truth("published", False),
            "counts_for_city": kind == Site.Kind.AIR and row.truth("counts_for_city", True),
        },
    )
    if site.region_id != code:
        raise row.wrong("region", f"site {site.key} already lies in {site.region_id}")
    known.count("sites", new)
    return site
