"""Action export: what was asked for, in every form, or an error before anything is written."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr

from lunarcloud import api
from lunarcloud.engine import Cluster
from lunarcloud.errors import InputError, LunarcloudError
from lunarcloud.moon import grid
from lunarcloud.processes.export import Exported
from lunarcloud.storage import folder
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.make import act, make
from lunarcloud.testing.runs import MakeRun, truth_maps


@pytest.fixture(scope="module")
def root(make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("root")
    maps = {name: each for name, each in truth_maps(grid(4)).items() if name in ("feo_cnn", "mg_number")}
    make_run(grid(4), maps, folder(place))
    make("stations", place)
    return str(place)


def names(found: Exported) -> list[str]:
    return [Path(each.url).name for each in found.files]


def test_every_form_at_once_says_what_was_written(root: str, tmp_path: Path) -> None:
    places: dict[str, Any] = {form: str(tmp_path / form) for form in ("cog", "netcdf", "pds4")}
    found: Exported = act("export", root, maps="feo_cnn, quality", region="Tycho", cog=places["cog"])
    assert names(found) == ["feo_cnn.tif", "quality.tif"]
    assert [each.bytes for each in found.files] == [Path(each.url).stat().st_size for each in found.files]
    found = act("export", root, maps=("feo_cnn",), colours=True, **places)
    assert names(found) == ["feo_cnn.tif", "feo_cnn.qml", "maps.nc", "feo_cnn.tif", "feo_cnn.xml"]
    assert found.record == "runs/abc"
    with rasterio.open(found.files[0].url) as image:
        assert image.units == ("wt%",)
        assert "doi 10.1038" in image.tags()["references"]
    assert xr.open_dataset(found.files[2].url, engine="scipy").attrs["record"] == "runs/abc"


def test_a_coarser_level_is_the_stored_one(root: str, tmp_path: Path) -> None:
    act("export", root, maps="mg_number", level=1, cog=str(tmp_path))
    with rasterio.open(tmp_path / "mg_number.tif") as image:
        expected = api.open_maps(root, level=1)["mg_number"].values
        np.testing.assert_allclose(image.read(1), expected, atol=1e-6)


def test_tables_of_any_record(root: str, tmp_path: Path) -> None:
    assert names(act("export", root, record="stations", tables=str(tmp_path))) == [
        "stations.csv",
        "stations.geojson",
    ]


def test_gravity_comes_with_its_own_poles_and_projected_from_the_whole(
    tmp_path: Path, cluster: Cluster
) -> None:
    from lunarcloud.synthetic.gravity import write_gravity

    files = write_gravity(tmp_path, lmax=10)
    wanted: dict[str, Any] = {"ppd": 1, "degrees": (2, 10), "gradient_degrees": (2, 10)}
    make(
        "gravity",
        tmp_path / "root",
        cluster,
        gravity=str(files.gravity),
        topography=str(files.topography),
        **wanted,
    )
    asked: dict[str, Any] = {"record": "gravity", "maps": "bouguer_anomaly", "cog": str(tmp_path / "out")}
    every = act("export", tmp_path / "root", **asked)
    assert names(every) == [f"bouguer_anomaly{part}.tif" for part in ("", "_north", "_south")]
    with rasterio.open(every.files[2].url) as south:
        place = tmp_path / "root" / every.record
        gravity = xr.open_zarr(f"{place}/gravity.zarr/global", chunks=None)["bouguer_anomaly"]
        near = gravity.sel(lat=-89.5, lon=0.5).item()
        assert south.units == ("mGal",)
        assert next(south.sample([(100.0, 100.0)]))[0] == pytest.approx(near, abs=20.0)
    projected = act("export", tmp_path / "root", **asked, crs="IAU_2015:30135")
    assert names(projected) == ["bouguer_anomaly.tif"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "at least one of --cog, --netcdf, --pds4, --tables"),
        ({"cog": "a", "pds4": "a"}, "give two folders"),
        ({"cog": "memory://a"}, "memory:// ends with the command"),
        ({"netcdf": "a", "crs": "IAU_2015:30135"}, "only COGs are projected"),
        ({"tables": "a", "colours": True}, "go beside COGs"),
        ({"pds4": "a", "region": "Tycho"}, "--pds4 writes whole maps"),
        ({"pds4": "a", "maps": "quality"}, "only maps with a unit"),
        ({"cog": "a", "maps": "sio2_cnn"}, "no map 'sio2_cnn', only feo_cnn"),
        ({"cog": "a", "level": 9}, "has levels 0 to"),
        ({"cog": "a", "region": "Atlantis"}, "no feature 'Atlantis'"),
        ({"cog": "a", "region": "-3000,0,3000,9000"}, "are these metres?"),
        ({"cog": "a", "region": "100,-10,120,10"}, "are latitudes and longitudes swapped?"),
        ({"cog": "a", "crs": "IAU_2015:49900"}, "'Mars .* is not of the Moon"),
        ({"cog": "a", "crs": "EPSG:3857"}, "is not of the Moon"),
        ({"cog": "a", "crs": "IAU_2015:1"}, "unknown coordinate reference system"),
        ({"cog": "a", "record": "stations"}, "has no maps to export; --tables"),
        ({"pds4": "a", "record": "stations"}, "only maps of runs"),
        ({"tables": "a"}, "has no tables to export; --cog"),
    ],
)
def test_what_cannot_be_exported_is_refused_and_nothing_written(
    root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LunarcloudError, match=message) as refused:
        act("export", root, **asked)
    assert isinstance(refused.value, InputError)
    assert refused.value.exit_code == 2
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.parametrize("form", ["--cog", "--netcdf"])
def test_a_lost_shard_is_not_exported_as_missing_pixels(
    root: str, tmp_path: Path, lunarcloud: Command, form: str
) -> None:
    shutil.copytree(root, tmp_path / "root")
    (tmp_path / "root/runs/abc/maps.zarr/0/feo_cnn/c/0/0").unlink()
    words = ("export", "--root", tmp_path / "root", "--maps", "feo_cnn", form, tmp_path / "out")
    code, _, told = lunarcloud(*words)
    assert code == 2
    assert "maps.zarr/0/feo_cnn/c/0/0: this object was stored, but it is not there" in told
    assert "`lunarcloud repair runs/abc`" in told
    assert not list((tmp_path / "out").glob("*"))


def test_the_command_says_where_the_files_are(root: str, tmp_path: Path, lunarcloud: Command) -> None:
    code, out, err = lunarcloud("export", "--root", root, "--maps", "feo_cnn", "--cog", str(tmp_path))
    assert code == 0, err
    assert str(tmp_path / "feo_cnn.tif") in out
