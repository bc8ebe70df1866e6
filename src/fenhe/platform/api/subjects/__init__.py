"""The operations, one module a subject."""

from __future__ import annotations

from ninja import Router

from fenhe.platform.api.subjects import (
    cells,
    evidence,
    feeds,
    latest,
    methods,
    observations,
    places,
    receipts,
    series,
    standards,
)

ROUTERS: dict[str, Router] = {
    "places": places.router,
    "series": series.router,
    "observations": observations.router,
    "latest": latest.router,
    "assessments": cells.router,
    "evidence": evidence.router,
    "standards": standards.router,
    "methods": methods.router,
    "feeds": feeds.router,
    "receipts": receipts.router,
}
