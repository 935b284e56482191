"""Units as masks of pixels, and their labels."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from lunarcloud.archive.gazetteer import feature
from lunarcloud.archive.polygons import Outline, spherical_km2
from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.moon import SPHERE_KM2, Grid, Window, angular_distance, grid
from lunarcloud.statistics.units import (
    Disc,
    Unit,
    clipped,
    from_outlines,
    inside,
    labelled,
    maria,
    named_region,
    near_units,
    require_distinct,
    whole_moon,
)

ON = grid(8)


def area_km2(unit: Unit, on: Grid = ON) -> float:
    return float((inside(unit, on, on.whole) * on.pixel_area_m2()[:, None]).sum() / 1e6)


@pytest.mark.parametrize("lat", [0.0, 62.0, -90.0])
@pytest.mark.parametrize("lon", [10.0, 179.5])
def test_a_disc_has_the_area_of_a_cap(lat: float, lon: float) -> None:
    """10 degrees of radius, 80 pixels: the rim's staircase evens out to 0.1 %."""
    disc = Unit("disc", "", (Disc(lat=lat, lon=lon, radius=10.0),))
    assert area_km2(disc) == pytest.approx(SPHERE_KM2 * np.sin(np.radians(5)) ** 2, rel=1e-3)


def test_a_disc_is_what_the_distance_says() -> None:
    disc = Disc(lat=-47.77, lon=91.99, radius=16.4)
    far = angular_distance(lat=ON.lat()[:, None], lon=ON.lon()[None], to_lat=disc.lat, to_lon=disc.lon)
    np.testing.assert_array_equal(inside(Unit("d", "", (disc,)), ON, ON.whole), far <= disc.radius)


def test_a_polygon_of_pixels_has_its_exact_area() -> None:
    """A tilted L with a hole across 560 pixels; 0.1 % as promised, the borders' staircases evening out."""
    corners = [(-30, -60), (40, -50), (45, 25), (2, 20), (5, 58), (-28, 50)]
    hole = [(-20, -40), (-10, -38), (-8, -20), (-21, -22)]
    shape = shapely.Polygon(corners, holes=[hole])
    (unit,) = from_outlines([Outline("L", shape)], "test")
    assert area_km2(unit) == pytest.approx(spherical_km2(shape), rel=1e-3)


@settings(max_examples=15)
@given(
    west=st.floats(-170, 150),
    south=st.floats(-80, 60),
    width=st.floats(10, 14),
    height=st.floats(10, 14),
    tilt=st.one_of(st.just(0.0), st.floats(-5, 5)),
)
def test_any_outline_has_its_area_at_full_resolution(
    west: float, south: float, width: float, height: float, tilt: float
) -> None:
    """A pixel is in or out by its centre, so a side is at most one of its 3000 pixels off: 0.07 % for two."""
    full = grid(304)
    top = south + height
    shape = shapely.Polygon(
        [(west, south), (west + width, south), (west + width + tilt, top), (west + tilt, top)]
    )
    left, bottom, right, _ = shape.bounds
    window = Window(
        row_start=int((90 - top) * full.ppd) - 1,
        row_stop=int((90 - bottom) * full.ppd) + 2,
        col_start=int((left + 180) * full.ppd) - 1,
        col_stop=int((right + 180) * full.ppd) + 2,
    )
    pixels = inside(Unit("tile", "", (Outline("tile", shape),)), full, window).sum(axis=1)
    assert pixels @ full.pixel_area_m2(window) / 1e6 == pytest.approx(spherical_km2(shape), rel=1e-3)


def test_maria_and_the_rest_are_the_moon() -> None:
    mare, rest = maria()
    assert area_km2(mare) + area_km2(rest) == pytest.approx(SPHERE_KM2, rel=1e-12)
    assert "outlines" in mare.source
    outline = Outline("Mare X", shapely.box(0, 0, 10, 10))
    assert area_km2(maria([outline])[0]) == pytest.approx(spherical_km2(outline.shape), rel=1e-9)


@pytest.mark.parametrize("ppd", [1, 3, 8])
def test_the_maria_are_as_much_of_any_grid_as_of_the_moon(ppd: int) -> None:
    """Even at 1 pixel per degree: what shores gain in one place they lose in another."""
    shapes = [shape.shape for shape in maria()[0].shapes if isinstance(shape, Outline)]
    exact = sum(map(spherical_km2, shapes))
    assert 0.16 < exact / SPHERE_KM2 < 0.17
    assert area_km2(maria()[0], grid(ppd)) == pytest.approx(exact, rel=0.005)


def test_a_named_mare_is_its_outline_and_a_crater_its_disc() -> None:
    (outline,) = named_region("mare tranquillitatis").shapes
    assert isinstance(outline, Outline)
    assert outline in maria()[0].shapes
    known, (disc,) = feature("Tycho"), named_region("tycho").shapes
    assert isinstance(disc, Disc)
    assert (disc.lat, disc.lon) == (known.lat, known.lon)
    with pytest.raises(NotFoundError, match="Mare Nirvana"):
        named_region("Mare Nirvana")


def units() -> list[Unit]:
    overlapping = Outline("box", shapely.box(-60, -20, 40, 40))
    return [whole_moon(), *maria(), named_region("Mare Imbrium"), *from_outlines([overlapping], "test")]


def test_labels_are_the_combinations_of_units() -> None:
    chosen = units()
    labels, members = labelled(chosen, ON, ON.whole)
    for index, unit in enumerate(chosen):
        mask = np.isin(labels, [label for label, found in enumerate(members) if index in found])
        np.testing.assert_array_equal(mask, inside(unit, ON, ON.whole))
    assert set(np.unique(labels)) == set(range(len(members)))
    assert len(set(members)) == len(members)


def test_clipping_units_to_a_shard_changes_none_of_its_pixels() -> None:
    chosen = units()
    for shard, near in near_units(grid(8, 300), chosen):
        window = grid(8, 300).window(shard)
        for whole, part in zip(chosen, near, strict=True):
            np.testing.assert_array_equal(inside(whole, ON, window), inside(part, ON, window))


@pytest.mark.parametrize("edge", [30, 77])
def test_centres_on_edges_are_on_one_side_whatever_is_cut(edge: int) -> None:
    """All corners of this outline, and points of its slanted edges, are centres of pixels."""
    on = grid(2, edge)
    shape = shapely.Polygon(
        [(-20.25, -10.25), (30.25, -10.25), (50.25, 9.75), (30.25, 9.75), (-20.25, 40.25)]
    )
    units = from_outlines([Outline("on centres", shape)], "test")
    whole = inside(units[0], on, on.whole)
    for shard, (near,) in near_units(on, units):
        window = on.window(shard)
        np.testing.assert_array_equal(inside(near, on, window), whole[window.slices])


def test_clipping_leaves_out_what_is_far() -> None:
    window = Window(row_start=700, row_stop=710, col_start=2000, col_stop=2010)
    near = clipped(units(), ON, window)
    assert [len(unit.shapes) for unit in near] == [0, 0, 0, 0, 0]
    assert near[0].outside


def test_two_units_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="maria"):
        require_distinct([*maria(), Unit("maria", "file", ())])
