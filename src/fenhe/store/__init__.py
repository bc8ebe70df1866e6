"""The store: raw log, observations with history, flags, verdict cells and receipts."""

from fenhe.store.cells import CellsWritten
from fenhe.store.errors import (
    RawDamaged,
    ReceiptUnbalanced,
    StoreError,
    StoreOutdated,
    StoreOwned,
    StoreTooNew,
)
from fenhe.store.imports import Load
from fenhe.store.maintenance import Upkeep
from fenhe.store.raw import RawFile
from fenhe.store.receipts import Receipt
from fenhe.store.store import Store

__all__ = [
    "CellsWritten",
    "Load",
    "RawDamaged",
    "RawFile",
    "Receipt",
    "ReceiptUnbalanced",
    "Store",
    "StoreError",
    "StoreOutdated",
    "StoreOwned",
    "StoreTooNew",
    "Upkeep",
]
