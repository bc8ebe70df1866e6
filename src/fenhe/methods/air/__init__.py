"""Methods for ambient air."""
