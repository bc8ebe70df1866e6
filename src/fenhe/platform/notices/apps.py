"""The app of alarms."""

from __future__ import annotations

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """Names the app for Django."""

    name = "fenhe.platform.notices"
    label = "notices"
    verbose_name = "告警"
