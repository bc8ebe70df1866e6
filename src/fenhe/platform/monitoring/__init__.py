"""Feeds, imports, receipts, quarantine, and the review of data."""
