"""What the tests of many rooms share: reference data and published runs."""

import bz2
import fcntl
import gzip
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeAlias

import numpy.typing as npt
import pytest
from hypothesis import settings as hypothesis_settings

from lunarcloud.maps import Run
from lunarcloud.moon import Grid, grid
from lunarcloud.storage import Folder, folder
from lunarcloud.testing.runs import MakeRun, truth_maps, write_run

pytest_plugins = ["lunarcloud.testing.fixtures"]

_TILES = Path(__file__).parent / "data" / "dim_tiles_4ppd.tar.bz2"

# Whatever fails in a test is not waited for, but where a test says so.
os.environ.setdefault("LUNARCLOUD_PATIENCE_S", "0")
os.environ.setdefault("LUNARCLOUD_BACKOFF_S", "0.01")

# The same examples everywhere, and no deadline: a slow machine is not a wrong result.
hypothesis_settings.register_profile("lunarcloud", deadline=None, derandomize=True, max_examples=40)
hypothesis_settings.load_profile("lunarcloud")

#: A folder by its name, which one process of a run of the tests has at a time.
Shared: TypeAlias = Callable[[str], AbstractContextManager[Path]]

_COMPILED = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """What one process compiles to train networks is there for all: it takes longer than to train few."""
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        config.stash[_COMPILED] = tempfile.mkdtemp(prefix="compiled-")
        os.environ["JAX_COMPILATION_CACHE_DIR"] = config.stash[_COMPILED]
        os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Nothing stays."""
    if place := config.stash.get(_COMPILED, None):
        shutil.rmtree(place)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """Folders of all processes of a run: what is published there by the first is there for the others."""
    mine = tmp_path_factory.getbasetemp()
    everyones = mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine

    @contextmanager
    def held(name: str) -> Iterator[Path]:
        place = everyones / name
        place.mkdir(exist_ok=True)
        with (place / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield place

    return held


@pytest.fixture(scope="session")
def lp_archive(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A whole Moon of 996 tiles whose oxides are Lunar Prospector's, with planted defects.

    Packed again as archives of tiles are, by gzip; bzip2 keeps it a third smaller in the repository.
    """
    path = tmp_path_factory.mktemp("tiles_lp") / "dim_tiles_4ppd.tar.gz"
    with bz2.open(_TILES) as stored, gzip.open(path, "wb", compresslevel=1) as archive:
        shutil.copyfileobj(stored, archive)
    return str(path)


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> MakeRun:
    """A published run from values in their units by map; NaN is missing."""

    def make(
        on: Grid,
        maps: Mapping[str, npt.ArrayLike],
        root: Folder | None = None,
        name: str = "abc",
        flagged: Mapping[str, npt.ArrayLike] | None = None,
    ) -> Run:
        return write_run(root or folder(tmp_path_factory.mktemp("root")), name, on, maps, flagged)

    return make


@pytest.fixture(scope="session")
def truth_root(make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A root with two runs of the synthetic Moon: ``true``, and ``other`` with FeO 0.5 wt% higher."""
    root, on = folder(tmp_path_factory.mktemp("root")), grid(4)
    maps = truth_maps(on)
    few = {name: maps[name] for name in ("feo_cnn", "tio2_cnn", "feo_equation", "tio2_equation")}
    # The first is what `latest` means.
    make_run(on, maps, root, "true")
    make_run(on, {**few, "feo_cnn": maps["feo_cnn"] + 0.5}, root, "other")
    return root.url
