"""Figures: drawn from what the store gives, with units, degrees and names."""

from io import BytesIO

import numpy as np
import pytest
from cartopy.mpl.geoaxes import GeoAxes
from matplotlib.figure import Figure

from lunarcloud import moon
from lunarcloud.archive.gazetteer import feature
from lunarcloud.figures.gravity import draw_gravity_maps, draw_gravity_pole, draw_gravity_profile
from lunarcloud.gravity import BouguerField, Reduction, reduce_bouguer, sample, transect
from lunarcloud.gravity.grids import gridded
from lunarcloud.synthetic.gravity import kaula_model, kaula_shape

ATTRS = {
    "gravity_model": "Kaula",
    "topography": "hills",
    "density_kg_m3": 2550.0,
    "degrees": [5, 20],
    "gradient_degrees": [4, 20],
    "lmax": 20,
}


@pytest.fixture(scope="module")
def field() -> BouguerField:
    return reduce_bouguer(
        kaula_model(20), kaula_shape(20), Reduction(degrees=(5, 20), gradient_degrees=(4, 20))
    )


def words(figure: Figure) -> list[str]:
    """Titles without their panels' letters, and labels."""
    titles = [axes.get_title(loc="left").partition("  ")[2] for axes in figure.axes]
    return titles + [axes.get_xlabel() for axes in figure.axes]


def png(figure: Figure) -> bytes:
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=40, metadata={"Software": None})
    return picture.getvalue()


def test_global_maps_say_units_and_degrees(field: BouguerField) -> None:
    grid = moon.grid(1)
    figure = draw_gravity_maps(gridded(field, grid, ATTRS), ["bouguer_anomaly", "bouguer_gradient"])
    said = words(figure)
    assert "Bouguer anomaly, degrees 5–20" in said
    assert "Total horizontal gradient, degrees 4–20" in said
    assert "Bouguer anomaly (mGal)" in said
    assert len(png(figure)) > 10_000


@pytest.mark.parametrize("pole", ["south", "north"])
def test_poles_show_the_data_where_they_are(field: BouguerField, pole: moon.Pole) -> None:
    grid = moon.polar_grid(pole, limit=60.0, pixel_m=20_000.0)
    dataset = gridded(field, grid, ATTRS)
    figure = draw_gravity_pole(dataset, pole, ["bouguer_disturbance"])
    axes = figure.axes[0]
    assert isinstance(axes, GeoAxes)
    # Read the picture back at a place: the image's row and column under the projected point.
    lat, lon = (-75.0, 133.0) if pole == "south" else (75.0, -50.0)
    x, y = axes.projection.transform_point(lon, lat, axes.projection.as_geodetic())
    west, east, south, north = axes.images[0].get_extent()
    pixels = np.asarray(axes.images[0].get_array())
    row = int((north - y) / (north - south) * pixels.shape[0])
    col = int((x - west) / (east - west) * pixels.shape[1])
    expected = float(sample(field, lat=lat, lon=lon)["bouguer_disturbance"])
    assert pixels[row, col] == pytest.approx(expected, abs=0.02 * np.abs(pixels).max())
    assert "Bouguer disturbance, degrees 2–20" in words(figure)


def test_profile_has_both_rims_and_the_features_name(field: BouguerField) -> None:
    crisium = feature("Mare Crisium")
    figure = draw_gravity_profile(transect(field, crisium), rim_km=crisium.diameter_km / 2)
    upper = figure.axes[0]
    rims = [line for line in upper.lines if line.get_linestyle() == "--"]
    assert len(rims) == 2
    assert "Mare Crisium" in figure.axes[1].get_xlabel()


def test_same_data_give_the_same_picture(field: BouguerField) -> None:
    crisium = feature("Mare Crisium")
    once, twice = (png(draw_gravity_profile(transect(field, crisium))) for _ in range(2))
    assert once == twice
