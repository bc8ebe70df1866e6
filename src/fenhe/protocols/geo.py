"""GCJ-02 and WGS-84: pure functions between the two.

GCJ-02 (火星坐标) is the shifted datum of Chinese web maps. Its forward shift is a known smooth
function; there is no closed inverse, so the inverse is found by iteration. CGCS2000 differs
from WGS-84 by centimetres and may be read as it.
"""

from __future__ import annotations

from math import pi

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# The ellipsoid the shift is defined on (Krassovsky 1940): semi-major axis in metres and e².
_AXIS = 6378245.0
_E2 = 0.00669342162296594323


def wgs84_to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Shift WGS-84 degrees to GCJ-02 degrees.

    ``lon``, ``lat``: arrays of equal shape, inside mainland China, where the shift applies;
    elsewhere the two systems are the same and this function is not to be called.
    NaN stays NaN.
    """
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    common = 20.0 * np.sin(6.0 * x * pi) + 20.0 * np.sin(2.0 * x * pi)
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (common + _waves(x, 20.0, 40.0) + _slow(x, 150.0, 12.0, 300.0, 30.0)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (common + _waves(y, 20.0, 40.0) + _slow(y, 160.0, 12.0, 320.0, 30.0)) * 2.0 / 3.0
    phi = np.radians(lat)
    w2 = 1.0 - _E2 * np.sin(phi) ** 2
    east_degree = _AXIS / np.sqrt(w2) * np.cos(phi) * pi / 180.0
    north_degree = _AXIS * (1.0 - _E2) / (w2 * np.sqrt(w2)) * pi / 180.0
    return lon + east / east_degree, lat + north / north_degree


def _waves(t: Floats, one: float, three: float) -> Floats:
    """Return the waves of period 2 and 6 degrees of the shift, in metres."""
    return one * np.sin(t * pi) + three * np.sin(t / 3.0 * pi)


def _slow(t: Floats, a: float, over_a: float, b: float, over_b: float) -> Floats:
    """Return the two slowest waves of the shift, in metres."""
    return a * np.sin(t / over_a * pi) + b * np.sin(t * pi / over_b)


def gcj02_to_wgs84(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Undo :func:`wgs84_to_gcj02` by fixed-point iteration; the residual is below a millimetre.

    ``lon``, ``lat``: GCJ-02 degrees, arrays of equal shape. The shift changes by less than 1 %
    of the step, so that each round gains two digits and eight rounds reach double precision.
    """
    guess_lon, guess_lat = lon, lat
    for _ in range(8):
        back_lon, back_lat = wgs84_to_gcj02(guess_lon, guess_lat)
        guess_lon, guess_lat = guess_lon - (back_lon - lon), guess_lat - (back_lat - lat)
    return guess_lon, guess_lat
