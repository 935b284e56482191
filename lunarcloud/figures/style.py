"""What all figures share: size and type as printed, lunar axes with a graticule, panel letters, saving."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from io import BytesIO
from string import ascii_lowercase
from textwrap import wrap
from typing import Any, ParamSpec

import cartopy.crs as ccrs
import numpy as np
import shapely
import xarray as xr
from matplotlib import rc_context, rcParams
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from PIL import Image

from lunarcloud.archive import shipped_maria
from lunarcloud.figures.warp import warp
from lunarcloud.moon import RADIUS_M, Pole
from lunarcloud.quantities import OXIDES
from lunarcloud.storage import Folder

P = ParamSpec("P")

#: Widths of a journal's column and of its page (89 and 183 mm), inches: figures are drawn at the size at
#: which they are printed.
COLUMN_IN, PAGE_IN = 3.5, 7.2
# Dots between the stripes of a hatching.
_HATCH = 12
#: Dots per inch of saved pictures: a page is 1728 of them wide, as much as a screen shows.
DPI = 240
#: Colour of missing pixels.
MISSING_COLOUR = "0.82"

#: Colour of a note below a figure, unlike anything drawn.
NOTE_COLOUR = "#a40000"
# Letters of such a note in an inch.
_NOTE_LETTERS = 15
# To pack harder takes a third longer, for a twentieth of the size.
_PACKED = {"compress_level": 1}
# What is only put together with something else before it is packed.
_UNPACKED = {"compress_level": 0}

#: Around letters on a map: they read on any colour.
HALO = [withStroke(linewidth=1.3, foreground="white", alpha=0.85)]

#: Of letters within a map's frame: layouts need not measure them again and again.
WITHIN = {"path_effects": HALO, "in_layout": False}

_GRATICULE = {"linewidths": 0.3, "colors": "white", "alpha": 0.45, "in_layout": False}
_LABELS = {"size": 5.5, "color": "0.25"}
# Type of 5 to 8 points and lines of a third of a point or more, as journals ask for.
_PRINTED: dict[Any, Any] = {
    "font.size": 7,
    "axes.titlesize": 7,
    "axes.titlelocation": "left",
    "axes.labelsize": 7,
    "axes.labelpad": 2,
    "axes.linewidth": 0.5,
    "figure.titlesize": 8,
    "legend.fontsize": 6,
    "legend.frameon": False,
    "legend.handlelength": 1.5,
    "lines.linewidth": 1.0,
    "hatch.linewidth": 0.5,
    **{f"{axis}tick.labelsize": 6 for axis in "xy"},
    **{f"{axis}tick.major.size": 2.5 for axis in "xy"},
    **{f"{axis}tick.major.width": 0.5 for axis in "xy"},
    **{f"{axis}tick.minor.size": 1.5 for axis in "xy"},
    **{f"{axis}tick.minor.width": 0.4 for axis in "xy"},
}


def as_printed(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """A function that draws, with type and lines as printed, whatever the caller's settings are."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with rc_context(_PRINTED):
            figure = draw(*args, **kwargs)
            # Ticks are made when first asked for, by the settings of then; later ones copy the first.
            for axes in figure.axes:
                for axis in filter(Axis.get_visible, (axes.xaxis, axes.yaxis)):
                    axis.get_ticklabels(minor=False), axis.get_ticklabels(minor=True)
        return figure

    return drawn


def lettered(number: int, title: str) -> str:
    """The title of a panel with its letter before it, a for 0.

    Parameters
    ----------
    number : int
        Which panel of the figure.
    title : str
        What it shows.
    """
    # After z come aa, bb ...
    letter = ascii_lowercase[number % 26] * (number // 26 + 1)
    return rf"$\mathbf{{{letter}}}$  {title}"


def typeset(text: str) -> str:
    """Text with the formulas of oxides as chemists print them: TiO2 becomes TiO$_2$."""
    for oxide in OXIDES.values():
        text = text.replace(oxide.formula, oxide.label)
    return text


@lru_cache(maxsize=1)
def globe() -> ccrs.Globe:
    """The Moon as cartopy knows it."""
    return ccrs.Globe(semimajor_axis=RADIUS_M, semiminor_axis=RADIUS_M, ellipse=None)


@lru_cache(maxsize=1)
def mollweide() -> ccrs.Projection:
    """The whole Moon, equal-area, the near side in the middle."""
    return ccrs.Mollweide(central_longitude=0.0, globe=globe())


def polar(pole: Pole) -> ccrs.Projection:
    """A pole, stereographic, longitude 0 at the top (north: at the bottom)."""
    stereographic = ccrs.SouthPolarStereo if pole == "south" else ccrs.NorthPolarStereo
    return stereographic(central_longitude=0.0, globe=globe())


@lru_cache(maxsize=1)
def plate_carree() -> ccrs.Projection:
    """Latitude and longitude in degrees, as a ``transform`` of what is drawn."""
    return ccrs.PlateCarree(globe=globe())


def global_axes(figure: Figure, position: Any = 111) -> Axes:
    """Axes of the whole Moon with a graticule every 30 degrees."""
    axes: Any = figure.add_subplot(position, projection=mollweide())
    axes.set_global()
    axes.set_facecolor(MISSING_COLOUR)
    _draw_graticule(axes)
    _label_graticule(axes)
    return axes  # type: ignore[no-any-return]  # cartopy has no type information


def _draw_graticule(axes: Any) -> None:
    """Meridians and parallels, projected once: cartopy's own do so at each step of layout and drawing."""
    lat, lon = np.linspace(-90.0, 90.0, 181), np.linspace(-180.0, 180.0, 361)
    lines = [np.broadcast_arrays(each, lat) for each in range(-150, 180, 30)]
    lines += [np.broadcast_arrays(lon, each) for each in range(-60, 90, 30)]
    drawn = [axes.projection.transform_points(plate_carree(), *line)[:, :2] for line in lines]
    axes.add_collection(LineCollection(drawn, zorder=2, **_GRATICULE), autolim=False)


def _label_graticule(axes: Any) -> None:
    """Latitudes outside the limb, where parallels meet it; longitudes along the equator."""
    for lat in (-60, -30, 0, 30, 60):
        # The limb leans: a label beside it stands clear if it lies towards the pole.
        side = "center" if lat == 0 else "bottom" if lat > 0 else "top"
        x, y = axes.projection.transform_point(-180.0, lat, plate_carree())
        axes.text(x, y, f"{degrees(lat, 'N', 'S')} ", ha="right", va=side, **_LABELS)
    for lon in (-120, -60, 0, 60, 120):
        x, y = axes.projection.transform_point(lon, 0.0, plate_carree())
        text = axes.text(x, y, degrees(lon, "E", "W"), ha="center", va="center", **WITHIN, **_LABELS)
        text.set_size(4.5)


def degrees(value: int, positive: str, negative: str) -> str:
    """An angle of a graticule: 30°S.

    Parameters
    ----------
    value : int
        Degrees, -180..180.
    positive, negative : str
        Letters of the two sides; 0 and 180 are on neither.
    """
    side = "" if value % 180 == 0 else positive if value > 0 else negative
    return f"{abs(value)}°{side}"


def label_meridians(axes: Any, pole: Pole, radius_m: float) -> None:
    """Longitudes around a polar map, clear of its rim wherever it turns.

    Parameters
    ----------
    axes : cartopy GeoAxes
        Of the `polar` projection.
    pole : {"north", "south"}
        Which pole.
    radius_m : float
        Of the rim, metres of the projection.
    """
    for lon in range(-150, 181, 30):
        # Longitude 0 is up in the south and down in the north; east is to the right of it in both.
        x = math.sin(math.radians(lon))
        y = math.cos(math.radians(lon)) * (1 if pole == "south" else -1)
        sides = {
            "ha": "center" if abs(x) < 0.1 else "left" if x > 0 else "right",
            "va": "center" if abs(y) < 0.1 else "bottom" if y > 0 else "top",
        }
        at = 1.025 * radius_m * x, 1.025 * radius_m * y
        axes.text(*at, degrees(lon, "E", "W"), clip_on=False, **sides, **_LABELS)


def name_outliers(axes: Any, points: Sequence[tuple[float, float, str]]) -> None:
    """Names beside points of a scatter, towards its middle, where there is room, and none on another.

    Parameters
    ----------
    axes : matplotlib Axes
        With its final limits, and a linear scale.
    points : sequence of (float, float, str)
        Place and name of each, the one that matters most first; of two too near the second has no name.
    """
    left, right = axes.get_xlim()
    low, high = axes.get_ylim()
    placed: list[tuple[bool, float]] = []
    for x, y, name in points:
        towards_left = x > (left + right) / 2
        # A line of letters is a twentieth of the height of the smallest panel.
        if any(side == towards_left and abs(y - other) < (high - low) / 18 for side, other in placed):
            continue
        placed.append((towards_left, y))
        axes.annotate(
            name,
            (x, y),
            xytext=(-4 if towards_left else 4, 0),
            textcoords="offset points",
            ha="right" if towards_left else "left",
            va="center",
            fontsize=5,
            color="0.25",
            path_effects=HALO,
        )


def draw_global(axes: Any, data: xr.DataArray, **colours: Any) -> Any:
    """Draw a map on global axes, warped once and by area, so that a fine map is averaged and not thinned.

    Parameters
    ----------
    axes : cartopy GeoAxes
        Of `global_axes`.
    data : xarray.DataArray
        A map (lat, lon), from the north down, on pixels of equal size in degrees; missing is NaN.
    **colours
        Colour map and range or norm, as `matplotlib.axes.Axes.imshow` takes them.

    Returns
    -------
    matplotlib.image.AxesImage
        For a colour bar.
    """
    # As many as a saved picture has dots for it.
    warped = warp(data, axes.projection, round(_width_in(axes) * DPI))
    return axes.imshow(
        warped,
        extent=axes.projection.x_limits + axes.projection.y_limits,
        origin="upper",
        interpolation="nearest",
        # What is not blended needs no colours before it is as large as it is drawn, a tenth of the memory.
        interpolation_stage="data",
        **colours,
    )


def hatch(axes: Any, there: xr.DataArray) -> None:
    """Hatch a part of a map on global axes.

    Parameters
    ----------
    axes : cartopy GeoAxes
        Of `global_axes`.
    there : xarray.DataArray
        1 where to hatch, 0 elsewhere (lat, lon), from the north down.
    """
    warped = warp(there, axes.projection, round(_width_in(axes) * DPI))
    rows, cols = np.indices(warped.shape)
    stripes = (warped > 0.5) & ((rows + cols) % _HATCH < 2)
    axes.imshow(
        np.where(stripes, 1.0, np.nan),
        extent=axes.projection.x_limits + axes.projection.y_limits,
        origin="upper",
        interpolation="nearest",
        interpolation_stage="data",
        cmap="binary",
        vmin=0,
        vmax=1,
        alpha=0.45,
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
    axes.add_collection(
        LineCollection(shores, colors="0.05", linewidths=0.45, in_layout=False), autolim=False
    )


def _width_in(axes: Any) -> float:
    """The most that axes can be wide, inches: their columns of the figure."""
    spec, width = axes.get_subplotspec(), axes.figure.get_figwidth()
    return float(width * len(spec.colspan) / spec.get_gridspec().ncols)


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
    # Laid out and measured first: for "tight", or with a layout of its own, all would be drawn twice.
    if (layout := figure.get_layout_engine()) is not None:
        layout.execute(figure)
        figure.set_layout_engine(None)
    box = figure.get_tightbbox().padded(rcParams["savefig.pad_inches"])
    note = dict(place.says).get("note")
    packed = _UNPACKED if note else _PACKED
    # No software version in the file: the same data give the same bytes.
    figure.savefig(
        picture, format="png", dpi=DPI, bbox_inches=box, metadata={"Software": None}, pil_kwargs=packed
    )
    place.write(name, _with_note(picture.getvalue(), note) if note else picture.getvalue())
    return f"{place.url}/{name}"


def _with_note(picture: bytes, note: str) -> bytes:
    """A PNG with a strip below it that says what nobody may overlook, such as that the data are synthetic.

    Outside the figure: matplotlib's layouts put legends wherever a caption of its own would stand.
    """
    image = Image.open(BytesIO(picture)).convert("RGB")
    below = _strip(note, image.width)
    whole = Image.new("RGB", (image.width, image.height + below.height), "white")
    whole.paste(image, (0, 0))
    whole.paste(below, (0, image.height))
    noted = BytesIO()
    whole.save(noted, format="png", **_PACKED)
    return noted.getvalue()


@lru_cache(maxsize=4)
def _strip(note: str, width: int) -> Image.Image:
    """A note on white, so many dots wide: the same below many pictures."""
    lines = wrap(note, int(_NOTE_LETTERS * width / DPI))
    strip = Figure(figsize=(width / DPI, 0.12 + 0.12 * len(lines)), dpi=DPI)
    strip.text(
        0.5, 0.98, "\n".join(lines), ha="center", va="top", fontsize=7, color=NOTE_COLOUR, weight="bold"
    )
    drawn = BytesIO()
    strip.savefig(drawn, format="png", dpi=DPI, pil_kwargs=_UNPACKED)
    return Image.open(drawn).convert("RGB")
