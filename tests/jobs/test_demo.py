"""The demonstration: every product, on an S3 server, readable by plain xarray."""

import json
from pathlib import Path

import pytest
import xarray as xr

from lunarcloud.storage import folder, read_catalog
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.s3_server import S3


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.mark.timeout(1800)
def test_the_whole_demo_runs_against_s3(lunarcloud: Command, s3_environment: S3, place: Path) -> None:
    words = ("demo", place, "--root", f"s3://moon/{place.name}", "--ppd", 2, "--json", "--workers", 2)
    code, out, err = lunarcloud(*words)
    assert code == 0, err
    made = json.loads(out)
    options = {
        "key": s3_environment.environment["AWS_ACCESS_KEY_ID"],
        "secret": s3_environment.environment["AWS_SECRET_ACCESS_KEY"],
        "endpoint_url": s3_environment.endpoint,
    }
    for url in (made["mosaic_url"], made["maps_url"], made["gravity_url"]):
        data = xr.open_zarr(url, storage_options=options)
        assert data.sizes["lat"] == 360
        assert "crs" in data.coords
    kinds = {entry.kind for entry in read_catalog(folder(made["root"])).entries}
    assert kinds == {"mosaic", "model", "run", "gravity"}
    near = {row["map"]: row for row in made["means"]}
    assert near["feo_equation"]["mean"] == pytest.approx(near["feo_equation"]["truth"], abs=0.5)
    assert near["feo_equation"]["prospector"] == pytest.approx(7.67, abs=0.01)
    assert near["feo_equation"]["correlation"] > 0.8
    assert near["omat"]["prospector"] is None
    assert "validates nothing" in made["notes"][0]
    gravity = xr.open_zarr(made["gravity_url"], storage_options=options)
    assert (gravity.attrs["gravity_model"], gravity.attrs["topography"]) == ("LP165P", "LDEM_4")
    assert near["al2o3_cnn"]["mean"] == pytest.approx(near["al2o3_cnn"]["truth"], abs=1.5)
