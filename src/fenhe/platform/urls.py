"""Addresses: Chinese at the root, English under ``/en/``."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path
from django.views.i18n import set_language

from fenhe.platform.api import root
from fenhe.platform.registry import door

urlpatterns = [
    path("language/", door.guard("web.language")(set_language), name="set_language"),
    path("", include("fenhe.platform.operations.urls")),
    path(root.PREFIX, include((root.addresses(), "api"))),
    *i18n_patterns(
        path("", include("fenhe.platform.web.urls")),
        prefix_default_language=False,
    ),
]
handler403 = "fenhe.platform.web.views.errors.forbidden"
handler404 = "fenhe.platform.web.views.errors.not_found"
