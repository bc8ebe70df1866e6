"""The same computation on every engine, to the last digit."""
