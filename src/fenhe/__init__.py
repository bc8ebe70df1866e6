"""Fenhe (汾河): from raw measurements to verdicts that hold."""

__version__ = "0.1.0"
