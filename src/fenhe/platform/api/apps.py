"""Django app: the HTTP interface."""

from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Tokens, and pushes with the answer each was given."""

    name = "fenhe.platform.api"
    label = "api"
