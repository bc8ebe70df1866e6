"""What is announced when an act is done."""

from __future__ import annotations

from django.dispatch import Signal

act_done = Signal()  # arguments: act (the Act), entry (the AuditLog row), result
