"""The demonstration: a small real data set, what it needs around it, and how it is loaded."""
