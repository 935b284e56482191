"""netCDF holds a region's maps in their units, for xarray and for GDAL."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr

from lunarcloud.errors import InputError
from lunarcloud.exports.netcdf import write_netcdf
from lunarcloud.exports.rasters import Stored, box_named
from lunarcloud.fetching import Box
from lunarcloud.maps import Run
from lunarcloud.storage import Folder

NAMES = ("feo_cnn", "quality")


def write(run: Run, target: Folder, box: Box | None) -> str:
    size = write_netcdf(target, "a.nc", Stored(run.store / "0"), NAMES, box, {"source": "us"})
    assert Path(target.url, "a.nc").stat().st_size == size
    return f"{target.url}/a.nc"


def test_xarray_reads_the_regions_own_values(run: Run, target: Folder) -> None:
    found = xr.open_dataset(write(run, target, box_named("Mare Tranquillitatis")), engine="scipy")
    expected = run.open()[list(NAMES)].sel(lat=found["lat"], lon=found["lon"])
    np.testing.assert_array_equal(found["feo_cnn"], expected["feo_cnn"])
    np.testing.assert_array_equal(found["quality"], expected["quality"])
    assert found["feo_cnn"].attrs["units"] == "percent"
    assert "missing_input" in found["quality"].attrs["flag_meanings"]
    assert found.attrs["source"] == "us"


def test_flags_that_are_left_behind_are_not_pointed_to(run: Run, target: Folder) -> None:
    write_netcdf(target, "a.nc", Stored(run.store / "0"), ["feo_cnn"], box_named("Tycho"), {})
    alone = xr.open_dataset(f"{target.url}/a.nc", engine="scipy")
    both = xr.open_dataset(write(run, target, box_named("Tycho")), engine="scipy")
    assert "ancillary_variables" not in alone["feo_cnn"].attrs
    assert both["feo_cnn"].attrs["ancillary_variables"] == "quality"


def test_longitudes_rise_across_the_seam(run: Run, target: Folder) -> None:
    found = xr.open_dataset(write(run, target, box_named("-10,170,10,190")), engine="scipy")
    np.testing.assert_array_equal(found["lon"], 170.125 + 0.25 * np.arange(80))
    whole = run.open()["feo_cnn"].values[320:400]
    np.testing.assert_array_equal(found["feo_cnn"], np.hstack([whole[:, -40:], whole[:, :40]]))


def test_gdal_places_it_on_the_moon(run: Run, target: Folder) -> None:
    path = write(run, target, box_named("Tycho"))
    with rasterio.open(f"netcdf:{path}:feo_cnn") as image:
        assert "1737400" in image.crs.to_wkt()
        assert image.bounds.left < -11.22 < image.bounds.right
        assert image.bounds.bottom < -43.3 < image.bounds.top


def test_what_is_too_much_is_refused(run: Run, target: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lunarcloud.exports.netcdf._MOST_BYTES", 1 << 20)
    with pytest.raises(InputError, match="too much for netCDF; give --region"):
        write(run, target, None)
    assert target.keys() == []
