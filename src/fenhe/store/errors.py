"""What can go wrong with the store, in words a person can act on."""

from __future__ import annotations

from pathlib import Path

from fenhe.base.errors import FenheError


class StoreError(FenheError):
    """The store could not do what was asked; nothing of it was kept."""


class StoreOwned(StoreError):
    """Another process owns the data folder; ``pid`` names it (None when it is just starting)."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        self.folder = folder
        self.pid = pid
        owner = "another process" if pid is None else f"process {pid}"
        super().__init__(f"{folder} is owned by {owner}; stop it, or send the command through it")


class ReceiptUnbalanced(StoreError):
    """Received is not stored + duplicate + rejected; the batch was rolled back."""

    def __init__(self, received: int, stored: int, duplicate: int, rejected: int) -> None:
        super().__init__(
            f"the receipt does not balance: received {received} is not "
            f"stored {stored} + duplicate {duplicate} + rejected {rejected}; nothing was kept"
        )


class RawDamaged(StoreError):
    """A kept file is missing or its bytes no longer have the hash in its name."""

    def __init__(self, sha256: str, reason: str) -> None:
        self.sha256 = sha256
        super().__init__(f"raw file {sha256}: {reason}")


class StoreOutdated(StoreError):
    """The store has the layout of an older version of Fenhe."""

    def __init__(self, found: int, wanted: int) -> None:
        super().__init__(
            f"the data folder is of an older version of Fenhe (store layout {found}, this version "
            f"has {wanted}); run: fenhe upgrade"
        )


class StoreTooNew(StoreError):
    """The store was made or upgraded by a newer version of Fenhe."""

    def __init__(self, found: int, wanted: int) -> None:
        super().__init__(
            f"the data folder is of a newer version of Fenhe (store layout {found}, this version "
            f"knows {wanted}); use that version, or restore a backup made before the upgrade"
        )
