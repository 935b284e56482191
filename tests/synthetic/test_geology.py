"""The synthetic Moon's truth: a pure function of position, plausible, with exact planted patches."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from lunarcloud.archive import SAMPLE_60639
from lunarcloud.archive.gazetteer import feature
from lunarcloud.archive.maria import shipped_maria
from lunarcloud.archive.polygons import spherical_km2
from lunarcloud.errors import GeometryError
from lunarcloud.moon import SPHERE_KM2, grid
from lunarcloud.synthetic import PATCHES, POLAR_BASALT, PROVENANCE, Truth, mare_fraction, truth

GRID = grid(2)
LAT, LON = GRID.lat()[:, None], GRID.lon()[None, :]


@pytest.fixture(scope="module")
def whole() -> Truth:
    return truth(lat=LAT, lon=LON)


@pytest.fixture(scope="module")
def mare() -> npt.NDArray[np.bool]:
    return mare_fraction(lat=LAT, lon=LON) > 0.5


def mean(values: npt.NDArray[Any], where: npt.NDArray[np.bool]) -> float:
    return float(np.average(values, weights=np.where(where, GRID.pixel_area_m2()[:, None], 0.0)))


def mg_number(rock: Truth) -> npt.NDArray[np.float64]:
    return (rock.mgo / 40.304) / (rock.mgo / 40.304 + rock.feo / 71.844)


@given(
    row=st.integers(0, GRID.n_rows - 30),
    col=st.integers(0, GRID.n_cols - 30),
    height=st.integers(1, 30),
    width=st.integers(1, 30),
)
def test_a_place_is_the_same_whatever_else_is_asked_for(
    whole: Truth, row: int, col: int, height: int, width: int
) -> None:
    rows, cols = slice(row, row + height), slice(col, col + width)
    part = truth(lat=LAT[rows], lon=LON[:, cols])
    for values, expected in zip(part, whole, strict=True):
        np.testing.assert_array_equal(values, expected[rows, cols])


@pytest.mark.parametrize("lat", [-90.0, 90.0])
def test_a_pole_is_one_place(lat: float) -> None:
    around = truth(lat=np.full(36, lat), lon=np.arange(36) * 10.0)
    for values in around:
        np.testing.assert_allclose(values, values[0], rtol=1e-6)


def test_longitude_conventions_agree() -> None:
    lat, lon = np.linspace(-80, 80, 50), np.linspace(180.25, 359.75, 50)
    for east, west in zip(truth(lat=lat, lon=lon), truth(lat=lat, lon=lon - 360.0), strict=True):
        np.testing.assert_allclose(east, west, rtol=1e-6)


def test_another_seed_is_another_moon_with_the_same_maria(whole: Truth, mare: npt.NDArray[np.bool]) -> None:
    other = truth(lat=LAT, lon=LON, seed=1)
    assert np.mean(other.feo == whole.feo) < 0.01
    same = (mare_fraction(lat=LAT, lon=LON, seed=1) > 0.5) == mare
    assert mean(same.astype(float), np.ones_like(same)) > 0.93


def test_values_are_those_of_lunar_rocks(whole: Truth) -> None:
    limits = {
        "feo": (3, 21),
        "tio2": (0.2, 13),
        "al2o3": (10, 31),
        "mgo": (4, 12),
        "cao": (9.5, 18),
        "omat": (0.1, 0.5),
    }
    for name, (lowest, highest) in limits.items():
        values = getattr(whole, name)
        assert np.isfinite(values).all()
        assert lowest <= values.min() <= values.max() <= highest


def test_means_are_near_the_published_ones(whole: Truth, mare: npt.NDArray[np.bool]) -> None:
    """Means of the paper's equation and CNN maps (its Table of units), within what a plausible Moon needs."""
    assert mean(mare, np.ones_like(mare)) == pytest.approx(0.17, abs=0.05)
    assert mean(whole.feo, mare) == pytest.approx(16.9, abs=1.5)
    assert mean(whole.feo, ~mare) == pytest.approx(6.5, abs=1.5)
    assert mean(whole.tio2, mare) == pytest.approx(3.7, abs=1.0)
    assert mean(whole.tio2, ~mare) == pytest.approx(0.7, abs=0.3)
    assert mean(whole.al2o3, mare) == pytest.approx(13.8, abs=2.0)
    assert mean(whole.mgo, mare) == pytest.approx(9.4, abs=1.0)
    assert mean(whole.omat, ~mare) == pytest.approx(0.227, abs=0.02)


@pytest.mark.parametrize(
    "name", ["Mare Imbrium", "Mare Crisium", "Mare Tranquillitatis", "Oceanus Procellarum"]
)
def test_maria_lie_where_the_gazetteer_has_them(name: str) -> None:
    place = feature(name)
    assert mare_fraction(lat=place.lat, lon=place.lon) == 1.0
    assert truth(lat=place.lat, lon=place.lon).feo > 14.0


def test_maria_lie_within_the_shipped_outlines(mare: npt.NDArray[np.bool]) -> None:
    outlines = [outline.shape for outline in shipped_maria()]
    exact = sum(map(spherical_km2, outlines)) / SPHERE_KM2
    assert mean(mare, np.ones_like(mare)) == pytest.approx(exact, rel=0.01)
    within = shapely.contains_xy(shapely.union_all(outlines), *np.broadcast_arrays(LON, LAT))
    assert mean(mare == within, np.ones_like(mare)) > 0.985


def test_south_pole_aitken_is_richer_in_iron_than_the_highlands() -> None:
    inside, highlands = truth(lat=-53.0, lon=-169.0), truth(lat=30.0, lon=-130.0)
    assert float(inside.feo) > float(highlands.feo) + 2.5


def test_young_craters_are_immature() -> None:
    tycho = feature("Tycho")
    inside = float(truth(lat=tycho.lat, lon=tycho.lon).omat)
    ring = truth(lat=tycho.lat + 35 * np.cos(np.arange(20)), lon=tycho.lon + 35 * np.sin(np.arange(20))).omat
    assert inside > np.median(ring) + 0.06


def test_planted_patches_are_exact() -> None:
    for patch in PATCHES:
        inside = patch.contains(lat=LAT, lon=LON)
        rock = truth(
            lat=np.broadcast_to(LAT, inside.shape)[inside], lon=np.broadcast_to(LON, inside.shape)[inside]
        )
        for name in ("feo", "tio2", "al2o3", "mgo", "cao", "omat"):
            assert np.all(getattr(rock, name) == getattr(patch, name))
        area = np.sum(np.where(inside, GRID.pixel_area_m2()[:, None], 0.0)) / 1e6
        assert area == pytest.approx(patch.area_km2, rel=0.05)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_only_the_planted_patch_is_like_sample_60639(seed: int) -> None:
    rock = truth(lat=LAT, lon=LON, seed=seed)
    ranges = [(getattr(rock, name), *limits) for name, limits in SAMPLE_60639.items()]
    like = np.all([(low <= values) & (values <= high) for values, low, high in ranges], axis=0)
    np.testing.assert_array_equal(like, PROVENANCE.contains(lat=LAT, lon=LON))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_only_the_planted_patch_is_polar_basalt(seed: int) -> None:
    rock = truth(lat=LAT, lon=LON, seed=seed)
    basalt = (LAT < -65.0) & (rock.feo > 15.0) & (mg_number(rock) < 0.60)
    np.testing.assert_array_equal(basalt, POLAR_BASALT.contains(lat=LAT, lon=LON))


def test_an_impossible_position_is_refused() -> None:
    with pytest.raises(GeometryError, match="latitude 91"):
        truth(lat=91.0, lon=0.0)
