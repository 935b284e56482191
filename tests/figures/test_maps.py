"""Global maps: drawn for every product with units, and the same picture for the same data."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rioxarray  # noqa: F401 - gives arrays their .rio
import xarray as xr
from matplotlib import colormaps
from matplotlib.collections import LineCollection

from lunarcloud.figures.maps import draw_map
from lunarcloud.figures.style import plate_carree, save
from lunarcloud.moon import GEOGRAPHIC, grid
from lunarcloud.quantities import QUANTITIES
from lunarcloud.storage import folder


def _field(name: str, values: npt.NDArray[np.float64]) -> xr.DataArray:
    g = grid(2)
    data = xr.DataArray(values, dims=("lat", "lon"), coords={"lat": g.lat(), "lon": g.lon()}, name=name)
    placed: xr.DataArray = data.rio.set_spatial_dims("lon", "lat").rio.write_crs(GEOGRAPHIC)
    return placed


def test_every_map_has_colours_of_matplotlib_and_a_range() -> None:
    assert {row.colours for row in QUANTITIES.values()} <= set(colormaps)
    assert all(row.least < row.most for row in QUANTITIES.values())


@pytest.mark.parametrize("name", ["feo_equation", "mg_number"])
def test_a_map_is_drawn_with_its_unit_and_the_same_bytes_each_time(tmp_path: Path, name: str) -> None:
    values = np.broadcast_to(np.linspace(0, 20, 720), (360, 720)).copy()
    values[100:140, 200:300] = np.nan
    field = _field(name, values)
    figure = draw_map(field, "a title")
    bar = figure.axes[-1]
    assert QUANTITIES[name].label in (bar.get_xlabel(), bar.get_ylabel())
    save(figure, folder(tmp_path), "one.png")
    save(draw_map(field, "a title"), folder(tmp_path), "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_the_middle_of_the_picture_is_the_near_side() -> None:
    values = np.zeros((360, 720))
    values[:, 340:380] = 20.0
    figure = draw_map(_field("feo_equation", values), "near side")
    image = np.asarray(figure.axes[0].images[0].get_array())
    rows, cols = image.shape
    assert image[rows // 2, cols // 2] == 20.0
    assert image[rows // 2, cols // 4] == 0.0


def test_mg_number_is_drawn_with_the_shores_of_the_maria() -> None:
    values = np.full((360, 720), 0.6)
    axes: Any = draw_map(_field("mg_number", values), "Mg#").axes[0]
    (shores,) = (found for found in axes.collections if isinstance(found, LineCollection))
    drawn = np.concatenate(shores.get_segments())
    # The western end of Mare Crisium in this projection, and nothing beyond the globe's edge.
    where = axes.projection.transform_point(51.0, 17.0, plate_carree())
    assert np.hypot(*(drawn - where).T).min() < 60_000.0
    assert np.abs(drawn[:, 0]).max() < axes.projection.x_limits[1]
    other = draw_map(_field("feo_equation", values), "FeO").axes[0]
    assert not [found for found in other.collections if isinstance(found, LineCollection)]
