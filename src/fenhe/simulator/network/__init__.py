"""Simulated loggers as HJ 212 clients over TCP: what they send, hear, remember and repeat."""
