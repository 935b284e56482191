"""Where a tile's pixels lie, and which of its values are measurements."""

import math
import pickle
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from lunarcloud.archive.tiles import MISSING_KINDS, Tile, missing_kind, tile_from_facts
from lunarcloud.errors import ArchiveError
from lunarcloud.moon import grid
from lunarcloud.synthetic import Frame, frames

SPECIAL = (
    ("null", -32768),
    ("low_repr_saturation", -32767),
    ("low_instr_saturation", -32766),
    ("high_instr_saturation", -32765),
    ("high_repr_saturation", -32764),
)


def make_tile(**changes: Any) -> Tile:
    facts = {
        "product_id": "UI03N003",
        "url": "x.img",
        "data_offset": 0,
        "byte_order": ">",
        "bands": 5,
        "lines": 2127,
        "samples": 1844,
        "scaling_factor": 1.35e-4,
        "valid_minimum": -32752,
        "special": SPECIAL,
        "map_resolution": 303.23349,
        "center_longitude": 15.0,
        "line_projection_offset": 2123.6345297,
        "sample_projection_offset": 4549.5024429,
        "label_digest": "0" * 64,
    }
    return tile_from_facts({**facts, **changes}, names={}, source="x.img")


def tile_of(frame: Frame) -> Tile:
    return make_tile(
        product_id=frame.product_id,
        lines=frame.lines,
        samples=frame.samples,
        map_resolution=frame.ppd,
        center_longitude=frame.center_longitude,
        line_projection_offset=frame.line_projection_offset,
        sample_projection_offset=frame.sample_projection_offset,
    )


FULL_TILES = [tile_of(frame) for frame in frames()]
COARSE_TILES = [tile_of(frame) for frame in frames(2)]


def scalar_equation(tile: Tile, lat: float, lon: float) -> tuple[float, float]:
    """The archive's equations for one position, before INT, in plain arithmetic."""
    east = math.fmod(lon - tile.center_longitude, 360.0)
    if east > 180.0:
        east -= 360.0
    elif east <= -180.0:
        east += 360.0
    line = tile.line_projection_offset - lat * tile.map_resolution
    sample = tile.sample_projection_offset + east * tile.map_resolution * math.cos(lat * math.pi / 180.0)
    return line, sample


def scalar_pixel(tile: Tile, lat: float, lon: float) -> tuple[int, int] | None:
    """Row and column counted from 0, or None outside: INT cuts towards 0, and the first pixel is (1, 1)."""
    line, sample = (math.trunc(value) for value in scalar_equation(tile, lat, lon))
    inside = 1 <= line <= tile.lines and 1 <= sample <= tile.samples
    return (line - 1, sample - 1) if inside else None


def on_an_edge(tile: Tile, lat: float, lon: float) -> bool:
    """Whether rounding decides: a pixel's edge within a billionth of a pixel."""
    return any(
        abs(value - round(value)) < 1e-9 * max(1.0, abs(value)) for value in scalar_equation(tile, lat, lon)
    )


latitudes = st.one_of(st.floats(-90, 90), st.sampled_from([-90.0, 90.0, 0.0, -1e-9, 89.99999, -89.99999]))
longitudes = st.one_of(
    st.floats(-180, 360), st.sampled_from([-180.0, 180.0, 0.0, 360.0, 359.9999999, -179.9999999, 1e-9])
)


@given(tile=st.sampled_from(FULL_TILES), lat=latitudes, lon=longitudes)
def test_any_position_agrees_with_the_scalar_equations(tile: Tile, lat: float, lon: float) -> None:
    found = tile.pixel(lat=lat, lon=lon)
    if on_an_edge(tile, lat, lon):
        return
    expected = scalar_pixel(tile, lat, lon)
    assert bool(found.inside) == (expected is not None)
    if expected is not None:
        assert (int(found.row), int(found.col)) == expected


@given(data=st.data(), tile=st.sampled_from(FULL_TILES))
def test_any_pixel_of_a_tile_is_found_from_its_own_position(data: DataObject, tile: Tile) -> None:
    row = data.draw(st.integers(0, tile.lines - 1))
    col = data.draw(st.integers(0, tile.samples - 1))
    lat = (tile.line_projection_offset - (row + 1.5)) / tile.map_resolution
    scale = tile.map_resolution * math.cos(math.radians(lat))
    east = (col + 1.5 - tile.sample_projection_offset) / scale if abs(lat) < 90 else 999.0
    if abs(east) >= 180.0:
        return  # a corner of a polar tile's rectangle that is no place on the Moon
    for lon in (tile.center_longitude + east, tile.center_longitude + east - 360.0):
        found = tile.pixel(lat=lat, lon=lon)
        assert (int(found.row), int(found.col), bool(found.inside)) == (row, col, True)


@given(tile=st.sampled_from(FULL_TILES + COARSE_TILES), lat=latitudes, lon=st.floats(-180, 180))
def test_bounds_hold_every_position_inside(tile: Tile, lat: float, lon: float) -> None:
    if not tile.pixel(lat=lat, lon=lon).inside:
        return
    bounds = tile.bounds
    assert bounds.south <= lat <= bounds.north
    assert any(west <= lon <= east for west, east in bounds.lon_ranges)


@pytest.mark.parametrize("tile", COARSE_TILES[::31], ids=lambda tile: tile.product_id)
def test_bounds_hold_every_pixel_and_little_more(tile: Tile) -> None:
    lat, lon = grid(4).lat()[:, None], grid(4).lon()[None, :]
    row, col = np.nonzero(tile.pixel(lat=lat, lon=lon).inside)
    lat, lon, bounds = grid(4).lat()[row], grid(4).lon()[col], tile.bounds
    assert row.size
    assert bounds.south <= lat.min() <= lat.max() <= bounds.north
    assert bounds.north - bounds.south <= (tile.lines + 2) / tile.map_resolution + 1e-9
    in_ranges = [(west <= lon) & (lon <= east) for west, east in bounds.lon_ranges]
    assert np.all(np.any(in_ranges, axis=0))
    # As wide as the tile's widest row, and a pixel on both sides.
    widest = (tile.samples + 2) / tile.map_resolution / np.cos(np.radians(min(np.abs(lat).max() + 1, 90)))
    assert sum(east - west for west, east in bounds.lon_ranges) <= min(1.7 * widest, 360.0)


def test_the_tiles_together_hold_every_place() -> None:
    held = np.zeros(grid(3).shape, dtype=bool)
    lat, lon = grid(3).lat()[:, None], grid(3).lon()[None, :]
    for tile in COARSE_TILES:
        held |= tile.pixel(lat=lat, lon=lon).inside
    assert held.all()


def test_a_tile_across_the_prime_meridian_knows_both_conventions() -> None:
    tile = next(tile for tile in FULL_TILES if tile.product_id == "UI87N330")
    west, east = tile.pixel(lat=86.0, lon=359.99), tile.pixel(lat=86.0, lon=-0.01)
    assert west.inside
    assert (int(west.row), int(west.col)) == (int(east.row), int(east.col))
    # Its EASTERNMOST_LONGITUDE is 360.13: it goes on beyond the meridian.
    assert tile.pixel(lat=86.0, lon=0.05).inside


def test_separable_positions_equal_positions_one_by_one() -> None:
    tile = FULL_TILES[100]
    bounds = tile.bounds
    lat = np.linspace(bounds.south, bounds.north, 40)
    lon = np.linspace(*bounds.lon_ranges[0], 50)
    crossed = tile.pixel(lat=lat[:, None], lon=lon[None, :])
    meshed = tile.pixel(lat=np.repeat(lat, 50), lon=np.tile(lon, 40))
    assert crossed.row.shape == (40, 1)
    np.testing.assert_array_equal(np.broadcast_to(crossed.row, (40, 50)).ravel(), meshed.row)
    np.testing.assert_array_equal(crossed.col.ravel(), meshed.col)
    np.testing.assert_array_equal(crossed.inside.ravel(), meshed.inside)


def test_a_tile_is_small_and_can_be_sent_to_another_process() -> None:
    sent = pickle.dumps(FULL_TILES[0])
    assert len(sent) < 1500
    assert pickle.loads(sent) == FULL_TILES[0]  # noqa: S301  # made one line above


EXPECTED_KINDS = {
    -32768: "null",
    -32767: "low_repr_saturation",
    -32766: "low_instr_saturation",
    -32765: "high_instr_saturation",
    -32764: "high_repr_saturation",
    -32763: "unflagged_saturation",
    -32753: "unflagged_saturation",
    -30000: "off_scale",
    -1: "off_scale",
    0: None,
    1: None,
    7407: None,
    7408: "off_scale",
    32000: "off_scale",
    32760: "unflagged_saturation",
    32767: "unflagged_saturation",
}


@pytest.mark.parametrize(("dn", "kind"), EXPECTED_KINDS.items())
def test_every_value_has_its_kind(dn: int, kind: str | None) -> None:
    code = int(missing_kind(np.array([dn], dtype=np.int16), make_tile())[0])
    assert (MISSING_KINDS[code - 1] if code else None) == kind


@given(
    dn=st.lists(st.integers(-32768, 32767), min_size=1, max_size=60),
    offset=st.sampled_from([0.0, 6.3422227e-08, -0.02]),
    minimum=st.sampled_from([-32752, -100, 30, None]),
)
def test_kinds_follow_the_labels_scale_and_minimum(dn: list[int], offset: float, minimum: int | None) -> None:
    tile = make_tile(offset=offset, valid_minimum=minimum)
    kinds = missing_kind(np.array(dn, dtype=np.int16), tile)
    for value, kind in zip(dn, kinds, strict=True):
        measured = (
            abs(value) < 32512
            and 0.0 <= tile.scaling_factor * value + offset <= 1.0
            and (minimum is None or value >= minimum)
        )
        assert (kind == 0) == measured


def test_kinds_of_a_window_keep_its_shape() -> None:
    dn = np.array([[[5, -32768], [-32764, 9000]]] * 5, dtype=np.int16)
    kinds = missing_kind(dn[:, :, ::-1], make_tile())
    assert kinds.shape == (5, 2, 2)
    assert Counter(kinds.ravel().tolist()) == {0: 5, 1: 5, 5: 5, 8: 5}


def test_a_tile_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        make_tile().lines = 3  # type: ignore[misc]  # that it is refused is what is tested


def test_a_fact_out_of_range_names_its_field() -> None:
    with pytest.raises(ArchiveError, match="lines = 0"):
        make_tile(lines=0)
    assert isinstance(make_tile(), Tile)
