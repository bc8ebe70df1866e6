"""The ASGI application that ``fenhe serve`` hands to uvicorn."""

from __future__ import annotations

import os
import warnings

from django.conf import settings
from django.core.asgi import get_asgi_application

from fenhe.platform.middleware import BodyLimit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fenhe.platform.settings")
# WhiteNoise gives files as plain iterators; Django reads them whole, which small assets bear.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous")
_django = get_asgi_application()
application = BodyLimit(_django, settings.UPLOAD_LIMIT)  # type: ignore[arg-type]
