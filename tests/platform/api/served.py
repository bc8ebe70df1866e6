"""A data folder made by the command line alone, with two stations, a person and a token."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any

from tests.platform.conftest import hours, tidy
from tests.platform.server import fenhe

SQUARE = [[112, 37], [113, 37], [113, 38], [112, 38], [112, 37]]
NAMES = (("140000", "山西省"), ("140100", "太原市"), ("140105", "小店区"))
STATIONS = (
    "site,name,region,code,public,published\nin,晋源,140105,C1,yes,yes\nby,小店,140105,C2,yes,no\n"
)


def prepare(folder: Path) -> tuple[Path, str]:
    """Return a data folder with a day of values, judged, and a token that reads and pushes."""
    data = folder / "data"
    fenhe("init", data=data)
    features = [
        {
            "type": "Feature",
            "properties": {"adcode": code, "name": name},
            "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
        }
        for code, name in NAMES
    ]
    shapes = folder / "shapes.geojson"
    shapes.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    fenhe("import", "boundaries", str(shapes), data=data)
    (folder / "stations.csv").write_text(STATIONS, encoding="utf-8")
    fenhe("import", "stations", str(folder / "stations.csv"), data=data)
    path = tidy(folder / "day.csv", hours("C1") + hours("C2"))
    fenhe("import", str(path), "--feed", "tidy-hourly", "--yes", data=data)
    fenhe("user", "add", "sender", "--role", "analyst", data=data)
    words = ("token", "add", "logger", "--user", "sender", "--scope", "read", "--scope", "push")
    return data, fenhe(*words, data=data).stdout.strip()


def push(port: int, token: str, key: str, body: bytes) -> tuple[int, Any]:
    """Push once and return status and answer; raises ``OSError`` where nobody answers."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Idempotency-Key": key,
    }
    try:
        link.request("POST", "/api/v1/observations", body, headers)
        reply = link.getresponse()
        return reply.status, json.loads(reply.read())
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(str(error)) from error
    finally:
        link.close()
