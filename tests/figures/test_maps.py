"""Global maps: drawn for every product with units, and the same picture for the same data."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from matplotlib import colormaps
from matplotlib.collections import LineCollection
from PIL import Image

from lunarcloud.figures.maps import draw_map, draw_oxides, middle_of_area
from lunarcloud.figures.style import DPI, PAGE_IN, plate_carree, save, typeset
from lunarcloud.moon import grid
from lunarcloud.quantities import QUANTITIES
from lunarcloud.storage import GRID_MAPPING, Layout, coordinates, folder
from tests.figures.conftest import Hatched, Overprinted


def _field(name: str, values: npt.NDArray[np.float64]) -> xr.DataArray:
    coords = coordinates(Layout(raster=grid(2), variables=())).coords
    return xr.DataArray(values, coords, ("lat", "lon"), name, {"grid_mapping": GRID_MAPPING})


def test_every_map_has_colours_of_matplotlib_and_a_range() -> None:
    assert {row.colours for row in QUANTITIES.values()} <= set(colormaps)
    assert all(row.least < row.most for row in QUANTITIES.values())


def _lines(axes: Any) -> list[LineCollection]:
    return [found for found in axes.collections if isinstance(found, LineCollection)]


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


def test_a_map_is_hatched_where_spectra_are_unlike_any_station_and_nowhere_else(hatched: Hatched) -> None:
    beyond = np.zeros((360, 720))
    beyond[:180, 360:] = 1.0
    figure = draw_map(_field("feo_cnn", np.full((360, 720), 9.0)), "FeO", beyond=_field("novelty", beyond))
    # Two dots of twelve.
    assert hatched(figure.axes[0]) == pytest.approx([0.0, 1 / 6, 0.0, 0.0], abs=0.01)
    assert figure.axes[0].get_title(loc="left") == "FeO\nhatched: unlike any station"
    assert len(draw_map(_field("feo_cnn", beyond), "FeO").axes[0].images) == 1


def test_mg_number_is_drawn_with_the_shores_of_the_maria() -> None:
    values = np.full((360, 720), 0.6)
    axes: Any = draw_map(_field("mg_number", values), "Mg#").axes[0]
    _graticule, shores = _lines(axes)
    drawn = np.concatenate(shores.get_segments())
    # The western end of Mare Crisium in this projection, and nothing beyond the globe's edge.
    where = axes.projection.transform_point(51.0, 17.0, plate_carree())
    assert np.hypot(*(drawn - where).T).min() < 60_000.0
    assert np.abs(drawn[:, 0]).max() < axes.projection.x_limits[1]
    assert len(_lines(draw_map(_field("feo_equation", values), "FeO").axes[0])) == 1


def test_the_graticule_is_every_thirty_degrees() -> None:
    axes: Any = draw_map(_field("feo_equation", np.full((360, 720), 9.0)), "FeO").axes[0]
    (graticule,) = _lines(axes)
    back = [
        np.round(plate_carree().transform_points(axes.projection, *line[1:-1].T)[:, :2], 3)
        for line in graticule.get_segments()
    ]
    meridians = [lon for line in back if np.unique(line[:, 0]).size == 1 for lon in set(line[:, 0])]
    parallels = [lat for line in back if np.unique(line[:, 1]).size == 1 for lat in set(line[:, 1])]
    assert (meridians, parallels) == ([*range(-150, 180, 30)], [*range(-60, 90, 30)])


def test_a_saved_map_is_a_page_wide_and_says_where_it_is(tmp_path: Path, overprinted: Overprinted) -> None:
    values = np.broadcast_to(np.linspace(0, 20, 720), (360, 720)).copy()
    figure = draw_map(_field("tio2_equation", values), "TiO2 abundance (wt%), equation")
    assert overprinted(figure) == []
    assert figure.axes[0].get_title(loc="left") == "TiO$_2$ abundance (wt%), equation"
    said = {text.get_text().strip() for text in figure.axes[0].texts}
    assert {"60°S", "0°", "30°N", "120°W", "60°E"} <= said
    save(figure, folder(tmp_path), "map.png")
    with Image.open(tmp_path / "map.png") as picture:
        width, height = picture.size
    assert height < width < 1.05 * PAGE_IN * DPI
    assert (tmp_path / "map.png").stat().st_size < 3e6


def test_all_oxides_in_one_figure_span_the_middle_of_each_maps_area() -> None:
    values = np.broadcast_to(np.linspace(0, 20, 720), (360, 720)).copy()
    names = ("feo_equation", "tio2_equation", "mg_number", "omat")
    figure = draw_oxides(xr.Dataset({name: _field(name, values) for name in names}))
    maps, bars = figure.axes[::2], figure.axes[1::2]
    assert [axes.get_title(loc="left") for axes in maps] == [
        r"$\mathbf{a}$  FeO, equation",
        r"$\mathbf{b}$  TiO$_2$, equation",
        r"$\mathbf{c}$  Mg#",
    ]
    assert maps[0].images[0].get_clim() == pytest.approx((0.5, 19.5), abs=0.05)
    assert bars[0].get_xlabel() == "FeO (wt%), 2.5 to 97.5 % of the area"


def test_oxides_by_networks_are_hatched_where_spectra_are_unlike_any_station(
    hatched: Hatched, overprinted: Overprinted
) -> None:
    beyond, values = np.zeros((360, 720)), np.full((360, 720), 0.5)
    beyond[180:, :360] = 1.0
    maps = xr.Dataset({name: _field(name, values) for name in ("feo_equation", "feo_cnn", "mg_number")})
    figure = draw_oxides(maps, beyond=_field("novelty", beyond))
    equation, *by_networks = figure.axes[::2]
    assert len(equation.images) == 1
    for axes in by_networks:
        assert hatched(axes) == pytest.approx([0.0, 0.0, 1 / 6, 0.0], abs=0.01)
    assert figure.get_supxlabel() == "hatched: unlike any station"
    assert overprinted(figure) == []
    assert draw_oxides(maps).get_supxlabel() == ""


def test_the_middle_of_the_area_does_not_count_polar_pixels_as_much() -> None:
    values = np.zeros((360, 720))
    # An eighth of the pixels, but 2 % of the area, in each of the two caps.
    values[:23], values[-23:] = 30.0, -30.0
    values[100:260] = 10.0
    assert middle_of_area(_field("feo_equation", values)) == (0.0, 10.0)


def test_a_map_without_a_value_is_drawn(tmp_path: Path) -> None:
    empty = _field("feo_equation", np.full((360, 720), np.nan))
    assert middle_of_area(empty) is None
    for figure in (draw_map(empty, "nothing"), draw_oxides(xr.Dataset({"feo_equation": empty}))):
        save(figure, folder(tmp_path), "empty.png")


def test_formulas_are_set_as_chemists_print_them() -> None:
    assert typeset("TiO2 and Al2O3, FeO") == r"TiO$_2$ and Al$_2$O$_3$, FeO"
    assert typeset(r"TiO$_2$") == r"TiO$_2$"
