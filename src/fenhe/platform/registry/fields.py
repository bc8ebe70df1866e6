"""Columns of the records that need more than Django's own: exact decimals, secrets at rest."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models

from fenhe.platform.registry.secrets import Secret, encrypted

SEALED = "sealed:"  # before a token in a dump of the records


class ExactDecimalField(models.CharField):  # type: ignore[type-arg]
    """A decimal kept as it was written: ``30`` and ``30.0`` differ in the digits they compare by.

    Null means that there is no number.
    """

    if TYPE_CHECKING:  # what the type checker of Django reads
        _pyi_private_set_type: Decimal | str | int  # type: ignore[assignment]
        _pyi_private_get_type: Decimal  # type: ignore[assignment]
        _pyi_lookup_exact_type: Decimal | str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 30)
        super().__init__(*args, **kwargs)

    def from_db_value(self, value: str | None, *_: Any) -> Decimal | None:
        """Return the number."""
        return None if value is None else Decimal(value)

    def to_python(self, value: Any) -> Decimal | None:
        """Return a finite number; ``ValidationError`` for anything else."""
        if value is None or isinstance(value, Decimal):
            return value
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            raise ValidationError(f"'{value}' is not a number") from None
        if not number.is_finite():
            raise ValidationError(f"'{value}' is not a number")
        return number

    def get_prep_value(self, value: Any) -> str | None:
        """Return the text that is kept."""
        number = self.to_python(value)
        return None if number is None else format(number, "f")


class SecretField(models.TextField):  # type: ignore[type-arg]
    """A text that lies encrypted in the records; in Python it is a ``Secret``, masked in print."""

    if TYPE_CHECKING:
        _pyi_private_set_type: Secret | str  # type: ignore[assignment]
        _pyi_private_get_type: Secret  # type: ignore[assignment]
        _pyi_lookup_exact_type: str

    def from_db_value(self, value: str | None, *_: Any) -> Secret | None:
        """Return the secret, decrypted when it is revealed."""
        return None if value is None else Secret(token=value)

    def to_python(self, value: Any) -> Secret | None:
        """Return a secret; plain text becomes one, a token out of a dump is opened."""
        if value is None or isinstance(value, Secret):
            return value
        text = str(value)
        if text.startswith(SEALED):
            return Secret(token=text.removeprefix(SEALED))
        return Secret(text)

    def get_prep_value(self, value: Any) -> str | None:
        """Return the token that is kept."""
        secret = self.to_python(value)
        return None if secret is None else secret.token or encrypted(secret.reveal())

    def value_to_string(self, obj: Any) -> str:
        """Return the token: what leaves the records by a dump stays encrypted."""
        token = self.get_prep_value(self.value_from_object(obj))
        return "" if token is None else SEALED + token
