"""Candidates around a pole by each network of an ensemble, against one cell after the other."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from lunarcloud.maps import finish_maps, load_run, map_works, plan_maps
from lunarcloud.models import Model, load_model, predict, session
from lunarcloud.moon import grid
from lunarcloud.mosaic import REFLECTANCE, Mosaic, load_mosaic
from lunarcloud.quantities import mg_number
from lunarcloud.statistics import (
    Candidates,
    Rule,
    Source,
    ask_members,
    candidate_totals,
    candidates_dataset,
    chances_of_means,
    find_candidates,
    maria,
    source_of,
    whole_moon,
    with_chance,
    with_probabilities,
)
from lunarcloud.statistics.cells import cell_positions
from lunarcloud.storage import folder
from lunarcloud.testing.small_root import SCALING, write_model, write_mosaic, write_shard

RULE = Rule(limit=70.0, coverage=0.9, feo_above=9.0, mg_below=0.7)


class Made(NamedTuple):
    mosaic: Mosaic
    model: Model
    source: Source
    found: Candidates


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A run by an ensemble of two, without its student, and its candidates."""
    root = folder(tmp_path_factory.mktemp("root"))
    pixels = write_mosaic(root, grid(2, 180))
    mosaic = load_mosaic(root / pixels.ref.path, pixels.card)
    fitted = write_model(root)
    model = load_model(root / fitted.ref.path, fitted.ref.id, fitted.card).exact
    plan = plan_maps(mosaic, model)
    for work in map_works(plan, root / "runs/one"):
        for shard in work.group.missing():
            write_shard(work.group, shard, work.function(shard).arrays)
    run = load_run(root / "runs/one", plan.card)
    finish_maps(run, {})
    source = source_of(run, ("clipped",))
    return Made(mosaic, model, source, find_candidates(source, maria()[0], RULE))


def _reflectance(mosaic: Mosaic) -> npt.NDArray[np.float32]:
    """(band, row, col), below 0 where missing."""
    group, on = mosaic.group, mosaic.grid
    numbers = np.zeros((5, *on.shape), np.int16)
    for shard in on.shards():
        numbers[:, *on.window(shard).slices] = group.read(REFLECTANCE, shard)
    return numbers * np.float32(SCALING)


def test_each_member_is_asked_of_each_cell(made: Made) -> None:
    votes = ask_members(made.source, made.found, made.mosaic, made.model)
    at = cell_positions(made.found.at.cell)
    pixels = made.mosaic.grid.pixel(lat=at.lat, lon=at.lon)
    spectra = _reflectance(made.mosaic)[:, pixels.row, pixels.col].T
    said = predict(session(made.model.onnx or b""), spectra).reshape(len(spectra), 2, 5)
    feo, mgo = np.clip(said[..., 0], 0, 30), np.clip(said[..., 3], 0, 50)
    high = (feo > RULE.feo_above) & (mg_number(mgo, feo) < RULE.mg_below)
    assert (votes.high_feo <= high.mean(axis=1) + 1e-9).all()
    assert (votes.high_feo <= votes.similar).all()
    assert set(np.unique(votes.similar)) <= {0.0, 0.5, 1.0}
    assert 0 < votes.high_feo.mean() < 1


def test_areas_of_members_lie_around_that_of_the_mean(made: Made) -> None:
    votes = ask_members(made.source, made.found, made.mosaic, made.model)
    table = with_chance(candidate_totals(made.found), votes).set_index("cells are")
    assert table.loc["high FeO", "chance_km2"] == pytest.approx(votes.high_feo_km2.std(ddof=1))
    assert table["chance_km2"].isna()["mapped"]
    dataset = with_probabilities(candidates_dataset(made.found), made.found, votes)
    assert dataset["high_feo_probability"].sizes == {"candidate": dataset.sizes["candidate"]}
    assert ((dataset["similar_probability"] >= 0) & (dataset["similar_probability"] <= 1)).all()


def test_chance_of_a_mean_is_the_deviation_of_the_members_means(made: Made) -> None:
    """Of the whole Moon, where the sample is compared with every pixel: 3 % between two of such samples."""
    found = chances_of_means(made.mosaic, made.model, (whole_moon(),), ("feo_cnn", "omat"))
    spectra = _reflectance(made.mosaic).reshape(5, -1).T
    usable = ((spectra > 0) & (spectra <= 1)).all(axis=1)
    areas = np.repeat(made.mosaic.grid.pixel_area_m2(), made.mosaic.grid.n_cols)[usable]
    members = np.clip(predict(session(made.model.onnx or b""), spectra[usable])[:, [0, 5]], 0, 30)
    means = (members * areas[:, None]).sum(axis=0) / areas.sum()
    assert float(found.sel(map="feo_cnn", unit="global")) == pytest.approx(means.std(ddof=1), rel=0.03)
    assert np.isnan(found.sel(map="omat", unit="global"))


def test_nothing_is_known_of_the_chance_of_one_seed(made: Made) -> None:
    one = made.model.of_seed(1)
    assert np.isnan(chances_of_means(made.mosaic, one, (whole_moon(),), ("feo_cnn",))).all()
    equations = replace(made.model, onnx=None)
    assert np.isnan(chances_of_means(made.mosaic, equations, (whole_moon(),), ("feo_cnn",))).all()
