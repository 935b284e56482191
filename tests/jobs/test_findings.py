"""The jobs on finished runs: what they leave in the root, once."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from lunarcloud.jobs.common import checked
from lunarcloud.jobs.compare import (
    CompareInputs,
    ProspectorInputs,
    compare_prospector,
    compare_runs,
    estimate_compare,
)
from lunarcloud.jobs.findings import Finding, markdown, terminal_table
from lunarcloud.jobs.polar import PolarInputs, find_polar
from lunarcloud.jobs.provenance import ProvenanceInputs, find_provenance
from lunarcloud.jobs.reduce import ReduceInputs, estimate_reduce, reduce_run
from matplotlib.image import imread
from pydantic import BaseModel

from lunarcloud.engine import Cluster
from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.maps import Run, find_run
from lunarcloud.moon import grid
from lunarcloud.statistics.source import source_of
from lunarcloud.storage import folder
from lunarcloud.synthetic import POLAR_BASALT, SAMPLE_60639
from lunarcloud.testing.runs import MakeRun

BOX = [[(10, 0), (40, 0), (40, 20), (10, 20), (10, 0)]]


@pytest.fixture(scope="module")
def cluster(scheduler: str) -> Cluster:
    return Cluster(scheduler=scheduler)


def polygon_file(folder_path: Path, rings: list[list[tuple[int, int]]], name: str = "box") -> str:
    path = folder_path / "units.geojson"
    shape = {"type": "Polygon", "coordinates": rings}
    record = {"type": "Feature", "properties": {"name": name}, "geometry": shape}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [record]}))
    return str(path)


def opened(found: Finding, name: str) -> xr.Dataset:
    dataset: xr.Dataset = xr.open_zarr(f"{found.url}/{name}.zarr")
    return dataset


def require_pictures(found: Finding) -> None:
    place = folder(found.url)
    for name in found.figures:
        picture = imread(f"{found.url}/{name}")
        assert min(picture.shape[:2]) > 400
        assert picture[..., :3].std() > 0.05
        assert place.exists(name)


def test_reduce_leaves_statistics_tables_and_figures_once(
    truth_root: str, cluster: Cluster, tmp_path: Path
) -> None:
    inputs = ReduceInputs(root=truth_root, run="other", units=polygon_file(tmp_path, BOX), sampling="pixels")
    found = reduce_run(inputs, cluster)
    table = pd.read_csv(f"{found.url}/statistics.csv")
    assert set(table["unit"]) == {"global", "maria", "non-maria", "Mare Tranquillitatis", "box"}
    stored = opened(found, "statistics")
    assert stored.attrs["run"] == "other"
    global_feo = stored["mean"].sel(map="feo_cnn", unit="global")
    assert float(
        table[(table["map"] == "feo_cnn") & (table["unit"] == "global")]["mean"].iloc[0]
    ) == pytest.approx(float(global_feo))
    assert "| feo_cnn |" in folder(found.url).read("means.md").decode()
    assert "approximation" in str(found.facts["maria"])
    require_pictures(found)
    assert reduce_run(inputs, Cluster(scheduler="tcp://127.0.0.1:1")) == found
    assert reduce_run(inputs.model_copy(update={"units": None}), cluster).url != found.url


def test_compare_leaves_exact_difference_maps(truth_root: str, cluster: Cluster) -> None:
    inputs = CompareInputs(root=truth_root, run="other", other="true")
    assert estimate_compare(inputs)[0].tasks == 18
    found = compare_runs(inputs, cluster)
    differences = opened(found, "differences")
    np.testing.assert_allclose(differences["feo_cnn"], 0.5, atol=1e-9)
    assert not differences["tio2_cnn"].values.any()
    assert differences["feo_cnn"].attrs["units"] == "wt%"
    assert "crs" in differences.coords
    # One picture for the map that changed, none for those that did not.
    assert found.figures == ("comparison.png", "difference_feo_cnn.png")
    require_pictures(found)
    rows = found.tables["comparison"]
    assert len(rows.rows) == 4 * 4
    assert estimate_compare(inputs)[0].tasks == 0


def test_networks_are_compared_with_equations_of_one_run(truth_root: str, cluster: Cluster) -> None:
    found = compare_runs(CompareInputs(root=truth_root, run="other"), cluster)
    statistics = opened(found, "statistics").sel(unit="global")
    assert float(statistics["mean_difference"].sel(pair="feo")) == pytest.approx(0.5)
    assert float(statistics["rmse"].sel(pair="tio2")) == 0.0


def test_lunar_prospector_is_compared(make_run: MakeRun, cluster: Cluster) -> None:
    values = np.random.default_rng(1).gamma(3.0, 2.0, grid(1).shape)
    root = root_of(make_run(grid(1), {"feo_equation": values}))
    found = compare_prospector(ProspectorInputs(root=root), cluster)
    assert found.facts == {"pixels": 1790, "table": "lpgrs_elements_5deg.csv"}
    assert opened(found, "prospector").sizes == {"map": 1, "pixel": 1790}
    assert found.figures == ("scatter.png", "map_feo_equation.png")
    require_pictures(found)


def root_of(run: Run) -> str:
    return run.place.url.rsplit("/runs/", 1)[0]


def test_polar_leaves_candidates_and_stereographic_maps(truth_root: str, cluster: Cluster) -> None:
    found = find_polar(PolarInputs(root=truth_root, run="true"), cluster)
    maps = opened(found, "polar")
    assert maps["crs"].attrs["authority"] == "IAU_2015:30135"
    at_patch = maps["feo_cnn"].rio.write_crs(maps["crs"].attrs["crs_wkt"])
    x, y = position(POLAR_BASALT.lat, POLAR_BASALT.lon)
    assert float(at_patch.sel(x=x, y=y, method="nearest")) == pytest.approx(POLAR_BASALT.feo, abs=0.01)
    assert opened(found, "candidates").attrs["cells_in_region"] == 792_886
    assert found.tables["totals"].rows[2][2] == pytest.approx(POLAR_BASALT.area_km2, rel=0.02)
    require_pictures(found)


def position(lat: float, lon: float) -> tuple[float, float]:
    from pyproj import Transformer

    to_polar = Transformer.from_crs("IAU_2015:30100", "IAU_2015:30135", always_xy=True)
    return to_polar.transform(lon, lat)


def test_provenance_names_the_place(truth_root: str, cluster: Cluster) -> None:
    inputs = ProvenanceInputs(root=truth_root, run="true", ranges=dict(SAMPLE_60639), sample="60639")
    found = find_provenance(inputs, cluster)
    assert found.facts["best_region"] == "south-western Mare Tranquillitatis"
    assert found.tables["features"].rows[0][0] == "Mare Tranquillitatis"
    require_pictures(found)


@pytest.mark.parametrize(
    ("model", "values", "complaint"),
    [
        (ReduceInputs, {"sampling": "guess"}, "sampling = 'guess'"),
        (PolarInputs, {"limit": 95.0}, "limit = 95.0"),
        (PolarInputs, {"pole": "west"}, "pole = 'west'"),
        (ProvenanceInputs, {"ranges": {}}, "ranges"),
        (ReduceInputs, {"colour": "red"}, "colour"),
    ],
)
def test_inputs_out_of_range_are_refused(
    model: type[BaseModel], values: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        checked(model, {"root": "somewhere", **values})


def test_impossible_requests_are_refused_before_anything_runs(
    truth_root: str, make_run: MakeRun, tmp_path: Path
) -> None:
    nowhere = Cluster(scheduler="tcp://127.0.0.1:1")
    with pytest.raises(NotFoundError, match="run 'nine'"):
        reduce_run(ReduceInputs(root=truth_root, run="nine"), nowhere)
    with pytest.raises(NotFoundError, match="Mare Nirvana"):
        reduce_run(ReduceInputs(root=truth_root, regions=("Mare Nirvana",)), nowhere)
    bow_tie = [[(0, 0), (10, 10), (10, 0), (0, 10), (0, 0)]]
    with pytest.raises(InputError, match="Self-intersection"):
        reduce_run(ReduceInputs(root=truth_root, units=polygon_file(tmp_path, bow_tie)), nowhere)
    with pytest.raises(InputError, match="'sio2' is no map"):
        find_provenance(ProvenanceInputs(root=truth_root, ranges={"sio2": (40, 50)}), nowhere)
    bare = root_of(make_run(grid(1), {"feo_equation": 8.0}))
    with pytest.raises(NotFoundError, match="equations alone"):
        find_polar(PolarInputs(root=bare), nowhere)
    with pytest.raises(NotFoundError, match="equations alone"):
        compare_runs(CompareInputs(root=bare), nowhere)


def test_an_empty_answer_says_which_range_is_the_narrowest(truth_root: str, cluster: Cluster) -> None:
    ranges = {"feo": (17.0, 17.1), "mgo": (4.5, 4.9)}
    with pytest.raises(InputError, match=r"widen them \((feo|mgo)_cnn alone leaves"):
        find_provenance(ProvenanceInputs(root=truth_root, run="true", ranges=ranges), cluster)


def test_a_dry_run_says_what_it_would_take(truth_root: str) -> None:
    (estimate,) = estimate_reduce(ReduceInputs(root=truth_root, run="true"))
    run = find_run(folder(truth_root), "true")
    assert estimate.pixels == 720 * 1440
    assert estimate.tasks == 18
    assert 0 < estimate.seconds < 60
    assert len(source_of(run).names) == 9


def test_tables_are_legible() -> None:
    frame = pd.DataFrame({"unit": ["maria", "b"], "cells": [1234567, 8], "mean": [16.851234, float("nan")]})
    assert markdown(frame) == (
        "| unit | cells | mean |\n| --- | --- | --- |\n| maria | 1,234,567 | 16.85 |\n| b | 8 |  |\n"
    )
    from lunarcloud.jobs.findings import Table

    drawn = terminal_table("t", Table(columns=("a", "b"), rows=(("x", 1.5), ("y", None))))
    assert [column.justify for column in drawn.columns] == ["left", "right"]
