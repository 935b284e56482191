"""Boxes and the tiles that they touch."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from lunarcloud.archive import cells
from lunarcloud.errors import InputError
from lunarcloud.fetching import box_of, tiles_in

_LON = some.floats(-180, 360, allow_nan=False)


@given(some.floats(-90, 89), some.floats(0.5, 90), _LON, some.floats(0.5, 359))
def test_every_place_of_a_box_lies_in_one_of_its_tiles(
    south: float, height: float, west: float, width: float
) -> None:
    north = min(south + height, 90.0)
    chosen = tiles_in(box_of(f"{south},{west},{north},{west + width}"))
    lats = np.linspace(south, north, 7)[1:-1]
    lons = np.linspace(west, west + width, 7)[1:-1] % 360.0
    for cell in cells():
        held = (cell.south <= lats) & (lats < cell.north)
        inside = (cell.west <= lons) & (lons < cell.east)
        if held.any() and inside.any():
            assert cell.product_id in chosen


def test_a_box_has_no_tile_that_does_not_touch_it() -> None:
    assert tiles_in(box_of("1,1,2,2")) == {"UI03N003"}
    assert tiles_in(box_of("1,-2,2,2")) == {"UI03N003", "UI03N357"}
    assert tiles_in(box_of("1,358,2,2")) == {"UI03N003", "UI03N357"}
    assert tiles_in(box_of("0,0,7,6")) == {"UI03N003"}
    assert len(tiles_in(box_of("1,2,2,1"))) == 60


@pytest.mark.parametrize("text", ["-90,-180,90,180", "-90,0,90,360"])
def test_the_whole_moon_is_all_tiles(text: str) -> None:
    assert len(tiles_in(box_of(text))) == 996


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "2,0,1,9", "-91,0,0,9", "0,5,1,5", "nan,0,1,2"]
)
def test_what_is_no_box_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match=r"give south,west,north,east in degrees.*such as -10,20,10,40"):
        box_of(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("-300000,0,300000,1000", "are these metres?"),
        ("120,-10,140,10", "are latitudes and longitudes swapped?"),
    ],
)
def test_what_was_probably_meant_is_asked(text: str, hint: str) -> None:
    with pytest.raises(InputError, match=re.escape(hint)):
        box_of(text)
