"""Tests of the HJ 212 codec."""
