"""Where rasters lie: in every reference system as PROJ says, in boxes that hold them, or refused."""

import math

import numpy as np
import pytest
from pyproj import CRS, Transformer

from lunarcloud.archive.placement import placed
from lunarcloud.errors import ArchiveError, GeometryError
from lunarcloud.moon import GEOGRAPHIC, RADIUS_M, lunar_crs

DEGREE = math.radians(RADIUS_M)
#: Name, reference system, pixel size, first corner, rows and columns.
RASTERS = {
    "degrees": ("IAU_2015:30100", 0.5, (-30.0, 40.0), (100, 160)),
    "degrees from 0 to 360": ("IAU_2015:30100", 0.5, (300.0, 40.0), (100, 120)),
    "cylindrical": ("IAU_2015:30110", 1000.0, (-400_000.0, 300_000.0), (300, 500)),
    "cylindrical on 180": ("+proj=eqc +lon_0=180 +lat_ts=30 +R=1737400", 900.0, (-2e5, 1e5), (200, 400)),
    "south pole": ("IAU_2015:30135", 2000.0, (-4e5, 4e5), (400, 400)),
    "beside the south pole": ("IAU_2015:30135", 2000.0, (1e5, 4e5), (100, 100)),
    "sinusoidal": ("+proj=sinu +lon_0=40 +R=1737400", 2000.0, (-2e5, 9e5), (300, 200)),
}


@pytest.mark.parametrize("name", RASTERS)
def test_each_pixels_centre_is_in_it_and_in_the_box(name: str) -> None:
    system, size, (left, top), shape = RASTERS[name]
    crs = CRS.from_user_input(system)
    place = placed(crs, (size, 0.0, left, 0.0, -size, top), shape, source="a")
    rows, cols = np.random.default_rng(1).integers(0, shape, (500, 2)).T
    x, y = left + (cols + 0.5) * size, top - (rows + 0.5) * size
    lon, lat = Transformer.from_crs(crs, lunar_crs(GEOGRAPHIC), always_xy=True).transform(x, y)
    row, col = place.fractions(lat=np.asarray(lat), lon=np.asarray(lon))
    np.testing.assert_allclose(row, rows + 0.5, atol=1e-5)
    np.testing.assert_allclose(col, cols + 0.5, atol=1e-5)
    box = place.bounds(*shape)
    wrapped = (np.asarray(lon) + 180.0) % 360.0 - 180.0
    assert (np.asarray(lat) >= box.south).all()
    assert (np.asarray(lat) <= box.north).all()
    assert np.any([(wrapped >= west) & (wrapped <= east) for west, east in box.lon_ranges], axis=0).all()


def test_a_box_around_a_pole_has_all_longitudes_and_one_beside_it_has_not() -> None:
    crs = CRS.from_user_input("IAU_2015:30135")
    around = placed(crs, (2000.0, 0, -4e5, 0, -2000.0, 4e5), (400, 400), source="a").bounds(400, 400)
    assert (around.south, around.lon_ranges) == (-90.0, ((-180.0, 180.0),))
    beside = placed(crs, (2000.0, 0, 1e5, 0, -2000.0, 4e5), (100, 100), source="a").bounds(100, 100)
    assert beside.south > -90.0
    assert sum(east - west for west, east in beside.lon_ranges) < 90.0


def test_what_projects_to_infinity_is_nowhere() -> None:
    crs = CRS.from_user_input("+proj=ortho +lat_0=0 +lon_0=0 +R=1737400")
    place = placed(crs, (1e4, 0.0, -1.7e6, 0.0, -1e4, 1.7e6), (340, 340), source="a")
    row, _ = place.fractions(lat=np.array([0.0]), lon=np.array([180.0]))
    assert not np.isfinite(row[0])


@pytest.mark.parametrize(
    ("system", "transform", "reason"),
    [
        (None, (1.0, 0, -180, 0, -1, 90), "no coordinate reference system"),
        ("EPSG:4326", (1.0, 0, -180, 0, -1, 90), "is not of the Moon"),
        ("IAU_2015:49900", (1.0, 0, -180, 0, -1, 90), "is not of the Moon: its ellipsoid 'Mars"),
        ("IAU_2015:30100", (30000.0, 0, -5.4e6, 0, -30000.0, 2.7e6), "they may be metres"),
        ("IAU_2015:30100", (0.5, 0, -90, 0, -1, 180), "latitudes and longitudes are swapped"),
        ("IAU_2015:30110", (1.0, 0, -180, 0, -1, 90), "is in metres, .* they may be degrees"),
        ("IAU_2015:30110", (-3e4, 0, 5e6, 0, -3e4, 2.7e6), "columns go west"),
        ("IAU_2015:30110", (0.0, 0, -5e6, 0, -3e4, 2.7e6), "pixels without area"),
        ("+proj=geocent +R=1737400", (1.0, 0, -180, 0, -1, 90), "neither degrees nor a map projection"),
    ],
)
def test_a_place_that_cannot_be_is_refused_by_what_is_wrong(
    system: str | None, transform: tuple[float, ...], reason: str
) -> None:
    crs = None if system is None else CRS.from_user_input(system)
    with pytest.raises((ArchiveError, GeometryError), match=reason):
        placed(crs, transform, (180, 360), source="a.tif")
