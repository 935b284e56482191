"""Candidates around a pole by each network of an ensemble, against one cell after the other."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from lunarcloud.models import predict, session
from lunarcloud.mosaic import REFLECTANCE, Mosaic
from lunarcloud.quantities import mg_number
from lunarcloud.statistics import (
    Candidates,
    Rule,
    ask_members,
    candidate_totals,
    candidates_dataset,
    chances_of_means,
    find_candidates,
    maria,
    probability_at,
    whole_moon,
    with_chance,
    with_probabilities,
)
from lunarcloud.statistics.cells import cell_positions
from lunarcloud.testing.ensemble import Ensemble
from lunarcloud.testing.small_root import SCALING

RULE = Rule(limit=70.0, coverage=0.9, feo_above=9.0, mg_below=0.7)


@pytest.fixture(scope="module")
def found(ensemble: Ensemble) -> Candidates:
    """The candidates of its run."""
    return find_candidates(ensemble.source, maria()[0], RULE)


def _reflectance(mosaic: Mosaic) -> npt.NDArray[np.float32]:
    """(band, row, col), below 0 where missing."""
    group, on = mosaic.group, mosaic.grid
    numbers = np.zeros((5, *on.shape), np.int16)
    for shard in on.shards():
        numbers[:, *on.window(shard).slices] = group.read(REFLECTANCE, shard)
    return numbers * np.float32(SCALING)


def test_each_member_is_asked_of_each_cell(ensemble: Ensemble, found: Candidates) -> None:
    votes = ask_members(ensemble.source, found, ensemble.mosaic, ensemble.model)
    at = cell_positions(found.at.cell)
    pixels = ensemble.mosaic.grid.pixel(lat=at.lat, lon=at.lon)
    spectra = _reflectance(ensemble.mosaic)[:, pixels.row, pixels.col].T
    said = predict(session(ensemble.model.onnx or b""), spectra).reshape(len(spectra), 2, 5)
    feo, mgo = np.clip(said[..., 0], 0, 30), np.clip(said[..., 3], 0, 50)
    high = (feo > RULE.feo_above) & (mg_number(mgo, feo) < RULE.mg_below)
    assert (votes.high_feo <= high.mean(axis=1) + 1e-9).all()
    assert (votes.high_feo <= votes.similar).all()
    assert set(np.unique(votes.similar)) <= {0.0, 0.5, 1.0}
    assert 0 < votes.high_feo.mean() < 1


def test_areas_of_members_lie_around_that_of_the_mean(ensemble: Ensemble, found: Candidates) -> None:
    votes = ask_members(ensemble.source, found, ensemble.mosaic, ensemble.model)
    table = with_chance(candidate_totals(found), votes).set_index("cells are")
    assert table.loc["high FeO", "chance_km2"] == pytest.approx(votes.high_feo_km2.std(ddof=1))
    assert table["chance_km2"].isna()["mapped"]
    dataset = with_probabilities(candidates_dataset(found), found, votes)
    assert dataset["high_feo_probability"].sizes == {"candidate": dataset.sizes["candidate"]}
    assert ((dataset["similar_probability"] >= 0) & (dataset["similar_probability"] <= 1)).all()


def test_probability_is_that_of_the_candidate_whose_cell_holds_a_position(
    ensemble: Ensemble, found: Candidates
) -> None:
    votes = ask_members(ensemble.source, found, ensemble.mosaic, ensemble.model)
    dataset = with_probabilities(candidates_dataset(found), found, votes)
    # A hundredth of a degree is well within a cell of 0.15.
    lat, lon = dataset["lat"].values + 0.01, dataset["lon"].values
    np.testing.assert_array_equal(
        probability_at(dataset, lat=lat, lon=lon), dataset["high_feo_probability"].values
    )
    assert np.isnan(probability_at(dataset, lat=-lat, lon=lon)).all()
    nothing = dataset.isel(candidate=slice(0))
    assert np.isnan(probability_at(nothing, lat=lat, lon=lon)).all()


def test_chance_of_a_mean_is_the_deviation_of_the_members_means(ensemble: Ensemble) -> None:
    """Of the whole Moon, where the sample is compared with every pixel: 3 % between two of such samples."""
    found = chances_of_means(ensemble.mosaic, ensemble.model, (whole_moon(),), ("feo_cnn", "omat"))
    spectra = _reflectance(ensemble.mosaic).reshape(5, -1).T
    usable = ((spectra > 0) & (spectra <= 1)).all(axis=1)
    areas = np.repeat(ensemble.mosaic.grid.pixel_area_m2(), ensemble.mosaic.grid.n_cols)[usable]
    members = np.clip(predict(session(ensemble.model.onnx or b""), spectra[usable])[:, [0, 5]], 0, 30)
    means = (members * areas[:, None]).sum(axis=0) / areas.sum()
    assert float(found.sel(map="feo_cnn", unit="global")) == pytest.approx(means.std(ddof=1), rel=0.03)
    assert np.isnan(found.sel(map="omat", unit="global"))


def test_nothing_is_known_of_the_chance_of_one_seed(ensemble: Ensemble) -> None:
    one = ensemble.model.of_seed(1)
    assert np.isnan(chances_of_means(ensemble.mosaic, one, (whole_moon(),), ("feo_cnn",))).all()
    equations = replace(ensemble.model, onnx=None)
    assert np.isnan(chances_of_means(ensemble.mosaic, equations, (whole_moon(),), ("feo_cnn",))).all()
