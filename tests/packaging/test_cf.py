"""What UDUNITS and the CF checker of IOOS say of our products, in an environment of their own."""

import json
import subprocess
import venv
from pathlib import Path
from typing import Any

import pytest

from lunarcloud.engine import Cluster
from lunarcloud.synthetic import write_tiles
from lunarcloud.synthetic.gravity import write_gravity
from lunarcloud.testing.make import make

pytestmark = pytest.mark.timeout(1800)

# They need libraries that no product does, and pin others.
PACKAGES = ("cf-units>=3.3", "compliance-checker>=5.4", "netCDF4>=1.7", "xarray>=2025.1", "zarr>=3.0.8")
CHECKER = Path(__file__).with_name("check_cf.py")
TILES = [f"UI{row}{half}{lon:03d}" for row in ("03", "10") for half in "NS" for lon in range(3, 60, 6)]


@pytest.fixture(scope="module")
def products(scheduler: str, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Zarr groups of a mosaic, maps and gravity."""
    root, cluster = tmp_path_factory.mktemp("root"), Cluster(scheduler=scheduler)
    write_tiles(root / "tiles", ppd=8, product_ids=TILES)
    files = write_gravity(root / "model", lmax=24)
    mosaic = make("ingest", root, cluster, tiles=(str(root / "tiles"),), ppd=4)
    maps = make("map", root, cluster, model="qiu2025")
    asked: dict[str, Any] = {"gravity": str(files.gravity), "topography": str(files.topography), "ppd": 1}
    gravity = make("gravity", root, cluster, **asked, degrees=(6, 24), gradient_degrees=(5, 20))
    parts = ("global", "north", "south", "dh2", "features", "harmonics")
    return [
        f"{mosaic.place.url}/mosaic.zarr",
        *(f"{maps.place.url}/maps.zarr/{level}" for level in range(2)),
        *(f"{gravity.place.url}/gravity.zarr/{part}" for part in parts),
    ]


def test_units_parse_and_nothing_breaks_cf(products: list[str], tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
    found = subprocess.run([python, CHECKER, *products], check=True, stdout=subprocess.PIPE)
    said = json.loads(found.stdout)
    assert said == {url: [] for url in products}, said
