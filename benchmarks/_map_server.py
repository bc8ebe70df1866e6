"""The server of ``map.py``: the whole platform, and one more address that only gives JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

from fenhe.platform import boot


def main() -> None:
    """Serve a data folder; ``/yardstick`` answers a document of the given size."""
    data, port, size = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    boot.start(data)
    from django.conf import settings
    from django.http import HttpRequest, JsonResponse
    from django.urls import path

    from fenhe.platform import urls
    from fenhe.platform.registry import door
    from fenhe.platform.serving import serve

    station = {"site": "S0000", "name": "站点0000", "lon": 112.5, "lat": 37.8, "value": 41.0}
    row = len(json.dumps(station, ensure_ascii=False).encode())
    document = {"rows": [station] * max(size // (row + 2), 1)}

    @door.guard("web.open")
    def yardstick(_request: HttpRequest) -> JsonResponse:
        return JsonResponse(document, json_dumps_params={"ensure_ascii": False})

    module = ModuleType("map_urls")
    module.__dict__["urlpatterns"] = [path("yardstick/", yardstick), *urls.urlpatterns]
    sys.modules["map_urls"] = module
    settings.ROOT_URLCONF = "map_urls"
    serve(data, "127.0.0.1", port)


main()
