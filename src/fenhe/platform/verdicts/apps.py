"""The verdicts app."""

from __future__ import annotations

from django.apps import AppConfig


class VerdictsConfig(AppConfig):
    """Names the app for Django."""

    name = "fenhe.platform.verdicts"
    label = "verdicts"
    verbose_name = "评价"
