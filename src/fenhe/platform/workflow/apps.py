"""The workflow app."""

from __future__ import annotations

from django.apps import AppConfig


class WorkflowConfig(AppConfig):
    """Names the app for Django."""

    name = "fenhe.platform.workflow"
    label = "workflow"
    verbose_name = "流程"

    def ready(self) -> None:
        """Listen to log-ins."""
        from fenhe.platform.workflow import logins  # noqa: F401
