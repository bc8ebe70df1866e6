"""Checks and the vocabulary of flags: pure, no files, no clock."""
