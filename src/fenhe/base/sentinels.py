"""Numbers that instruments and exports write where there is no value."""

from __future__ import annotations

from decimal import Decimal

#: They never become numbers. Negative ones need no list where a value can not be negative.
SENTINELS = tuple(
    Decimal(text)
    for text in (
        "-99", "-999", "-9999", "-99999", "-999.9", "-9999.9", "-9999.99", "-99999.99",
        "9999", "99999", "9999.9", "9999.99", "99999.9", "99999.99",
    )
)  # fmt: skip
