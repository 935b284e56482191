"""What all figures share: lunar axes with a graticule, colour maps, saving."""

from functools import lru_cache
from io import BytesIO
from textwrap import wrap
from typing import Any

import cartopy.crs as ccrs
import numpy as np
import rioxarray  # noqa: F401  # gives arrays their .rio
import shapely
import xarray as xr
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator
from PIL import Image

from lunarcloud.archive import shipped_maria
from lunarcloud.moon import RADIUS_M, Pole
from lunarcloud.storage import Folder

#: Dots per inch of saved figures.
DPI = 160
#: Colour of missing pixels.
MISSING_COLOUR = "0.82"

#: Colour of a note below a figure, unlike anything drawn.
NOTE_COLOUR = "#a40000"
# Letters of such a note in an inch.
_NOTE_LETTERS = 13
# To pack harder takes twice as long.
_PACKED = {"compress_level": 3}

_GRATICULE = {"linewidth": 0.4, "color": "white", "alpha": 0.45}
_LABELS = {"size": 7, "color": "0.25"}


@lru_cache(maxsize=1)
def globe() -> ccrs.Globe:
    """The Moon as cartopy knows it."""
    return ccrs.Globe(semimajor_axis=RADIUS_M, semiminor_axis=RADIUS_M, ellipse=None)


def mollweide() -> ccrs.Projection:
    """The whole Moon, equal-area, the near side in the middle."""
    return ccrs.Mollweide(central_longitude=0.0, globe=globe())


def polar(pole: Pole) -> ccrs.Projection:
    """A pole, stereographic, longitude 0 at the top (north: at the bottom)."""
    stereographic = ccrs.SouthPolarStereo if pole == "south" else ccrs.NorthPolarStereo
    return stereographic(central_longitude=0.0, globe=globe())


def plate_carree() -> ccrs.Projection:
    """Latitude and longitude in degrees, as a ``transform`` of what is drawn."""
    return ccrs.PlateCarree(globe=globe())


def global_axes(figure: Figure, position: Any = 111) -> Axes:
    """Axes of the whole Moon with a graticule every 30 degrees."""
    axes: Any = figure.add_subplot(position, projection=mollweide())
    axes.set_global()
    axes.set_facecolor(MISSING_COLOUR)
    lines = axes.gridlines(draw_labels=False, **_GRATICULE)
    lines.xlocator = FixedLocator(range(-150, 181, 30))
    lines.ylocator = FixedLocator(range(-60, 61, 30))
    # It lies within the frame, so the layout need not project it again and again.
    lines.set_in_layout(False)
    # Labels at the left edge, where a parallel meets the 180th meridian; its end depends on the latitude.
    for lat in (-60, -30, 0, 30, 60):
        label = "0°" if lat == 0 else f"{abs(lat)}°{'N' if lat > 0 else 'S'}"
        x, y = axes.projection.transform_point(-180.0, lat, plate_carree())
        axes.text(x, y, f"{label} ", ha="right", va="center", **_LABELS)
    return axes  # type: ignore[no-any-return]  # cartopy has no type information


def draw_global(axes: Any, data: xr.DataArray, **colours: Any) -> Any:
    """Draw a map on global axes, warped once and by area, so that a fine map is averaged and not thinned.

    Parameters
    ----------
    axes : cartopy GeoAxes
        Of `global_axes`.
    data : xarray.DataArray
        A map (lat, lon) with its coordinate reference system; missing is NaN.
    **colours
        Colour map and range or norm, as `matplotlib.axes.Axes.imshow` takes them.

    Returns
    -------
    matplotlib.image.AxesImage
        For a colour bar.
    """
    from rasterio.enums import Resampling

    projection = axes.projection
    west, east, south, north = projection.x_limits + projection.y_limits
    # As many as its axes have dots when saved; square pixels, counted down from the upper left corner.
    cols = round(axes.bbox.width * DPI / axes.figure.dpi)
    rows = round(cols * (north - south) / (east - west))
    pixel = (east - west) / cols
    from affine import Affine

    warped = data.rio.reproject(
        projection.to_wkt(),
        shape=(rows, cols),
        transform=Affine(pixel, 0, west, 0, -pixel, north),
        resampling=Resampling.average,
        nodata=np.nan,
    )
    return axes.imshow(
        warped.values, extent=(west, east, south, north), origin="upper", interpolation="nearest", **colours
    )


def draw_maria(axes: Any) -> None:
    """Draw the shores of the shipped maria, thinly, without the borders between them.

    Parameters
    ----------
    axes : cartopy GeoAxes
        Any on the Moon that holds all maria, as `global_axes` makes them.
    """
    whole = shapely.union_all([outline.shape for outline in shipped_maria()])
    rings = [np.array(ring.coords) for ring in shapely.get_rings(shapely.get_parts(whole))]
    # Corners are close and none lies beyond the seam: to project them is enough, and a hundred times as fast
    # as cartopy's way with polygons.
    shores = [axes.projection.transform_points(plate_carree(), *ring.T)[:, :2] for ring in rings]
    axes.add_collection(LineCollection(shores, colors="0.05", linewidths=0.45), autolim=False)


def save(figure: Figure, place: Folder, name: str) -> str:
    """Save a figure as PNG.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to save, at `DPI` dots per inch.
    place : Folder
        Where.
    name : str
        Of the file, with ``.png``.

    Returns
    -------
    str
        Its URL.

    Raises
    ------
    StoreError
        If the storage does not take it.
    """
    picture = BytesIO()
    figure.dpi = DPI
    # Laid out and measured first: to find what "tight" means, all would be drawn twice.
    if (layout := figure.get_layout_engine()) is not None:
        layout.execute(figure)
        figure.set_layout_engine("none")
    box = figure.get_tightbbox().padded(rcParams["savefig.pad_inches"])
    # No software version in the file: the same data give the same bytes.
    figure.savefig(
        picture, format="png", dpi=DPI, bbox_inches=box, metadata={"Software": None}, pil_kwargs=_PACKED
    )
    note = dict(place.says).get("note")
    place.write(name, _with_note(picture.getvalue(), note) if note else picture.getvalue())
    return f"{place.url}/{name}"


def _with_note(picture: bytes, note: str) -> bytes:
    """A PNG with a strip below it that says what nobody may overlook, such as that the data are synthetic.

    Outside the figure: matplotlib's layouts put legends wherever a caption of its own would stand.
    """
    image = Image.open(BytesIO(picture)).convert("RGB")
    lines = wrap(note, int(_NOTE_LETTERS * image.width / DPI))
    strip = Figure(figsize=(image.width / DPI, 0.14 + 0.14 * len(lines)), dpi=DPI)
    strip.text(
        0.5, 0.98, "\n".join(lines), ha="center", va="top", fontsize=8, color=NOTE_COLOUR, weight="bold"
    )
    drawn = BytesIO()
    strip.savefig(drawn, format="png", dpi=DPI)
    below = Image.open(drawn).convert("RGB")
    whole = Image.new("RGB", (image.width, image.height + below.height), "white")
    whole.paste(image, (0, 0))
    whole.paste(below, (0, image.height))
    noted = BytesIO()
    whole.save(noted, format="png", **_PACKED)
    return noted.getvalue()
