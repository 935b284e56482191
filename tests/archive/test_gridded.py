"""Gridded maps of others, whatever they are stored as."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr
from affine import Affine

from lunarcloud.archive.gridded import Gridded
from lunarcloud.errors import ArchiveError, GeometryError, InputError
from lunarcloud.moon import RADIUS_M, FloatArray, lunar_crs
from tests.planted import Planted

# A degree a pixel; the value tells the pixel, and the one at 45 N, 90 E is missing.
LAT, LON = 89.5 - np.arange(180.0), np.arange(360.0) - 179.5
VALUES = np.round(10.0 + LAT[:, None] / 20.0 + LON[None, :] / 1000.0, 4)
VALUES[45, 269] = np.nan
M_PER_DEGREE = np.radians(1.0) * RADIUS_M


def _tiff(path: Path, crs: str, pixel: float, west: float, north: float, values: FloatArray) -> str:
    transform = Affine(pixel, 0, west, 0, -pixel, north)
    with rasterio.open(
        path, "w", "GTiff", 360, 180, 1, lunar_crs(crs).to_wkt(), transform, "float64", -9999.0
    ) as stored:
        stored.write(np.where(np.isnan(values), -9999.0, values), 1)
    return str(path)


def _degrees(at: Path) -> Gridded:
    return Gridded(_tiff(at / "a.tif", "IAU_2015:30100", 1.0, -180.0, 90.0, VALUES))


def _metres(at: Path) -> Gridded:
    edge = 180 * M_PER_DEGREE
    return Gridded(_tiff(at / "a.tif", "IAU_2015:30110", M_PER_DEGREE, -edge, edge / 2, VALUES))


def _zarr(at: Path) -> Gridded:
    """South first and from 0 to 360, as many are."""
    turned = xr.DataArray(
        np.roll(VALUES, 180, axis=1)[::-1],
        coords={"latitude": LAT[::-1], "longitude": np.arange(360.0) + 0.5},
        dims=("latitude", "longitude"),
    )
    xr.Dataset({"feo": turned, "error": 0.1 * turned}).to_zarr(at / "a.zarr", consolidated=False)
    return Gridded(str(at / "a.zarr"), "feo")


def _matrix(at: Path) -> Gridded:
    np.savetxt(at / "a.csv", VALUES, delimiter=",", fmt="%.4f")
    return Gridded(str(at / "a.csv"))


def _table(at: Path) -> Gridded:
    lat, lon = np.meshgrid(LAT, LON, indexing="ij")
    pd.DataFrame({"lat": lat.ravel(), "lon": lon.ravel(), "feo": VALUES.ravel()}).to_csv(
        at / "a.csv", index=False
    )
    return Gridded(str(at / "a.csv"))


@pytest.mark.parametrize("write", [_degrees, _metres, _zarr, _matrix, _table])
def test_a_position_has_the_value_of_its_pixel(write: Callable[[Path], Gridded], tmp_path: Path) -> None:
    lat = np.array([[89.9, -89.9, 0.2], [-0.2, 44.5, 30.3]])
    lon = np.array([[-179.9, 179.9, 0.3], [-0.3, 89.5, -70.4]])
    wanted = [[VALUES[0, 0], VALUES[179, 359], VALUES[89, 180]], [VALUES[90, 179], np.nan, VALUES[59, 109]]]
    assert write(tmp_path).at(lat, lon) == pytest.approx(np.array(wanted), nan_ok=True)


def test_beyond_a_regional_map_there_is_nothing(tmp_path: Path) -> None:
    part = xr.DataArray(np.full((10, 20), 7.0), {"lat": 9.5 - np.arange(10), "lon": 0.5 + np.arange(20)})
    part.rename("feo").to_dataset().to_zarr(tmp_path / "a.zarr", consolidated=False)
    found = Gridded(str(tmp_path / "a.zarr")).at(np.array([5.0, 11.0, 5.0]), np.array([5.0, 5.0, -1.0]))
    assert found == pytest.approx([7.0, np.nan, np.nan], nan_ok=True)


def test_what_cannot_be_placed_on_the_moon_is_refused(tmp_path: Path) -> None:
    somewhere = np.zeros(1)
    earth = rasterio.open(
        tmp_path / "e.tif", "w", "GTiff", 4, 2, 1, "EPSG:4326", Affine(90, 0, -180, 0, -90, 90), "float32"
    )
    earth.close()
    with pytest.raises(GeometryError, match="not of the Moon"):
        Gridded(str(tmp_path / "e.tif")).at(somewhere, somewhere)
    np.savetxt(tmp_path / "a.csv", np.zeros((3, 5)), delimiter=",")
    with pytest.raises(InputError, match="3 x 5 numbers are not the whole Moon"):
        Gridded(str(tmp_path / "a.csv")).at(somewhere, somewhere)
    _zarr(tmp_path)
    with pytest.raises(InputError, match="has error, feo: which one is it"):
        Gridded(str(tmp_path / "a.zarr")).at(somewhere, somewhere)


def test_metres_in_the_place_of_degrees_are_refused_by_name(tmp_path: Path) -> None:
    edge = 180 * M_PER_DEGREE
    _tiff(tmp_path / "a.tif", "IAU_2015:30100", M_PER_DEGREE, -edge, edge / 2, VALUES)
    with pytest.raises(InputError, match=r"that are no degrees .*: they may be metres") as refused:
        Gridded(str(tmp_path / "a.tif")).require_placed()
    assert refused.value.exit_code == 2


def test_swapped_latitudes_and_longitudes_are_refused_by_name(tmp_path: Path) -> None:
    lat, lon = np.meshgrid(LAT[::20], LON[::20], indexing="ij")
    swapped = pd.DataFrame({"lat": lon.ravel(), "lon": lat.ravel(), "feo": 7.0})
    swapped.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InputError, match="latitudes and longitudes are swapped"):
        Gridded(str(tmp_path / "a.csv")).require_placed()


def test_positions_all_over_the_place_are_no_grid(tmp_path: Path) -> None:
    place = np.linspace(-80.0, 80.0, 1000)
    pd.DataFrame({"lat": place, "lon": place, "feo": place}).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InputError, match="1000 rows are no grid: they have 1000000 pairs"):
        Gridded(str(tmp_path / "a.csv")).at(np.zeros(1), np.zeros(1))


def test_more_pixels_at_once_than_memory_holds_are_refused(tmp_path: Path) -> None:
    place, size = Affine(0.003, 0, -180, 0, -0.003, 90), {"height": 60000, "width": 120000, "count": 1}
    options = {"crs": lunar_crs("IAU_2015:30100").to_wkt(), "sparse_ok": True, "tiled": True}
    with rasterio.open(tmp_path / "a.tif", "w", "GTiff", transform=place, dtype="uint8", **size, **options):
        pass
    found = Gridded(str(tmp_path / "a.tif"))
    assert found.at(np.array([1.0, 2.0]), np.array([1.0, 2.0])).tolist() == [0.0, 0.0]
    with pytest.raises(InputError, match=r"pixels at once are more than 4096 MiB"):
        found.at(np.array([-89.0, 89.0]), np.array([-179.0, 179.0]))


def test_the_digest_is_of_the_content(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for place in (first, second):
        place.mkdir()
    assert _zarr(first).digest() == _zarr(second).digest() != _matrix(first).digest()


@pytest.mark.parametrize(
    ("dtype", "filters", "compressor"),
    [
        ("|O", [{"id": "vlen-utf8"}, {"id": "pickle"}], None),
        ("|O", [{"id": "pickle"}], None),
        ("<f8", None, {"id": "pickle"}),
    ],
)
def test_a_pickle_in_a_zarr_group_is_not_unpickled(
    tmp_path: Path, dtype: str, filters: object, compressor: object
) -> None:
    place, mark = tmp_path / "a.zarr", tmp_path / "unpickled"
    (place / "lat").mkdir(parents=True)
    (place / ".zgroup").write_text('{"zarr_format": 2}')
    # A coordinate: it is read when the group is opened.
    array = {"zarr_format": 2, "shape": [2], "chunks": [2], "fill_value": None, "order": "C"}
    array |= {"dtype": dtype, "filters": filters, "compressor": compressor}
    escaped = json.dumps(array).replace("pickle", "\\u0070ickle")
    (place / "lat" / ".zarray").write_text(escaped)
    (place / "lat" / ".zattrs").write_text('{"_ARRAY_DIMENSIONS": ["lat"]}')
    (place / "lat" / "0").write_bytes(pickle.dumps(Planted(mark)))
    with pytest.raises(ArchiveError, match="arrays of pickled objects are not read"):
        Gridded(str(place)).at(np.zeros(1), np.zeros(1))
    assert not mark.exists()
    pickle.loads(pickle.dumps(Planted(mark)))  # noqa: S301 - ours: what would have happened
    assert mark.exists()
