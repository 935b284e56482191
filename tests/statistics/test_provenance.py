"""Where a sample could come from, and places in words."""

from collections.abc import Callable

import numpy as np
import pytest

from lunarcloud.archive import SAMPLE_60639
from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.moon import grid
from lunarcloud.statistics import provenance
from lunarcloud.statistics.places import place
from lunarcloud.statistics.provenance import Provenance
from lunarcloud.statistics.source import Source
from lunarcloud.synthetic import PROVENANCE

RANGES = {f"{oxide}_cnn": bounds for oxide, bounds in SAMPLE_60639.items()}


@pytest.fixture(scope="module")
def found(truth_source: Source) -> Provenance:
    return provenance.search(truth_source, RANGES)


def test_the_planted_region_is_ranked_first(found: Provenance) -> None:
    """5 % is the staircase of a disc 16 pixels across."""
    assert found.matching_km2 == pytest.approx(PROVENANCE.area_km2, rel=0.05)
    best = provenance.ranked(found).iloc[0]
    assert best["where"] == "south-western Mare Tranquillitatis"
    assert (best["lat"], best["lon"]) == pytest.approx((PROVENANCE.lat, PROVENANCE.lon), abs=0.1)
    assert provenance.regions(found).iloc[0]["feature"] == "Mare Tranquillitatis"


def test_each_range_s_share_is_counted(make_source: Callable[..., Source]) -> None:
    """Quarters of a belt: FeO matches in the north, MgO in the east; omat everywhere."""
    on = grid(1)
    feo = np.where(on.lat() > 0, 17.0, 5.0)[:, None]
    feo[np.abs(on.lat()) > 10] = np.nan
    mgo = np.where(on.lon() > 0, 7.0, 12.0)[None, :]
    source = make_source(on, {"feo_cnn": feo, "mgo_cnn": mgo, "omat": 0.2})
    found = provenance.search(source, {"feo_cnn": (16, 18), "mgo_cnn": (7, 7), "omat": (0.1, 0.3)})
    rows = provenance.constraints(found).set_index("map")
    assert rows["alone_per_cent"].to_dict() == pytest.approx(
        {"feo_cnn": 50, "mgo_cnn": 50, "omat": 100}, abs=0.01
    )
    assert rows["excludes_per_cent"].to_dict() == pytest.approx(
        {"feo_cnn": 50, "mgo_cnn": 50, "omat": 0}, abs=0.01
    )
    assert found.matching_km2 == pytest.approx(found.mapped_km2 / 4, rel=1e-3)
    stored = provenance.to_dataset(found)
    assert stored.sizes["match"] == found.cell.size
    assert stored["group"].values.max() == 0


def test_cells_without_all_maps_do_not_count(make_source: Callable[..., Source]) -> None:
    on = grid(1)
    feo = np.where(on.lat() > 30, np.nan, 17.0)[:, None]
    found = provenance.search(
        make_source(on, {"feo_cnn": feo, "mgo_cnn": 7.0}), {"feo_cnn": (16, 18), "mgo_cnn": (6, 8)}
    )
    assert found.mapped_km2 == pytest.approx(found.matching_km2)
    assert found.mapped_km2 == pytest.approx(37_932_328 * 0.75, rel=2e-3)


def test_ranges_that_make_no_sense_are_refused(
    truth_source: Source, make_source: Callable[..., Source]
) -> None:
    with pytest.raises(InputError, match=r"feo_cnn 19.9:16: the lowest value comes first"):
        provenance.search(truth_source, {"feo_cnn": (19.9, 16.0)})
    with pytest.raises(InputError, match="lowest"):
        provenance.search(truth_source, {"feo_cnn": (float("nan"), 16.0)})
    with pytest.raises(InputError, match="no range"):
        provenance.search(truth_source, {})
    with pytest.raises(NotFoundError, match="tio2_cnn"):
        provenance.search(make_source(grid(1), {"feo_equation": 8.0}), {"tio2_cnn": (1, 2)})
    nothing = make_source(grid(1), {"feo_cnn": np.full((180, 360), np.nan)})
    with pytest.raises(InputError, match="no cell has all of feo_cnn"):
        provenance.search(nothing, {"feo_cnn": (1, 2)})


@pytest.mark.parametrize(
    ("lat", "lon", "words"),
    [
        (8.0, 31.0, "central Mare Tranquillitatis"),
        (20.0, 62.0, "north-eastern Mare Crisium"),
        (-75.0, 140.0, "eastern Schrödinger"),
        (-69.3, 186.9, "central Antoniadi"),
        (-30.0, -17.0, "southern Mare Nubium"),
    ],
)
def test_places_are_named(lat: float, lon: float, words: str) -> None:
    assert place(lat=lat, lon=lon).words == words


def test_a_place_in_no_feature_is_told_by_the_nearest_rim() -> None:
    far = place(lat=-10.0, lon=-155.0)
    assert far.words == f"{far.distance_km:.0f} km off the north-eastern rim of Lacus Oblivionis"
    assert 100 < far.distance_km < 1200
