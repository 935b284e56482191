"""The Python API: verbs give lazy xarray objects with units and reference system."""

from pathlib import Path

import dask.array
import pytest
import xarray as xr

import lunarcloud as lc
from lunarcloud.engine import Cluster
from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.synthetic import write_tiles


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory, scheduler: str) -> tuple[str, xr.Dataset, xr.Dataset]:
    """A root with a mosaic of two tiles and the published equations' maps of it."""
    place = tmp_path_factory.mktemp("api")
    write_tiles(place / "tiles", ppd=8, product_ids=["UI03N003", "UI03S183"])
    cluster = Cluster(scheduler=scheduler)
    root = str(place / "root")
    mosaic = lc.ingest(str(place / "tiles"), root=root, ppd=6, cluster=cluster)
    maps = lc.map(root=root, model="qiu2025", cluster=cluster)
    return root, mosaic, maps


def test_verbs_return_lazy_datasets(mapped: tuple[str, xr.Dataset, xr.Dataset]) -> None:
    _, mosaic, maps = mapped
    assert isinstance(mosaic["reflectance"].data, dask.array.Array)
    assert maps["feo_equation"].attrs["units"] == "wt%"
    assert maps["feo_equation"].rio.crs is not None


def test_what_is_published_opens_by_name_and_level(mapped: tuple[str, xr.Dataset, xr.Dataset]) -> None:
    root, mosaic, maps = mapped
    assert lc.open_mosaic(root).identical(mosaic)
    assert lc.open_maps(root).identical(maps)
    assert lc.open_maps(root, level=1).sizes["lat"] == maps.sizes["lat"] // 2


def test_a_level_or_run_that_is_not_there_is_said(mapped: tuple[str, xr.Dataset, xr.Dataset]) -> None:
    root, *_ = mapped
    with pytest.raises(NotFoundError, match="levels 0 to"):
        lc.open_maps(root, level=9)
    with pytest.raises(NotFoundError, match="zzz"):
        lc.open_maps(root, run="zzz")


def test_an_unknown_input_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="resolution"):
        lc.ingest("tiles", root=str(tmp_path), ppd=4, resolution=3)


def test_everything_promised_is_there() -> None:
    assert all(callable(getattr(lc, name)) for name in lc.__all__)
