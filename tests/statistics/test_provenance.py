"""Where a sample could come from, and places in words."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from lunarcloud.archive import SAMPLE_60639
from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.models import predict, session
from lunarcloud.moon import grid
from lunarcloud.statistics import cells, provenance
from lunarcloud.statistics.chance import Members
from lunarcloud.statistics.clusters import area_km2
from lunarcloud.statistics.places import place
from lunarcloud.statistics.provenance import Provenance
from lunarcloud.statistics.source import Source
from lunarcloud.synthetic import PROVENANCE
from lunarcloud.testing.ensemble import Ensemble

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


@pytest.mark.usefixtures("coarse_cells")
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


@pytest.mark.usefixtures("coarse_cells")
def test_cells_without_all_maps_do_not_count(make_source: Callable[..., Source]) -> None:
    on = grid(1)
    feo = np.where(on.lat() > 30, np.nan, 17.0)[:, None]
    found = provenance.search(
        make_source(on, {"feo_cnn": feo, "mgo_cnn": 7.0}), {"feo_cnn": (16, 18), "mgo_cnn": (6, 8)}
    )
    assert found.mapped_km2 == pytest.approx(found.matching_km2)
    assert found.mapped_km2 == pytest.approx(37_932_328 * 0.75, rel=2e-3)


@pytest.mark.usefixtures("coarse_cells")
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


@pytest.fixture(scope="module")
def by_chance(make_source: Callable[..., Source]) -> Callable[..., Provenance]:
    """A search for FeO of 16 to 18 and TiO2 of 3 to 4 wt% on maps of chance."""

    def search(feo: npt.ArrayLike, tio2: npt.ArrayLike) -> Provenance:
        chances = {"feo_cnn_chance": 0.5, "tio2_cnn_chance": 0.25}
        source = make_source(grid(1), {"feo_cnn": feo, "tio2_cnn": tio2, **chances})
        return provenance.search(source, {"feo_cnn": (16, 18), "tio2_cnn": (3, 4)})

    return search


@pytest.mark.usefixtures("coarse_cells")
def test_fit_is_the_likelihood_of_being_off_the_ranges_by_chance(
    by_chance: Callable[..., Provenance],
) -> None:
    """Bands of latitude that are off by one chance, by one of each, by five."""
    lat = grid(1).lat()[:, None]
    feo = np.select([lat > 30, lat > 0, lat > -30], [17.0, 18.5, 15.5], 20.5)
    tio2 = np.where(lat > 0, 3.5, 4.25)
    found = by_chance(feo, tio2)
    assert set(found.fit.round(3)) == {1.0, np.exp(-0.5).round(3), np.exp(-1.0).round(3)}
    assert found.matching_km2 == pytest.approx(37_932_328 / 4, rel=2e-3)
    quarter = found.matching_km2
    likely = quarter * (1 + np.exp(-0.5) + np.exp(-1.0))
    assert found.weighted_km2.sum() == pytest.approx(likely, rel=2e-3)
    row = provenance.ranked(found).iloc[0]
    assert row["weighted_km2"] == pytest.approx(likely, rel=2e-3)
    rows = provenance.constraints(found).set_index("map")
    assert rows["alone_per_cent"]["feo_cnn"] == pytest.approx(25, abs=0.1)
    assert rows["alone_fitting_per_cent"]["feo_cnn"] == pytest.approx(75, abs=0.1)


@pytest.mark.usefixtures("coarse_cells")
def test_as_many_places_that_truly_match_are_kept_as_promised(by_chance: Callable[..., Provenance]) -> None:
    """In the west they lie anywhere in the ranges, in the east on a corner, of which most are lost: 2 %."""
    random, on = np.random.default_rng(5), grid(1)
    east = np.broadcast_to(on.lon() > 0, on.shape)
    feo, tio2 = (
        np.where(east, high, random.uniform(low, high, on.shape)) + chance * random.standard_normal(on.shape)
        for low, high, chance in ((16, 18, 0.5), (3, 4, 0.25))
    )
    found = by_chance(feo, tio2)
    half = cells.band_counts().sum() / 2
    in_east = np.count_nonzero(cells.cell_positions(found.cell).lon > 0)
    # P(chi2 < 5.99) over those off in none (1/4), one (1/2) or both (1/4) of the ranges.
    assert in_east / half == pytest.approx(0.25 + 0.5 * 0.9856 + 0.25 * 0.95, abs=2e-3)
    assert 0.99 < (found.cell.size - in_east) / half < 1.0


@pytest.mark.usefixtures("coarse_cells")
def test_a_place_that_fits_ranks_before_a_larger_one_that_fits_less(
    by_chance: Callable[..., Provenance],
) -> None:
    lat = np.abs(grid(1).lat())[:, None] < 20
    small, large = (lat & (np.abs(grid(1).lon() - lon) < half)[None] for lon, half in ((-60, 20), (60, 30)))
    found = by_chance(np.select([small, large], [17.0, 18.9], 2.0), 3.5)
    rows = provenance.ranked(found)
    assert rows["area_km2"][0] < rows["area_km2"][1]
    assert rows["lon"].tolist() == pytest.approx([-60, 60], abs=0.5)
    assert rows["likely_per_cent"].sum() == pytest.approx(100)
    assert rows["fit"].tolist() == pytest.approx([1.0, np.exp(-0.5 * 1.8**2)], rel=1e-3)


def test_without_chance_only_what_matches_is_kept(found: Provenance) -> None:
    assert set(found.fit) == {1.0}
    assert found.by_member_km2.size == 0
    assert found.weighted_km2.sum() == pytest.approx(found.matching_km2)


def test_each_network_is_asked_what_it_finds_by_itself(ensemble: Ensemble) -> None:
    """Against the networks' own session, of every eighth of the cells that are kept; OMAT leaves few."""
    maps = ensemble.source.group.open()[["feo_cnn", "omat"]].load()
    middle = float(maps["feo_cnn"].where((maps["omat"] > 0.1) & (maps["omat"] < 0.102)).median())
    ranges = {"feo_cnn": (0, middle), "omat": (0.1, 0.102)}
    found = provenance.search(ensemble.source, ranges, Members.of(ensemble.mosaic, ensemble.model))
    asked = found.cell[found.cell % 8 == 0]
    at = cells.cell_positions(asked)
    pixels, areas = ensemble.mosaic.grid.pixel(lat=at.lat, lon=at.lon), area_km2(asked)
    numbers = ensemble.mosaic.group.open()["reflectance"].values[:, pixels.row, pixels.col]
    said = predict(session(ensemble.model.onnx or b""), numbers.T.astype(np.float32))[:, [0, 5]]
    # As stored: rounded to a step.
    expected = areas @ (said.round(3) <= middle + 1e-5) * 8
    assert asked.size > 1000
    assert found.by_member_km2 == pytest.approx(expected, rel=1e-3)
    assert 0 < found.by_member_km2.std() < found.matching_km2


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
