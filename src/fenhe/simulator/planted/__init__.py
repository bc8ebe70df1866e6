"""Patterns of fraud and failure that can be planted, and how each bends what is told."""
