"""A run of the synthetic Moon, 4 pixels a degree, with a hole, and what is exported of it."""

from pathlib import Path

import numpy as np
import pytest

from lunarcloud.maps import Run
from lunarcloud.moon import grid
from lunarcloud.storage import Folder, folder
from lunarcloud.testing.runs import MakeRun, truth_maps


@pytest.fixture(scope="session")
def run(make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two maps in shards of 256, on two levels; FeO is missing where it is flagged."""
    on = grid(4, 256)
    maps = {name: each for name, each in truth_maps(on).items() if name in ("feo_cnn", "mg_number")}
    hole = np.zeros(on.shape, dtype=bool)
    hole[100:130, 500:700] = True
    maps["feo_cnn"] = np.where(hole, np.nan, maps["feo_cnn"])
    return make_run(on, maps, folder(tmp_path_factory.mktemp("root")), "abc", {"missing_input": hole})


@pytest.fixture(scope="session")
def root(run: Run) -> str:
    """The root that it is published under."""
    return str(Path(run.place.url).parents[1])


@pytest.fixture
def target(tmp_path: Path) -> Folder:
    """An empty folder."""
    return folder(tmp_path / "out")
