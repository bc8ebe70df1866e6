"""The monitoring app."""

from __future__ import annotations

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    """Names the app for Django."""

    name = "fenhe.platform.monitoring"
    label = "monitoring"
    verbose_name = "监测"
