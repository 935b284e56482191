"""Process compare: exact differences of two runs, networks against equations of one."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from lunarcloud.engine import Cluster
from lunarcloud.errors import NotFoundError
from lunarcloud.moon import grid
from lunarcloud.processes import Outcome
from lunarcloud.storage import folder
from lunarcloud.testing.make import dry_run, make
from lunarcloud.testing.runs import MakeRun


def test_exact_difference_maps_are_left(
    truth_root: str, cluster: Cluster, require_pictures: Callable[[Outcome], None]
) -> None:
    assert dry_run("compare", truth_root, run="other", other="true")[0].tasks == 18
    found = make("compare", truth_root, cluster, run="other", other="true")
    differences = xr.open_zarr(f"{found.place.url}/differences.zarr")
    np.testing.assert_allclose(differences["feo_cnn"], 0.5, atol=1e-9)
    assert not differences["tio2_cnn"].values.any()
    assert differences["feo_cnn"].attrs["units"] == "percent"
    assert "crs" in differences.coords
    # One picture for the map that changed, none for those that did not.
    assert found.record.card.figures == ("comparison.png", "difference_feo_cnn.png")
    require_pictures(found)
    assert len(found.record.card.tables["comparison"].rows) == 4 * 4
    assert {step.tasks for step in dry_run("compare", truth_root, run="other", other="true")} == {0}


def test_networks_are_compared_with_equations_of_one_run(truth_root: str, cluster: Cluster) -> None:
    found = make("compare", truth_root, cluster, run="other")
    assert set(found.record.given.parents) == {"run"}
    statistics = xr.open_zarr(f"{found.place.url}/statistics.zarr").sel(unit="global")
    assert float(statistics["mean_difference"].sel(pair="feo")) == pytest.approx(0.5)
    assert float(statistics["rmse"].sel(pair="tio2")) == 0.0


def test_a_run_without_networks_is_refused(
    make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = folder(tmp_path_factory.mktemp("bare"))
    make_run(grid(1), {"feo_equation": 8.0}, root)
    with pytest.raises(NotFoundError, match="equations alone"):
        make("compare", root.url)
