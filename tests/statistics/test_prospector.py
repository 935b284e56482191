"""Maps against Lunar Prospector."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from scipy.spatial import cKDTree

from lunarcloud.archive.lpgrs import Prospector, read_prospector
from lunarcloud.errors import InputError
from lunarcloud.moon import RADIUS_M, grid
from lunarcloud.statistics.prospector import Bounds, agreement, compare_with_prospector, overlap, table
from lunarcloud.statistics.quality import Reason
from lunarcloud.statistics.source import Source, source_of
from lunarcloud.testing.runs import MakeRun


@pytest.fixture(scope="module")
def five_degrees() -> Prospector:
    return read_prospector("5deg")


def one_box(south: float, north: float, west: float, east: float) -> Bounds:
    return Bounds(*(np.array([value]) for value in (south, north, west, east)))


@pytest.mark.parametrize(
    "box", [(-90, -89, -180, 180), (-1.3, 2.45, -60.2, 13.77), (10, 10.2, 5.1, 5.3), (89, 90, -180, 180)]
)
def test_overlap_is_the_exact_area_of_the_box(box: tuple[float, float, float, float]) -> None:
    """A mean over a box that cuts pixels: against pixels refined 20 times, by plain summing."""
    on = grid(1)
    codes = np.random.default_rng(1).integers(0, 20_000, on.shape).astype(np.uint16)
    codes[::7, ::5] = 65535
    found = overlap(codes, on, on.whole, one_box(*box))
    south, north, west, east = box
    heights = np.sin(np.radians(np.clip(90.0 - np.arange(181), south, north)))
    widths = np.radians(np.clip(np.arange(361) - 180.0, west, east))
    areas = (heights[:-1] - heights[1:])[:, None] * np.diff(widths)[None] * (RADIUS_M / 1000) ** 2
    valid = codes != 65535
    assert found.area[0] == pytest.approx((areas * valid).sum(), rel=1e-9)
    assert found.weighted[0] == pytest.approx((areas * valid * codes).sum(), rel=1e-9)


def test_parts_of_shards_are_the_whole(make_source: Callable[..., Source], five_degrees: Prospector) -> None:
    values = np.random.default_rng(2).gamma(3.0, 2.0, grid(2).shape).round(3)
    small, large = (
        compare_with_prospector(make_source(grid(2, edge), {"feo_equation": values}), five_degrees)
        for edge in (100, 720)
    )
    np.testing.assert_allclose(small["ours"], large["ours"], rtol=1e-12)
    np.testing.assert_allclose(small["coverage"], 1.0, rtol=1e-9)


def test_a_map_made_from_the_table_gives_it_back(
    make_source: Callable[..., Source], five_degrees: Prospector
) -> None:
    """FeO of the nearest pixel centre, so borders differ: the correlation is high, the mean alike."""
    on = grid(4)

    def unit(lat: npt.NDArray[np.float64], lon: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        lat, lon = np.radians(lat), np.radians(lon)
        return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)

    nearest = cKDTree(unit(five_degrees.lat, five_degrees.lon)).query(
        unit(*np.meshgrid(on.lat(), on.lon(), indexing="ij"))
    )[1]
    feo = five_degrees.abundance["FeO"][nearest].reshape(on.shape)
    feo[::3] = np.nan
    found = compare_with_prospector(make_source(on, {"feo_equation": feo}), five_degrees).squeeze("map")
    assert float(found["correlation"]) > 0.99
    assert float(found["prospector_on_map_slope"]) == pytest.approx(1.0, abs=0.03)
    assert float(found["bias"]) == pytest.approx(0.0, abs=0.05)
    assert found["coverage"].values == pytest.approx(2 / 3, abs=0.1)


def test_the_reference_tiles_give_back_the_table(run_of_lp_tiles: Source) -> None:
    """The archive's tiles with LP's oxides, ingested at 4 pixels a degree and mapped with qiu2025.

    r > 0.999 and a slope within 0.5 % of 1 are what pixels on borders of LP's leave: 6 % of all.
    """
    measured = read_prospector("2deg")
    found = compare_with_prospector(run_of_lp_tiles, measured).sel(map="feo_equation")
    assert int(found["pixels"]) > 11_280
    assert float(found["correlation"]) > 0.999
    assert float(found["prospector_on_map_slope"]) == pytest.approx(1.0, abs=0.005)
    assert float(found["rmse"]) < 0.2


def test_agreement_is_that_of_the_line() -> None:
    theirs = np.linspace(0, 20, 400)
    noise = np.random.default_rng(1).normal(0, 0.3, 400)
    found = agreement(theirs, 0.9 * theirs + 1.0 + noise)
    assert found["prospector_on_map_slope"] == pytest.approx(0.9, abs=0.01)
    assert found["prospector_on_map_intercept"] == pytest.approx(1.0, abs=0.1)
    # Of either on the other: the product of the slopes is the square of the correlation.
    product = found["prospector_on_map_slope"] * found["map_on_prospector_slope"]
    assert product == pytest.approx(found["correlation"] ** 2)
    assert found["rmse"] == pytest.approx(math.hypot(found["bias"], found["std"]))
    assert agreement(theirs + noise, theirs)["normality_p"] > 0.01
    assert agreement(theirs + noise**4, theirs)["normality_p"] < 1e-10


def test_maps_that_cannot_be_compared_are_refused(
    make_source: Callable[..., Source], five_degrees: Prospector
) -> None:
    with pytest.raises(InputError, match="none of its maps"):
        compare_with_prospector(make_source(grid(1), {"omat": 0.2}), five_degrees)
    values = np.full((180, 360), np.nan)
    values[:5] = 8.0
    with pytest.raises(InputError, match=r"only \d+ Lunar Prospector pixels"):
        compare_with_prospector(make_source(grid(1), {"feo_equation": values}), five_degrees)
    without = replace(five_degrees, abundance={"K": five_degrees.abundance["K"]})
    with pytest.raises(InputError, match="none of its maps"):
        compare_with_prospector(make_source(grid(1), {"feo_equation": 8.0}), without)


def test_the_flagged_area_and_both_means_stand_beside_the_numbers(
    make_run: MakeRun, five_degrees: Prospector
) -> None:
    """Half of what is mapped is clipped, which does not depend on what is left out."""
    values, clipped = np.full((180, 360), 8.0), np.zeros((180, 360), dtype=bool)
    values[:, :180], clipped[:, 270:] = np.nan, True
    run = make_run(grid(1), {"feo_equation": values}, flagged={"feo_equation_clipped": clipped})
    cases: list[tuple[tuple[Reason, ...], int]] = [((), 900), (("clipped",), 450)]
    for exclude, pixels in cases:
        row = table(compare_with_prospector(source_of(run, exclude), five_degrees)).iloc[0]
        assert row["clipped_per_cent"] == pytest.approx(50.0, rel=1e-12)
        assert row["extrapolated_per_cent"] == 0.0
        assert row["mean_ours"] == pytest.approx(8.0)
        assert row["mean_ours"] - row["mean_prospector"] == pytest.approx(row["bias"], abs=0.2)
        assert row["pixels"] == pytest.approx(pixels, abs=60)


def test_unmapped_pixels_are_left_out(make_source: Callable[..., Source], five_degrees: Prospector) -> None:
    values = np.full((180, 360), 8.0)
    values[:, :180] = np.nan
    values[0, 180:] = 9.0
    found = compare_with_prospector(make_source(grid(1), {"feo_equation": values}), five_degrees)
    assert 800 < int(table(found)["pixels"].iloc[0]) < 1000
