"""Alarms about the system itself: found, kept as episodes, told on routes of their own."""
