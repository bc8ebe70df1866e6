"""The gateway app."""

from __future__ import annotations

from django.apps import AppConfig


class GatewayConfig(AppConfig):
    """Commands to devices, and what went wrong with connections."""

    name = "fenhe.platform.gateway"
    label = "gateway"
    verbose_name = "网关"
