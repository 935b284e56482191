"""The demonstration: every product, on an S3 server, readable by plain xarray."""

import json
from typing import Any

import pytest
import xarray as xr

from lunarcloud.lineage import open_root
from lunarcloud.testing.s3_server import S3
from lunarcloud.testing.traced import Traced

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture
def made(traced_demo: Traced) -> dict[str, Any]:
    """What the demonstration says of itself."""
    said: dict[str, Any] = json.loads(traced_demo.printed)
    return said


@pytest.fixture
def options(s3_environment: S3) -> dict[str, str]:
    """How anybody's xarray reaches the server."""
    return {
        "key": s3_environment.environment["AWS_ACCESS_KEY_ID"],
        "secret": s3_environment.environment["AWS_SECRET_ACCESS_KEY"],
        "endpoint_url": s3_environment.endpoint,
    }


def test_plain_xarray_opens_every_product_on_s3(made: dict[str, Any], options: dict[str, str]) -> None:
    opened = {what: xr.open_zarr(url, storage_options=options) for what, url in made["opens"].items()}
    assert opened.keys() == {"mosaic", "maps", "gravity"}
    for data in opened.values():
        assert data.sizes["lat"] == 360
        assert "crs" in data.coords
    gravity = opened["gravity"].attrs
    assert (gravity["gravity_model"], gravity["topography"]) == ("LP165P", "LDEM_4")


@pytest.mark.usefixtures("s3_environment")
def test_there_is_a_record_of_every_kind(made: dict[str, Any]) -> None:
    kinds = {entry.ref.kind for entry in open_root(made["root"]).catalog().records}
    findings = {"statistics", "comparisons", "polar", "provenance"}
    assert kinds == {"mosaics", "stations", "models", "runs", "gravity", *findings}


def test_means_are_those_of_the_truth_and_of_lunar_prospector(made: dict[str, Any]) -> None:
    near = {row["map"]: row for row in made["means"]}
    assert near["feo_equation"]["mean"] == pytest.approx(near["feo_equation"]["truth"], abs=0.5)
    assert near["feo_equation"]["prospector"] == pytest.approx(7.67, abs=0.01)
    assert near["feo_equation"]["correlation"] > 0.8
    assert near["omat"]["prospector"] is None
    assert near["al2o3_cnn"]["mean"] == pytest.approx(near["al2o3_cnn"]["truth"], abs=1.5)
    assert "validates nothing" in made["notes"][0]
