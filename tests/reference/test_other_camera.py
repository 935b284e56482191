"""The Moon of the reference tiles as Kaguya would have seen it: fitted to eight bands, mapped, compared."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.image import imread

from lunarcloud import api
from lunarcloud.archive import MISSING, find_tiles
from lunarcloud.engine import Cluster
from lunarcloud.moon import FloatArray, grid
from lunarcloud.mosaic.resample import resample
from lunarcloud.synthetic import Spectra, infrared, write_map_tiles
from lunarcloud.testing.make import make


@pytest.fixture(scope="module")
def archive(data: Path) -> str:
    return str(data / "tiles_lp" / "dim_tiles_4ppd.tar.gz")


@pytest.fixture(scope="module")
def seen(archive: str) -> Spectra:
    """Eight bands of the tiles' five, of the pixel that holds a position."""
    on = grid(4)
    tiles = find_tiles(archive).tiles
    dn, _ = resample(on, on.whole, tiles)
    five = np.where(dn == MISSING, np.nan, dn * tiles[0].scaling_factor)

    def spectra(lat: FloatArray, lon: FloatArray) -> FloatArray:
        at = on.pixel(lat=lat, lon=lon)
        found = five[:, at.row[:, None], at.col[None, :]]
        return np.concatenate([found, infrared(found)])

    return spectra


def test_a_kaguya_like_mosaic_is_fitted_mapped_and_compared_with_clementines(
    data: Path, archive: str, seen: Spectra, cluster: Cluster, tmp_path: Path
) -> None:
    """Spectra carry Lunar Prospector's FeO and TiO2: both cameras' maps must give them back."""
    write_map_tiles(tmp_path / "tiles", ppd=5, spectra=seen)
    table = pd.read_csv(data / "lpgrs" / "lpgrs_elements_2deg.csv")
    places = table[table["lat"].abs() < 70].iloc[::200]
    stations = places.rename(columns={"FeO": "feo", "TiO2": "tio2"})[["lat", "lon", "feo", "tio2"]]
    stations.insert(0, "site", [f"Lunar Prospector - {number}" for number in range(len(stations))])
    stations.to_csv(tmp_path / "stations.csv", index=False)
    root = tmp_path / "root"
    make("ingest", root, cluster, tiles=(archive,), ppd=4)
    clementine = make("map", root, cluster, model="qiu2025").record.ref.id
    tiles = (str(tmp_path / "tiles"),)
    mosaic = make("ingest", root, cluster, tiles=tiles, ppd=3, instrument="kaguya-mi").record.ref.id
    model = make("fit", root, cluster, stations=str(tmp_path / "stations.csv"), mosaic=mosaic, seeds=1)
    kaguya = make("map", root, cluster, mosaic=mosaic, model=model.record.ref.id).record.ref.id
    found = make("compare", root, cluster, run=clementine, other=kaguya)
    statistics = xr.open_zarr(f"{found.place.url}/statistics.zarr").sel(unit="global")
    # Fitted to Lunar Prospector's own values: within what a pixel's shift and rounded numbers cost.
    for name, most in (("feo_equation", 0.5), ("tio2_equation", 0.4)):
        assert abs(float(statistics["mean_difference"].sel(pair=name))) < most / 4
        assert float(statistics["rmse"].sel(pair=name)) < most
        assert float(statistics["correlation"].sel(pair=name)) > 0.99
    maps = api.open_maps(root, run=kaguya).load()
    there = maps.sel(
        {name: xr.DataArray(table[name].values, dims="pixel") for name in ("lat", "lon")}, method="nearest"
    )
    # The networks have learned it too, though from few stations.
    assert float(np.nanmedian(np.abs(there["feo_cnn"].values - table["FeO"].values))) < 1.0
    assert imread(f"{found.place.url}/comparison.png")[..., :3].std() > 0.05
