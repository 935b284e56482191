"""Rasters in other projections: where they end, and what cannot be shown."""

import numpy as np
import pytest
from pyproj import Transformer
from pyproj.enums import TransformDirection

from lunarcloud.errors import GeometryError
from lunarcloud.exports.projected import projected
from lunarcloud.fetching import Box
from lunarcloud.moon import GEOGRAPHIC, RADIUS_M, grid, kilometres, lunar_crs, polar_distance_m

ON = grid(4)
PIXEL_M = kilometres(1.0) * 1000.0 / 4


@pytest.mark.parametrize(
    ("code", "rows"), [("IAU_2015:30130", range(166)), ("IAU_2015:30135", range(554, 720))]
)
def test_around_a_pole_it_goes_to_60_degrees_with_the_pole_in_the_middle(code: str, rows: range) -> None:
    found = projected(ON, code, None)
    side = found.shape[0] * PIXEL_M / 2
    assert found.shape[0] == found.shape[1]
    assert polar_distance_m(60.0) <= side < polar_distance_m(60.0) + PIXEL_M
    assert found.transform @ (found.shape[1] / 2, found.shape[0] / 2) == pytest.approx((0.0, 0.0), abs=1e-6)
    # Its corners see farther than its edges, so there is data in them too.
    assert found.source.row_start <= rows.start
    assert found.source.row_stop >= rows.stop
    assert found.source.shape[1] == ON.n_cols


def test_the_whole_moon_in_mollweide_is_its_ellipse() -> None:
    found = projected(ON, "IAU_2015:30140", None)
    assert found.shape[1] * PIXEL_M == pytest.approx(4 * 2**0.5 * RADIUS_M, abs=2 * PIXEL_M)
    assert found.shape[0] * PIXEL_M == pytest.approx(2 * 2**0.5 * RADIUS_M, abs=2 * PIXEL_M)
    assert found.source == ON.whole


@pytest.mark.parametrize(
    ("code", "box"),
    [
        ("IAU_2015:30145", None),  # Mollweide, as the next from the far side's middle
        ("IAU_2015:30155", None),
        ("IAU_2015:30125", Box(-30.0, -170.0, 30.0, 170.0)),
        ("IAU_2015:30115", Box(70.0, -30.0, 85.0, 30.0)),
        ("IAU_2015:30160", Box(-10.0, 170.0, 10.0, -170.0)),
        ("IAU_2015:30140", None),
        ("IAU_2015:30130", Box(70.0, 100.0, 80.0, 200.0)),
    ],
)
def test_all_that_a_rectangle_shows_is_read(code: str, box: Box | None) -> None:
    found = projected(ON, code, box)
    back = Transformer.from_crs(found.crs, lunar_crs(GEOGRAPHIC), always_xy=True)
    col, row = np.meshgrid(np.arange(found.shape[1]) + 0.5, np.arange(found.shape[0]) + 0.5)
    x, y = found.transform @ (col, row)
    lon, lat = back.transform(x, y)
    again = back.transform(lon, lat, direction=TransformDirection.INVERSE)
    on_moon = np.hypot(again[0] - x, again[1] - y) < 1.0
    pixels, window = ON.pixel(lat=lat[on_moon], lon=(lon[on_moon] + 180.0) % 360.0 - 180.0), found.source
    assert on_moon.mean() > 0.5
    assert window.row_start <= pixels.row.min()
    assert pixels.row.max() < window.row_stop
    assert window.col_start <= pixels.col.min()
    assert pixels.col.max() < window.col_stop


def test_a_projection_that_is_cut_open_goes_to_its_ends_on_both_sides() -> None:
    for code in ("IAU_2015:30110", "IAU_2015:30115"):
        assert projected(ON, code, None).shape == ON.shape


def test_of_a_region_no_more_is_read_than_it_shows() -> None:
    found = projected(ON, "IAU_2015:30135", Box(-80.0, 10.0, -70.0, 30.0))
    assert found.source.shape[0] < 80
    assert found.source.shape[1] < 240


def test_degrees_stay_degrees() -> None:
    assert projected(ON, "IAU_2015:30100", Box(0.0, 0.0, 1.0, 1.0)).transform.a == 0.25


@pytest.mark.parametrize(
    ("code", "box", "message"),
    [
        ("IAU_2015:49900", None, "is not of the Moon"),
        ("EPSG:4326", None, "is not of the Moon"),
        ("IAU_2015:99999", None, "unknown coordinate reference system"),
        ("+proj=gnom +lat_0=90 +R=1737400", None, "cannot show the whole Moon: give a smaller --region"),
        ("+proj=ortho +R=1737400", None, "cannot show the whole Moon"),
        ("IAU_2015:30135", Box(-90.0, -180.0, 89.0, 180.0), "many times the map's own"),
    ],
)
def test_what_cannot_be_shown_is_refused_by_name(code: str, box: Box | None, message: str) -> None:
    with pytest.raises(GeometryError, match=message) as refused:
        projected(ON, code, box)
    assert refused.value.exit_code == 2
