"""GCJ-02 to WGS-84 and back."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fenhe.protocols.geo import gcj02_to_wgs84, wgs84_to_gcj02

METRES = 111_320.0
lons = st.floats(73.7, 134.7)
lats = st.floats(18.3, 53.5)


def one(value: float) -> np.ndarray:
    return np.array([value])


@given(lons, lats)
def test_forward_undoes_the_inverse(lon: float, lat: float) -> None:
    x, y = wgs84_to_gcj02(*gcj02_to_wgs84(one(lon), one(lat)))
    assert abs(x[0] - lon) * METRES < 0.001
    assert abs(y[0] - lat) * METRES < 0.001


@given(lons, lats)
def test_the_shift_stays_within_a_kilometre(lon: float, lat: float) -> None:
    x, y = wgs84_to_gcj02(one(lon), one(lat))
    metres = np.hypot((x[0] - lon) * np.cos(np.radians(lat)), y[0] - lat) * METRES
    assert 0 < metres < 1_100


def test_a_known_pair() -> None:
    # A corner of Taiyuan's outline as a map service gives it, and its place in WGS-84.
    lon, lat = gcj02_to_wgs84(one(112.0), one(37.9))
    assert np.allclose(wgs84_to_gcj02(lon, lat), ([112.0], [37.9]), atol=1e-12)
    assert 0.005 < 112.0 - lon[0] < 0.007
    assert -0.001 < 37.9 - lat[0] < 0.001


def test_arrays_and_missing_corners() -> None:
    lon = np.array([112.0, np.nan, 113.0])
    lat = np.array([37.0, 37.5, np.nan])
    x, y = gcj02_to_wgs84(lon, lat)
    assert x.shape == lon.shape
    assert np.isnan(x).tolist() == [False, True, True]
    assert np.isnan(y).tolist() == [False, True, True]
