"""The web app."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Names the app for Django."""

    name = "fenhe.platform.web"
    label = "web"
    verbose_name = "网页"
