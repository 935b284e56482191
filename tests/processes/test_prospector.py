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
    values = np.random.default_rng(1).gamma(3.0, 2.0, grid(1).shape)
    make_run(grid(1), {"feo_equation": values}, folder(tmp_path))
    found = make("prospector", tmp_path, cluster)
    assert found.record.card.facts == {"pixels": 1790, "table": "5deg"}
    assert xr.open_zarr(f"{found.place.url}/prospector.zarr").sizes == {"map": 1, "pixel": 1790}
    assert found.record.card.figures == ("scatter.png", "map_feo_equation.png")
    require_pictures(found)
