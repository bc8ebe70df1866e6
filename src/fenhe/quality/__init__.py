"""Checks on values and the words for their outcome; pure, no files, no clock."""
