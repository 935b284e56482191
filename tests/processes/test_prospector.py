"""Process prospector: a run beside Lunar Prospector's pixels."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr

from lunarcloud.engine import Cluster
from lunarcloud.moon import grid
from lunarcloud.processes import Outcome
from lunarcloud.storage import folder
from lunarcloud.testing.make import make
from lunarcloud.testing.runs import MakeRun


def test_lunar_prospector_is_compared(
    make_run: MakeRun, tmp_path: Path, cluster: Cluster, require_pictures: Callable[[Outcome], None]
) -> None:
    """FeO in pixels of 2 degrees; Al2O3, which is noise there, in pixels of 5; both with their maps."""
    feo, al2o3 = np.random.default_rng(1).gamma(3.0, 2.0, (2, *grid(1).shape))
    make_run(grid(1), {"feo_equation": feo, "al2o3_cnn": al2o3}, folder(tmp_path))
    found = make("prospector", tmp_path, cluster)
    facts = found.record.card.facts
    assert facts["2-degree pixels"] == "11306 of FeO, TiO2"
    assert facts["5-degree pixels"] == "1790 of Al2O3, CaO, MgO"
    assert "scatter" in facts["larger pixels"]
    stored = xr.open_zarr(f"{found.place.url}/prospector.zarr").load()
    assert dict(stored.sizes) == {"map": 2, "pixel": 11306 + 1790, "reason": 5}
    columns = found.record.card.tables["comparison"].columns
    assert {"mean_ours", "mean_prospector", "clipped_per_cent", "extrapolated_per_cent"} <= set(columns)
    assert stored["pixels"].sel(map=["feo_equation", "al2o3_cnn"]).values.tolist() == [11306, 1790]
    # Each in the pixels of its own table alone.
    own = {name: np.flatnonzero(stored["ours"].sel(map=name).notnull()) for name in stored["map"].values}
    assert (own["feo_equation"] < 11306).all()
    assert (own["al2o3_cnn"] >= 11306).all()
    assert found.record.card.figures == (
        "density.png",
        "scatter_feo_equation.png",
        "scatter_al2o3_cnn.png",
        "map_feo_equation.png",
        "map_al2o3_cnn.png",
    )
    require_pictures(found)


def test_a_table_that_is_named_is_the_only_one(make_run: MakeRun, tmp_path: Path, cluster: Cluster) -> None:
    make_run(grid(1), {"al2o3_cnn": 20.0}, folder(tmp_path))
    found = make("prospector", tmp_path, cluster, lpgrs="2deg")
    assert xr.open_zarr(f"{found.place.url}/prospector.zarr").sizes["pixel"] == 11306
    assert "larger pixels" not in found.record.card.facts
