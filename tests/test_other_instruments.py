"""Mosaics of other cameras, under one root with Clementine's: ingested, fitted to, mapped, compared."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import xarray as xr
from matplotlib.image import imread

from lunarcloud import api
from lunarcloud.archive import instrument
from lunarcloud.archive.cubes import STEP
from lunarcloud.engine import Cluster
from lunarcloud.errors import InputError
from lunarcloud.lineage import open_root
from lunarcloud.moon import grid
from lunarcloud.processes import Outcome
from lunarcloud.synthetic import (
    reflectance,
    station_table,
    synthetic_spectra,
    truth,
    write_map_tiles,
    write_tiles,
)
from lunarcloud.testing.fixtures import sketching
from lunarcloud.testing.make import make
from tests.archive.cube_files import write_array

pytestmark = pytest.mark.usefixtures("coarse_cells_on_workers")

#: Of Clementine, some of the equator, the poles, and all of the map's outer units.
SOME = [f"UI{row}{half}{lon:03d}" for row in ("03", "10", "17") for half in "NS" for lon in range(3, 120, 6)]
KAGUYA = instrument("kaguya-mi")


class Both(NamedTuple):
    """A root with both, and what was made of them."""

    root: Path
    ingested: Outcome
    fitted: Outcome
    mapped: Outcome
    compared: Outcome


@pytest.fixture(scope="module")
def both(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Both:
    """Kaguya's eight bands at 2 pixels per degree and Clementine's five at 3."""
    place = tmp_path_factory.mktemp("both")
    root = place / "root"
    write_tiles(place / "clementine", ppd=4, product_ids=SOME)
    write_map_tiles(place / "kaguya", ppd=3)
    columns = ["site", "lat", "lon", "feo", "tio2"]
    station_table(24)[columns].to_csv(place / "stations.csv", index=False)
    make("ingest", root, cluster, tiles=(str(place / "clementine"),), ppd=3)
    clementine = make("map", root, cluster, model="qiu2025")
    kaguya = make("ingest", root, cluster, tiles=(str(place / "kaguya"),), ppd=2, instrument="kaguya-mi")
    mosaic = kaguya.record.ref.id
    with sketching():
        fitted = make(
            "fit", root, cluster, stations=str(place / "stations.csv"), mosaic=mosaic, equations_only=True
        )
    mapped = make("map", root, cluster, mosaic=mosaic, model=fitted.record.ref.id)
    compared = make("compare", root, cluster, run=clementine.record.ref.id, other=mapped.record.ref.id)
    return Both(root, kaguya, fitted, mapped, compared)


def test_eight_bands_are_chosen_of_nine_by_wavelength_and_keep_the_archives_scaling(both: Both) -> None:
    mosaic = api.open_mosaic(both.root, mosaic=both.ingested.record.ref.id)["reflectance"]
    assert mosaic["wavelength"].values.tolist() == list(KAGUYA.wavelengths_nm)
    at = {"lat": 12.25, "lon": 40.25}
    # The tile's pixel that holds the centre has its own centre, a sixth of a degree at most away.
    near = {axis: (np.floor(3 * value) + 0.5) / 3 for axis, value in at.items()}
    five = reflectance(truth(lat=np.array([near["lat"]]), lon=np.array([near["lon"]]), seed=0))[:, 0]
    found = mosaic.sel(at, method="nearest").values
    np.testing.assert_allclose(found[:5], five, atol=1.001e-5)  # half a step of 2e-5
    assert both.ingested.record.card.missing_tiles == ()
    assert both.ingested.record.given.notes == ("SYNTHETIC MOON; NOT KAGUYA DATA",)


def test_a_model_fitted_to_eight_bands_maps_the_true_iron(both: Both) -> None:
    assert both.fitted.record.card.equations.wavelengths_nm == KAGUYA.wavelengths_nm
    maps = api.open_maps(both.root, run=both.mapped.record.ref.id).load()
    lat, lon = np.meshgrid(maps["lat"], maps["lon"], indexing="ij")
    true = truth(lat=lat, lon=lon, seed=0)
    # The equations' inverse made these spectra; a pixel is up to a sixth of a degree off its centre.
    assert np.nanmedian(np.abs(maps["feo_equation"].values - true.feo)) < 0.3
    assert np.nanmedian(np.abs(maps["tio2_equation"].values - true.tio2)) < 0.3


def test_both_are_compared_on_the_coarser_grid_with_a_figure(both: Both) -> None:
    statistics = xr.open_zarr(f"{both.compared.place.url}/statistics.zarr").sel(unit="global")
    assert both.compared.record.card.facts["grid"].startswith("2 pixels per degree")
    assert str(both.compared.record.card.facts["difference"]).startswith("Clementine ")
    differences = xr.open_zarr(f"{both.compared.place.url}/differences.zarr")
    assert differences["feo_equation"].shape == (360, 720)
    assert float(statistics["rmse"].sel(pair="feo_equation")) < 1.0
    assert float(statistics["correlation"].sel(pair="feo_equation")) > 0.97
    picture = imread(f"{both.compared.place.url}/comparison.png")
    assert picture[..., :3].std() > 0.05


def test_a_model_of_one_camera_is_refused_for_the_mosaic_of_another(both: Both) -> None:
    with pytest.raises(InputError, match=r"qiu2025 was made for bands at .* Kaguya MI has"):
        make("map", both.root, mosaic=both.ingested.record.ref.id, model="qiu2025")


def test_a_spectrometers_cube_has_its_tables_bands_and_iron_is_fitted_without_a_blue_one(
    both: Both, cluster: Cluster
) -> None:
    lat, lon = grid(2).lat(), grid(2).lon()
    cube = synthetic_spectra()(lat, lon)[[7, 1, 2, 3]].astype(np.float32)
    write_array(both.root.parent / "m3.tif", cube, "IAU_2015:30100", 0.5, (-180.0, 90.0))
    table = both.root.parent / "m3.csv"
    table.write_text("band,wavelength_nm,name\n2,750.4,M750\n4,950.1,M950\n1,1548.9,M1549\n")
    tiles = (str(both.root.parent / "m3.tif"),)
    made = make("ingest", both.root, cluster, tiles=tiles, ppd=2, instrument="m3", bands=str(table)).record
    mosaic = api.open_mosaic(both.root, mosaic=made.ref.id)["reflectance"]
    assert mosaic["wavelength"].values.tolist() == [750.4, 950.1, 1548.9]
    assert mosaic["band"].attrs["filters"] == "M750 M950 M1549"
    # Numbers that were made anew: half a step.
    np.testing.assert_allclose(mosaic.values, cube[[1, 3, 0]], atol=STEP / 2 + 1e-8)
    stations = str(both.root.parent / "stations.csv")
    with sketching():
        fitted = make(
            "fit", both.root, cluster, stations=stations, mosaic=made.ref.id, equations_only=True
        ).record.card.equations
    assert fitted.iron is not None
    assert fitted.titanium is None
    # What was first of its kind stays what `latest` means.
    assert open_root(both.root).find("mosaics").facts["ppd"] == "3"


def test_bands_without_an_instrument_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--instrument says whose"):
        make("ingest", tmp_path, tiles=("x",), ppd=1, bands="b.csv")
    with pytest.raises(
        InputError, match="unknown instrument 'kaguya': there are clementine-uvvis, kaguya-mi"
    ):
        make("ingest", tmp_path, tiles=("x",), ppd=1, instrument="kaguya")
