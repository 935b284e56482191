"""Rasters in other projections: where they end, and what cannot be shown."""

import pytest

from lunarcloud.errors import GeometryError
from lunarcloud.exports.projected import projected
from lunarcloud.fetching import Box
from lunarcloud.moon import RADIUS_M, grid, kilometres, polar_distance_m

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
