"""Limits and rules as dated data: which edition judges a day, and what it says."""

from fenhe.standards import glossary, units
from fenhe.standards.collection import Catalogue, catalogue, load_folder, overlaid
from fenhe.standards.errors import NoEdition
from fenhe.standards.model import Adoption, Amendment, Edition, Limit, Row, Table, Value

__all__ = [
    "Adoption",
    "Amendment",
    "Catalogue",
    "Edition",
    "Limit",
    "NoEdition",
    "Row",
    "Table",
    "Value",
    "catalogue",
    "glossary",
    "load_folder",
    "overlaid",
    "units",
]
