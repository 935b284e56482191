"""Process polar: candidates around a pole, stereographic maps, gravity below where there is any."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from pyproj import Transformer

from lunarcloud.engine import Cluster
from lunarcloud.errors import GeometryError, NotFoundError
from lunarcloud.moon import angular_distance, grid, kilometres
from lunarcloud.processes import Outcome
from lunarcloud.storage import folder, open_dataset
from lunarcloud.synthetic import POLAR_BASALT
from lunarcloud.testing.make import make
from lunarcloud.testing.runs import MakeRun


@pytest.fixture(scope="module")
def _coarse_cells() -> None:
    """Candidates are cells of their own size."""


def test_candidates_and_stereographic_maps_are_left(
    truth_root: str, cluster: Cluster, require_pictures: Callable[[Outcome], None]
) -> None:
    found = make("polar", truth_root, cluster, run="true", gravity=None)
    maps = xr.open_zarr(f"{found.place.url}/polar.zarr")
    assert maps["crs"].attrs["authority"] == "IAU_2015:30135"
    at_patch = maps["feo_cnn"].rio.write_crs(maps["crs"].attrs["crs_wkt"])
    to_polar = Transformer.from_crs("IAU_2015:30100", "IAU_2015:30135", always_xy=True)
    x, y = to_polar.transform(POLAR_BASALT.lon, POLAR_BASALT.lat)
    assert float(at_patch.sel(x=x, y=y, method="nearest")) == pytest.approx(POLAR_BASALT.feo, abs=0.01)
    candidates = xr.open_zarr(f"{found.place.url}/candidates.zarr")
    assert candidates.attrs["cells_in_region"] == 792_886
    points = json.loads(found.place.read("candidates.geojson"))["features"]
    assert len(points) == int(candidates["high_feo"].sum())
    assert {"cell", "feo", "mg_number", "group", "flagged"} <= points[0]["properties"].keys()
    lon, lat = np.transpose([each["geometry"]["coordinates"] for each in points])
    nearest = angular_distance(lat=lat, lon=lon, to_lat=POLAR_BASALT.lat, to_lon=POLAR_BASALT.lon)
    # Cells are 4.5 km from the next at most.
    assert kilometres(float(np.min(nearest))) < 4.5
    groups = json.loads(found.place.read("groups.geojson"))["features"]
    assert groups[0]["properties"]["rank"] == 1
    totals = found.record.card.tables["totals"]
    assert totals.rows[2][2] == pytest.approx(POLAR_BASALT.area_km2, rel=0.02)
    require_pictures(found)


def test_a_run_without_networks_is_refused(make_run: MakeRun, tmp_path: Path) -> None:
    make_run(grid(1), {"feo_equation": 8.0}, folder(tmp_path))
    with pytest.raises(NotFoundError, match="equations alone"):
        make("polar", tmp_path)


def test_pixels_too_fine_for_any_store_are_refused_before_the_run_is_read(truth_root: str) -> None:
    with pytest.raises(GeometryError, match="coarser pixels"):
        make("polar", truth_root, run="true", gravity=None, pixel_m=0.01)


def test_an_ensemble_is_drawn_by_probability(
    of_synthetic_tiles: dict[str, Outcome], require_pictures: Callable[[Outcome], None]
) -> None:
    found = of_synthetic_tiles["polar"]
    assert "high_feo_probability" in open_dataset(found.place / "candidates.zarr")
    require_pictures(found)
