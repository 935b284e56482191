"""Other people's settings: importing and using us leaves those of zarr, dask and matplotlib as they were."""

import subprocess
import sys

_PROGRAM = """
import importlib, json, pkgutil
import dask, matplotlib, zarr

def configurations():
    found = zarr.config.config, dask.config.config, dict(matplotlib.rcParams)
    return [json.dumps(each, sort_keys=True, default=str) for each in found]

# These add their own defaults when they are loaded.
import distributed, cartopy.crs, rioxarray, xarray
before = configurations()
import lunarcloud
for module in pkgutil.walk_packages(lunarcloud.__path__, "lunarcloud."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""

_USE = """
import numpy as np
from lunarcloud.moon import grid
from lunarcloud.storage import Group, Layout, Ledger, Variable, folder
layout = Layout(raster=grid(1, 100), variables=(Variable(name="feo", dtype="uint16", fill=65535),))
place = folder("memory://settings")
group = Group(place / "g", layout, Ledger(place / "l"))
for shard in group.missing():
    group.write(shard, {"feo": np.ones(layout.raster.window(shard).shape, np.uint16)})
group.finish({})
group.open().load()
"""


def _changed(program: str) -> list[str]:
    """Which of the three configurations a program changes."""
    names = '["zarr", "dask", "matplotlib"]'
    told = f"print([name for name, a, b in zip({names}, before, configurations()) if a != b])"
    words = [sys.executable, "-W", "ignore", "-c", program + told]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1:]


def test_importing_every_module_changes_no_configuration() -> None:
    assert _changed(_PROGRAM) == ["[]"]


def test_writing_and_reading_shards_changes_no_configuration() -> None:
    assert _changed(_PROGRAM.partition("import lunarcloud\n")[0] + _USE) == ["[]"]
