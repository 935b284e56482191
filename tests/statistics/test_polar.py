"""Potential mare basalt around a pole."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.maps import FILL
from lunarcloud.moon import SPHERE_KM2, Shard, angular_distance, grid
from lunarcloud.statistics import cells, clusters, polar
from lunarcloud.statistics.polar import (
    HIGH_FEO,
    NO_CLASS,
    OTHER,
    SIMILAR,
    Candidates,
    Rule,
    find_candidates,
    typical_of_maria,
)
from lunarcloud.statistics.source import Source
from lunarcloud.statistics.stereographic import CLASSES, ProjectShard, gathered, polar_layout, polar_raster
from lunarcloud.statistics.units import maria
from lunarcloud.synthetic import POLAR_BASALT as PATCH


@pytest.fixture(scope="module")
def found(truth_source: Source) -> Candidates:
    return find_candidates(truth_source, maria()[0], Rule())


def test_the_planted_basalt_is_found_with_its_area(found: Candidates) -> None:
    """2 % is asked for; the pixels' staircase on a radius of 12 pixels leaves less."""
    counted = polar.totals(found).set_index("cells are")
    assert counted["cells"]["mapped"] == 792_886
    assert counted["area_km2"]["high FeO"] == pytest.approx(PATCH.area_km2, rel=0.02)
    assert counted["per_cent"]["high FeO"] == pytest.approx(100 * PATCH.area_km2 / 1_783_983, rel=0.02)
    first = polar.ranked(found).iloc[0]
    assert (first["lat"], first["lon"]) == pytest.approx((PATCH.lat, PATCH.lon), abs=0.05)
    assert first["feo"] == pytest.approx(PATCH.feo, abs=0.01)
    assert first["feature"] == "Zeeman"
    assert len(polar.ranked(found)) == 1


def test_the_highland_of_the_region_is_not_similar_to_maria(found: Candidates) -> None:
    counted = polar.totals(found).set_index("cells are")
    assert counted["cells"]["similar to maria"] < 1.2 * counted["cells"]["high FeO"]


def test_thresholds_and_the_pole_are_options(truth_source: Source) -> None:
    none = find_candidates(truth_source, maria()[0], Rule(feo_above=18.5))
    assert polar.totals(none)["cells"].tolist()[2] == 0
    assert polar.ranked(none).empty
    assert polar.to_dataset(none).sizes["ranked"] == 0
    north = find_candidates(truth_source, maria()[0], Rule(pole="north", limit=80.0))
    # The last band with its centre north of 80 reaches to 79.95.
    cap = SPHERE_KM2 * np.sin(np.radians(10.05) / 2) ** 2
    assert polar.totals(north)["area_km2"][0] == pytest.approx(cap, rel=1e-9)


def test_the_stored_candidates_are_the_counted_ones(found: Candidates) -> None:
    stored = polar.to_dataset(found)
    assert stored.sizes["candidate"] == stored.attrs["cells_similar_to_maria"]
    assert int(stored["high_feo"].sum()) == stored.attrs["cells_high_FeO"]
    assert int(stored["cells_region"].sum()) == stored.attrs["cells_in_region"] == 792_886
    assert (stored["lat"] < -65).all()


def test_the_rule_is_the_densest_set_where_maria_outweigh_the_rest() -> None:
    mare = np.array([[50, 30, 15, 5, 0]])
    others = np.array([[0, 0, 900, 50, 50]])
    assert typical_of_maria(mare, 0 * others, 0.8).tolist() == [[True, True, False, False, False]]
    assert typical_of_maria(mare, 0 * others, 0.81).tolist() == [[True, True, True, False, False]]
    assert typical_of_maria(mare, others, 1.0).tolist() == [[True, True, False, False, False]]


def test_classes_need_both_conditions_and_both_maps(found: Candidates) -> None:
    classify = found.classifier
    feo = np.array([17_000, 15_000, 4_000, FILL, 17_000], dtype=np.uint16)
    mg = np.array([4_700, 5_000, 6_800, 4_700, FILL], dtype=np.uint16)
    assert classify(feo, mg).tolist() == [HIGH_FEO, SIMILAR, OTHER, NO_CLASS, NO_CLASS]


@pytest.mark.parametrize("bound", [5.6, 10.2, 12.2, 14.1, 15.3])
def test_a_code_of_the_bound_itself_is_not_above_it(found: Candidates, bound: float) -> None:
    every = np.ones_like(found.classifier.similar)
    classify = replace(found.classifier, similar=every, rule=replace(found.classifier.rule, feo_above=bound))
    code = round(bound * 1000)
    classes = classify(np.array([code, code + 1], dtype=np.uint16), np.array([4_700, 4_700], dtype=np.uint16))
    assert classes.tolist() == [SIMILAR, HIGH_FEO]


def test_polar_maps_hold_the_nearest_pixel_and_the_same_area(truth_source: Source, found: Candidates) -> None:
    raster = polar_raster(found.classifier.rule, 8_000.0)
    task = ProjectShard(truth_source, raster, found.classifier)
    layout = polar_layout(truth_source, raster)
    area = 0.0
    for shard in raster.shards():
        arrays = task(shard).arrays
        assert set(arrays) == {variable.name for variable in layout.variables}
        window = raster.window(shard)
        area += (raster.pixel_area_m2(window) * (arrays[CLASSES] == HIGH_FEO)).sum() / 1e6
        equatorward = raster.positions(window).lat >= -65
        assert (arrays["feo_cnn"][equatorward] == FILL).all()
        assert (arrays[CLASSES][equatorward] == NO_CLASS).all()
    assert area == pytest.approx(PATCH.area_km2, rel=0.02)


def test_gathering_reads_any_pixels(truth_source: Source) -> None:
    on = truth_source.grid
    row, col = np.array([[0, 719], [300, 511]]), np.array([[0, 1439], [512, 255]])
    whole = {shard: truth_source.read("feo_cnn", shard) for shard in on.shards()}
    edge = on.shard_edge
    expected = [
        [int(whole[Shard(r // edge, c // edge)][r % edge, c % edge]) for r, c in zip(*pair, strict=True)]
        for pair in zip(row, col, strict=True)
    ]
    assert gathered(truth_source, "feo_cnn", row, col).tolist() == expected


def test_a_run_without_networks_and_an_unmapped_region_are_refused(
    make_source: Callable[..., Source],
) -> None:
    with pytest.raises(NotFoundError, match="feo_cnn"):
        find_candidates(make_source(grid(1), {"feo_equation": 8.0}), maria()[0], Rule())
    half = np.full((180, 360), 8.0)
    half[150:] = np.nan
    with pytest.raises(InputError, match="poleward of 65"):
        find_candidates(make_source(grid(1), {"feo_cnn": half, "mg_number": 0.6}), maria()[0], Rule())
    polar_only = np.where(np.arange(180) < 156, np.nan, 8.0)[:, None]
    with pytest.raises(InputError, match="in the maria equatorward"):
        find_candidates(make_source(grid(1), {"feo_cnn": polar_only, "mg_number": 0.6}), maria()[0], Rule())


def test_neighbours_are_cells_that_share_an_edge() -> None:
    counts, starts = cells.band_counts(), cells.band_starts()
    band = 1100
    row = starts[band] + np.array([0, 1, 5, counts[band] - 1])
    # First and last of a band touch across -180; 5 stands alone; one below the pair joins it.
    below = starts[band + 1] + np.array([0, 5 * counts[band + 1] // counts[band] + 40])
    cell = np.sort(np.concatenate([row, below]))
    group = dict(zip(cell.tolist(), clusters.connected(cell).tolist(), strict=True))
    assert [group[number] for number in (*row[[0, 1, 3]], below[0])] == [0, 0, 0, 0]
    assert {group[row[2]], group[below[1]]} == {1, 2}
    assert clusters.connected(np.empty(0, dtype=np.int64)).size == 0


def test_groups_are_those_of_a_search_by_hand() -> None:
    """Random cells of a region with the seam in it, linked pair by pair by their edges."""
    rng = np.random.default_rng(6)
    bands = np.arange(1150, 1170)
    every = np.concatenate(
        [cells.band_starts()[band] + np.arange(cells.band_counts()[band]) for band in bands]
    )
    cell = np.sort(rng.choice(every, every.size // 2, replace=False))
    band = cells.band_of(cell)
    low = (cell - cells.band_starts()[band]) / cells.band_counts()[band]
    high = (cell - cells.band_starts()[band] + 1) / cells.band_counts()[band]
    group = clusters.connected(cell)
    links = 0
    for one in range(cell.size):
        overlap = (np.minimum(high, high[one]) - np.maximum(low, low[one])) > 1e-9
        beside = (np.abs(low - high[one]) < 1e-9) | ((low == 0) & (abs(high[one] - 1) < 1e-9))
        near = ((band == band[one] + 1) & overlap) | ((band == band[one]) & beside)
        assert (group[near] == group[one]).all()
        links += near.sum()
    area = np.bincount(group, clusters.area_km2(cell))
    assert (np.diff(area) <= 1e-6).all()
    # As many groups as the links leave, were there no cycles, at least.
    assert len(area) >= cell.size - links


def test_a_disc_of_cells_is_one_group_with_its_centre_and_area() -> None:
    every = np.arange(16_858_820)[cells.band_starts()[1050] : cells.band_starts()[1150]]
    at = cells.cell_positions(every)
    disc = every[angular_distance(lat=at.lat, lon=at.lon, to_lat=-75.0, to_lon=179.0) < 4.0]
    assert set(clusters.connected(disc)) == {0}
    assert clusters.centre(disc) == pytest.approx((-75.0, 179.0), abs=0.01)
    assert clusters.area_km2(disc).sum() == pytest.approx(SPHERE_KM2 * np.sin(np.radians(2)) ** 2, rel=2e-3)
