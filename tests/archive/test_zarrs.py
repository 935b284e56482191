"""Cubes in Zarr groups: read by chunks, in any order of axes, and refused by name."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from pyproj import CRS

from lunarcloud.archive import Wanted, instrument
from lunarcloud.archive import zarrs as zarrs_room
from lunarcloud.errors import ArchiveError
from tests.archive.cube_files import EIGHT_NM, cube_of, expected, field, read

WANTED = Wanted(instrument("kaguya-mi"))


def dataset(**renamed: str) -> xr.Dataset:
    lat, lon = 90.0 - (np.arange(360) + 0.5) / 2.0, (np.arange(720) + 0.5) / 2.0 - 180.0
    values = field(*np.meshgrid(lat, lon, indexing="ij")).astype(np.float32)
    coords: dict[str, Any] = {"lat": lat, "lon": lon, "wavelength": ("band", list(EIGHT_NM), {"units": "nm"})}
    made = xr.Dataset({"refl": (("band", "lat", "lon"), values, {"grid_mapping": "crs"})}, coords)
    made["crs"] = ((), 0, {"crs_wkt": CRS.from_user_input("IAU_2015:30100").to_wkt()})
    return made.rename(renamed)


def written(path: Path, made: xr.Dataset) -> Path:
    made.to_zarr(path / "m.zarr", mode="w", consolidated=False)
    return path / "m.zarr"


def test_a_group_is_where_its_coordinates_say(tmp_path: Path) -> None:
    turned = dataset(lat="y", lon="x").transpose("x", "band", "y").isel(y=slice(None, None, -1))
    for made in (dataset(), turned):
        image = cube_of(written(tmp_path, made), WANTED)
        found, there = read(image)
        np.testing.assert_allclose(found, expected(), atol=2.5e-4)
        assert there.all()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda made: made.drop_vars("crs"), "no coordinate reference system"),
        (
            lambda made: made.assign(other=made["refl"] * 2),
            "arrays of bands, rows and columns: other, refl; one",
        ),
        (lambda made: made[["crs"]], "arrays of bands, rows and columns: none"),
        (lambda made: made.rename(lat="row"), "has dimensions band, row, lon"),
        (lambda made: made.drop_vars("wavelength"), "does not say the wavelengths of its 8 bands"),
        (lambda made: made.drop_vars("lat"), "has no coordinates along y"),
        (lambda made: made.isel(lat=[0, 1, 5]), "the pixels along y are not equally spaced"),
        (lambda made: made.assign_coords(lat=made["lat"] * 30e3), "they may be metres"),
    ],
)
def test_a_group_that_cannot_be_used_is_refused_by_what_is_wrong(
    tmp_path: Path, change: Any, reason: str
) -> None:
    with pytest.raises(ArchiveError, match=reason):
        cube_of(written(tmp_path, change(dataset())), WANTED)


def test_chunks_that_do_not_fit_in_memory_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zarrs_room, "PIECE_BYTES", 1000)
    with pytest.raises(ArchiveError, match=r"chunks of \d+ x \d+ x \d+ numbers are .* write it in smaller"):
        cube_of(written(tmp_path, dataset()), WANTED)


def test_another_content_is_another_digest(tmp_path: Path) -> None:
    made = dataset()
    first = cube_of(written(tmp_path, made), WANTED).label_digest
    made["refl"][0, 0, 0] = 0.3
    assert cube_of(written(tmp_path, made), WANTED).label_digest != first
