"""Forms about people."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from fenhe.platform.registry.throttle import address_of, minutes_to_wait


class LogInForm(AuthenticationForm):
    """Name and password; says how long to wait after too many failures."""

    def get_invalid_login_error(self) -> Any:
        """Name the throttle when it is what refused."""
        wait = minutes_to_wait(self.cleaned_data.get("username", ""), address_of(self.request))
        if wait:
            return ValidationError(
                _("Too many failed tries. Wait %(minutes)d minutes and try again."),
                code="throttled",
                params={"minutes": wait},
            )
        return super().get_invalid_login_error()
