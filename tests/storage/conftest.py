"""A folder of each kind of store, and a small layout."""

from pathlib import Path
from uuid import uuid4

import pytest

from lunarcloud.moon import grid
from lunarcloud.storage import Bands, Folder, Layout, Variable, folder


@pytest.fixture(params=["local", "memory", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    """An empty folder on a disk, in memory, on an S3 server."""
    if request.param == "local":
        return folder(tmp_path / "store")
    if request.param == "memory":
        return folder(f"memory://{uuid4().hex}")
    request.getfixturevalue("s3_environment")
    return folder(f"s3://moon/{uuid4().hex}")


@pytest.fixture
def layout() -> Layout:
    """Two variables on a grid of 2 pixels per degree, in shards of a prime edge."""
    reflectance = Variable(
        name="reflectance",
        dtype="int16",
        fill=-32768,
        attrs={"units": "1", "scale_factor": 1.35e-4, "add_offset": 0.0},
        bands=Bands(names=("A", "B"), wavelengths_nm=(415.0, 750.0)),
    )
    feo = Variable(name="feo", dtype="uint16", fill=65535, attrs={"units": "wt%", "scale_factor": 0.001})
    return Layout(raster=grid(2, shard_edge=101), variables=(reflectance, feo))
