"""Logging in and out."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import LoginView, LogoutView

from fenhe.platform.registry import door
from fenhe.platform.registry.forms import LogInForm
from fenhe.platform.web import page


class LogIn(LoginView):
    """The log-in page."""

    template_name = "web/login.html"
    authentication_form = LogInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the frame of every page."""
        return {**super().get_context_data(**kwargs), "frame": page.frame(self.request, "")}


log_in = door.guard("web.login")(LogIn.as_view())
log_out = door.guard("web.logout")(LogoutView.as_view())
