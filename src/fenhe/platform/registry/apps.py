"""The registry app."""

from __future__ import annotations

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Names the app for Django."""

    name = "fenhe.platform.registry"
    label = "registry"
    verbose_name = "登记"
