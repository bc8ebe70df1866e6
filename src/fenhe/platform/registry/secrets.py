"""Secrets at rest: encrypted with a key from the data folder's ``secret.key``, masked in print.

Who has the data folder whole can read them; who has a copy of the records alone can not. A
folder whose key was replaced can not read its old secrets: they are entered anew.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from fenhe.base.errors import FenheError
from fenhe.platform import paths

MASK = "••••••"
PURPOSE = b"fenhe: secrets of devices, at rest, 1"  # other purposes get other keys of the same file


class SecretLost(FenheError):
    """A secret was encrypted with another key than the folder has now."""


class Secret:
    """A password or key: printed, formatted or logged it is a mask; ``reveal`` gives the text."""

    __slots__ = ("_text", "token")

    def __init__(self, text: str | None = None, *, token: str = "") -> None:
        """Give the plain text, or the token it lies encrypted in."""
        self._text = text
        self.token = token

    def reveal(self) -> str:
        """Return the plain text. Raises ``SecretLost`` when the folder's key is another."""
        if self._text is None:
            self._text = decrypted(self.token)
        return self._text

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.reveal() == other.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __bool__(self) -> bool:
        return bool(self.token or self._text)

    def __reduce__(self) -> tuple[object, ...]:
        # what is pickled or copied deep, such as into a cache, carries the token alone
        return _of_token, (self.token or encrypted(self.reveal()),)


def _of_token(token: str) -> Secret:
    return Secret(token=token)


def encrypted(text: str) -> str:
    """Return a text encrypted and sealed with the folder's key; never twice the same."""
    return _box().encrypt(text.encode()).decode("ascii")


def decrypted(token: str) -> str:
    """Return the text of a token. Raises ``SecretLost`` when it is not of this folder's key."""
    try:
        return _box().decrypt(token.encode("ascii")).decode()
    except InvalidToken:
        raise SecretLost(
            "a secret can not be read with the key of this data folder (secret.key); enter it again"
        ) from None


def _box() -> Fernet:
    path = Path(settings.FENHE_DATA) / paths.SECRET
    try:
        key = path.read_text(encoding="ascii")
    except FileNotFoundError:
        key = settings.SECRET_KEY  # no folder yet: what is encrypted lives as long as the process
    return _box_of(key)


@lru_cache(maxsize=4)
def _box_of(key: str) -> Fernet:
    derived = HKDF(hashes.SHA256(), 32, salt=None, info=PURPOSE).derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
