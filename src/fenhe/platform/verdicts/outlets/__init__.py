"""Verdicts of outlets: hours of every item, judged again when data or their basis change."""
