"""A folder of each kind of store, and a small layout."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from lunarcloud.config import settings
from lunarcloud.moon import grid
from lunarcloud.storage import Bands, Folder, Layout, Variable, folder
from lunarcloud.testing.faulty_proxy import Faults, faulty_proxy
from lunarcloud.testing.s3_server import S3, reconnect


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
def faults(s3_environment: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faults]:
    """What stands between this process and S3."""
    with faulty_proxy(s3_environment.endpoint, silence_s=0.6) as found:
        for name, value in {"LUNARCLOUD_TIMEOUT_S": "0.4", "LUNARCLOUD_BACKOFF_S": "0.02"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_ENDPOINT_URL", found.endpoint)
        settings.cache_clear()
        reconnect()
        yield found
    monkeypatch.undo()
    settings.cache_clear()
    reconnect()


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
