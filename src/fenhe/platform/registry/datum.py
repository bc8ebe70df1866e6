"""GCJ-02, the shifted datum of Chinese web maps, to WGS-84.

CGCS2000 differs from WGS-84 by centimetres and is taken as the same.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Degrees = npt.NDArray[np.float64]

_AXIS = 6378245.0  # Krasovsky 1940 ellipsoid, which the shift is defined on
_ECCENTRICITY2 = 0.00669342162296594323
_STEPS = 6  # the inverse converges to below 1e-9 degrees within six steps


def gcj02_to_wgs84(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Return WGS-84 degrees of GCJ-02 degrees, by fixed-point iteration of the forward shift.

    Valid inside mainland China, where the shift is applied; residual far below a metre.
    """
    lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    x, y = lon, lat
    for _ in range(_STEPS):
        shifted_x, shifted_y = wgs84_to_gcj02(x, y)
        x, y = x - (shifted_x - lon), y - (shifted_y - lat)
    return x, y


def wgs84_to_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Return GCJ-02 degrees of WGS-84 degrees, by the published series of the shift."""
    x, y = lon - 105.0, lat - 35.0
    east, north = _east(x, y), _north(x, y)
    phi = np.radians(lat)
    magic = 1 - _ECCENTRICITY2 * np.sin(phi) ** 2
    root = np.sqrt(magic)
    d_lat = np.degrees(north * magic * root / (_AXIS * (1 - _ECCENTRICITY2)))
    d_lon = np.degrees(east * root / (_AXIS * np.cos(phi)))
    return lon + d_lon, lat + d_lat


def shift_geometry(
    coordinates: list[object], shift: Callable[[Degrees, Degrees], tuple[Degrees, Degrees]]
) -> list[object]:
    """Apply a shift to nested GeoJSON coordinates of any depth."""
    if coordinates and isinstance(coordinates[0], list) and _is_position(coordinates[0]):
        points = np.array([position[:2] for position in coordinates], dtype=float)  # type: ignore[index]
        lon, lat = shift(points[:, 0], points[:, 1])
        return [[round(float(a), 7), round(float(b), 7)] for a, b in zip(lon, lat, strict=True)]
    return [shift_geometry(part, shift) for part in coordinates]  # type: ignore[arg-type]


def _is_position(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], int | float)


def _wave(value: Degrees) -> Degrees:
    result: Degrees = (20 * np.sin(6 * np.pi * value) + 20 * np.sin(2 * np.pi * value)) * 2 / 3
    return result


def _north(x: Degrees, y: Degrees) -> Degrees:
    result: Degrees = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    result = result + _wave(x)
    result = result + (20 * np.sin(np.pi * y) + 40 * np.sin(np.pi * y / 3)) * 2 / 3
    return result + (160 * np.sin(np.pi * y / 12) + 320 * np.sin(np.pi * y / 30)) * 2 / 3


def _east(x: Degrees, y: Degrees) -> Degrees:
    result: Degrees = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    result = result + _wave(x)
    result = result + (20 * np.sin(np.pi * x) + 40 * np.sin(np.pi * x / 3)) * 2 / 3
    return result + (150 * np.sin(np.pi * x / 12) + 300 * np.sin(np.pi * x / 30)) * 2 / 3
