"""The verdicts app."""

from __future__ import annotations

from django.apps import AppConfig


class VerdictsConfig(AppConfig):
    """Names the app for Django."""

    name = "fenhe.platform.verdicts"
    label = "verdicts"
    verbose_name = "评价"

    def ready(self) -> None:
        """Listen to acts that move stations between cities."""
        from fenhe.platform.verdicts import dirty  # noqa: F401
