"""Where a row of a table puts a site."""

from __future__ import annotations

import numpy as np

from fenhe.platform.registry.models import SitePlace
from fenhe.platform.registry.rows import Row
from fenhe.protocols.geo import gcj02_to_wgs84


def of(row: Row) -> dict[str, object]:
    """Return lon, lat (WGS-84) and the datum stated; nothing where the row gives no place."""
    lon, lat = row.degrees("lon", 180), row.degrees("lat", 90)
    if lon is None or lat is None:
        if lon is not None or lat is not None:
            raise row.wrong("lon" if lon is None else "lat", "is empty although the other is not")
        return {}
    stated = row.text("datum", SitePlace.Datum.UNKNOWN).casefold().replace("-", "")
    if stated not in SitePlace.Datum.values:
        raise row.wrong("datum", f"'{stated}' is not one of {', '.join(SitePlace.Datum.values)}")
    if stated == SitePlace.Datum.GCJ02:
        x, y = gcj02_to_wgs84(np.array([lon]), np.array([lat]))
        lon, lat = round(float(x[0]), 7), round(float(y[0]), 7)
    return {"lon": lon, "lat": lat, "datum": stated}
