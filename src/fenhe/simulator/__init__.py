"""Simulated outlets: made-up plants, their instruments and loggers, with planted patterns.

Everything here is invented and says so: the plants are configuration data, their values come
from a seed. A value is a function of (seed, outlet, item, instant) alone, so any span can be
asked for in any pieces and always tells the same. ``series`` makes tables with labels for
benchmarks, ``network`` plays the same outlets as HJ 212 clients over TCP.
"""
