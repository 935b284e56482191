"""Attributes that say where pixels lie, against coordinates and what GDAL's own tools make of them."""

import json

import pytest
from affine import Affine
from pyproj import CRS

from lunarcloud.moon import Raster, grid, kilometres, polar_grid
from lunarcloud.storage import bounds, multiscales, transform
from lunarcloud.storage.georeference import georeferenced
from lunarcloud.storage.layout import Layout, coordinates

POLAR = polar_grid("south", limit=60.0, pixel_m=1000.0 * kilometres(1.0) / 2)


@pytest.mark.parametrize("raster", [grid(2), grid(4.75), POLAR], ids=["whole", "fraction", "pole"])
def test_the_transform_leads_to_the_coordinates_of_the_pixels(raster: Raster) -> None:
    found, coords = georeferenced(raster), coordinates(Layout(raster=raster, variables=()))
    down, across = found["spatial:dimensions"]
    to_plane = Affine(*found["spatial:transform"])
    rows, cols = found["spatial:shape"]
    for row, col in ((0, 0), (rows - 1, cols - 1), (3, 7)):
        # Of the pixel's middle.
        x, y = to_plane * (col + 0.5, row + 0.5)
        assert (x, y) == pytest.approx((float(coords[across][col]), float(coords[down][row])))
    west, south, east, north = found["spatial:bbox"]
    assert (*(to_plane * (0, 0)), *(to_plane * (cols, rows))) == pytest.approx((west, north, east, south))
    assert CRS.from_wkt(found["proj:wkt2"]) == CRS.from_user_input(found["proj:code"])
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_levels_say_where_their_first_corner_lies_in_the_finer_one(factor: int) -> None:
    fine, coarse = (polar_grid("north", limit=60.0, pixel_m=pixel) for pixel in (100.0, 100.0 * factor))
    assert factor * coarse.n_cols > fine.n_cols
    found = multiscales({"0": fine, "1": coarse})
    first, second = found["multiscales"]["layout"]
    assert (second["asset"], second["derived_from"]) == ("1", "0")
    # The other way: the coarse level's corner in pixels of the fine one, through the plane.
    corner = ~Affine(*first["spatial:transform"]) * (Affine(*second["spatial:transform"]) * (0, 0))
    assert second["transform"]["translation"] == pytest.approx(corner[::-1], abs=1e-6)
    assert second["transform"]["scale"] == [factor, factor]
    assert second["spatial:transform"][0] == pytest.approx(factor * first["spatial:transform"][0])
    assert found["proj:code"] == "IAU_2015:30130"
    # By the convention, at the root each level has its own, and no other is there.
    assert not {"spatial:transform", "spatial:shape"} & found.keys()
    assert [each["name"] for each in found["zarr_conventions"]] == ["multiscales", "spatial", "proj"]


def test_levels_of_the_whole_moon_share_their_first_corner() -> None:
    found = multiscales({str(level): grid(304 / 2**level) for level in range(7)})
    layout = found["multiscales"]["layout"]
    assert {tuple(each["transform"]["translation"]) for each in layout} == {(0.0, 0.0)}
    assert layout[-1]["spatial:shape"] == [855, 1710]
    assert found["spatial:bbox"] == list(bounds(grid(4.75))) == [-180.0, -90.0, 180.0, 90.0]
    assert transform(grid(4.75))[0] == layout[-1]["spatial:transform"][0] == pytest.approx(1 / 4.75)
