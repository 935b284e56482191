"""Units: named parts of the Moon that statistics are about, as masks of pixels.

A unit is a set of discs and outlines, or what lies outside such a set. Units may overlap; a window's pixels
are therefore given labels, one for each combination of units that occurs, so that each pixel is counted once
and every unit's sums are exact sums of labels.

A pixel belongs to a unit if its centre does. So the area of an outline is its exact one but for at most a
pixel in its width and one in its height: below 0.1 % for 10 degrees and more at full resolution.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely

from lunarcloud.archive import MARIA_SOURCE, Feature, Outline, feature, shipped_maria
from lunarcloud.errors import InputError
from lunarcloud.moon import RADIUS_M, Grid, Shard, Window, angular_distance
from lunarcloud.statistics.tallies import Labels

BoolArray: TypeAlias = npt.NDArray[np.bool_]

# Degrees, millimetres on the Moon, in a direction that no edge between decimal numbers has.
_ASIDE = (1e-7, 1.6180339e-7)


@dataclass(frozen=True, slots=True)
class Disc:
    """Everything within a great-circle distance of a centre.

    Attributes
    ----------
    lat, lon : float
        The centre, degrees.
    radius : float
        The distance, degrees, 0..180.
    """

    lat: float
    lon: float
    radius: float


Shape: TypeAlias = Disc | Outline


@dataclass(frozen=True, slots=True)
class Unit:
    """A named part of the Moon.

    Attributes
    ----------
    name, source : str
        What it is called, and where its boundary comes from.
    shapes : tuple of Disc or Outline
        What it is made of.
    outside : bool
        Whether it is the rest of the Moon instead.
    """

    name: str
    source: str
    shapes: tuple[Shape, ...]
    outside: bool = False


#: A shard with the parts of the units near it.
Near: TypeAlias = tuple[Shard, tuple[Unit, ...]]


class Labelled(NamedTuple):
    """Pixels by combination of units.

    Attributes
    ----------
    labels : (row, col) array of unsigned integers
        Label of each pixel.
    members : tuple of tuple of int
        By label, the units (by index) that its pixels belong to.
    """

    labels: Labels
    members: tuple[tuple[int, ...], ...]


def whole_moon() -> Unit:
    """The unit of everything."""
    return Unit("global", "the whole sphere", (), outside=True)


def maria(outlines: Sequence[Outline] = ()) -> tuple[Unit, Unit]:
    """The maria and the rest, from outlines of maria, or from the shipped ones without any."""
    shapes = tuple(outlines) or shipped_maria()
    source = "polygon file" if outlines else MARIA_SOURCE
    return Unit("maria", source, shapes), Unit("non-maria", source, shapes, outside=True)


def named_region(name: str) -> Unit:
    """A feature of the gazetteer: a mare in its shipped outline, others as the disc of their diameter.

    Raises
    ------
    NotFoundError
        For a name that is not in the shipped table.
    """
    found = feature(name)
    outline = next((one for one in shipped_maria() if one.name == found.name), None)
    if outline is not None:
        return Unit(found.name, MARIA_SOURCE, (outline,))
    return Unit(found.name, "IAU gazetteer, a disc of the feature's diameter", (_disc(found),))


def from_outlines(outlines: Iterable[Outline], source: str) -> tuple[Unit, ...]:
    """One unit for each named outline of a polygon file."""
    return tuple(Unit(outline.name, source, (outline,)) for outline in outlines)


def require_distinct(units: Sequence[Unit]) -> None:
    """Refuse two units of one name, whose rows in a table could not be told apart."""
    names = [unit.name for unit in units]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"two units are named {', '.join(twice)}; rename one (global and maria are built in)"
        )


def inside(unit: Unit, grid: Grid, window: Window) -> BoolArray:
    """Which pixel centres of a window lie in a unit.

    Parameters
    ----------
    unit : Unit
        The unit.
    grid : Grid
        The maps' grid.
    window : Window
        Pixels of it.

    Returns
    -------
    (row, col) array of bool
        Of the window's shape.
    """
    return _inside(unit.shapes, grid, window) ^ unit.outside


def labelled(units: Sequence[Unit], grid: Grid, window: Window) -> Labelled:
    """The pixels of a window by combination of units.

    Parameters
    ----------
    units : sequence of Unit
        May overlap.
    grid, window : Grid, Window
        Which pixels.

    Returns
    -------
    Labelled
        ``labels`` (row, col) of the smallest unsigned type; every label occurs.
    """
    labels: npt.NDArray[np.uint32] = np.zeros(window.shape, dtype=np.uint32)
    combinations: list[set[int]] = [set()]
    # Maria and non-maria have the same shapes, one of them inside out: each set is burnt once.
    distinct = list(dict.fromkeys(unit.shapes for unit in units))
    for number, shapes in enumerate(distinct):
        labels, combinations = _split(labels, combinations, _inside(shapes, grid, window), number)
    members = tuple(
        tuple(
            index
            for index, unit in enumerate(units)
            if (distinct.index(unit.shapes) in found) != unit.outside
        )
        for found in combinations
    )
    smallest = np.uint8 if len(members) <= np.iinfo(np.uint8).max else np.uint32
    return Labelled(labels.astype(smallest), members)


def clipped(units: Sequence[Unit], grid: Grid, window: Window) -> tuple[Unit, ...]:
    """The same units near a window only: what a task on it needs, however large the polygon file.

    Parameters
    ----------
    units : sequence of Unit
        Of the whole Moon.
    grid : Grid
        The maps' grid.
    window : Window
        Pixels of it.

    Returns
    -------
    tuple of Unit
        In the same order, with the same answer for every pixel of the window.
    """
    # A pixel's width beyond the outermost centres, so that the cut itself bounds no pixel of the window.
    lat, lon, margin = grid.lat(window), grid.lon(window), 1.0 / grid.ppd
    box = (lon[0] - margin, lat[-1] - margin, lon[-1] + margin, lat[0] + margin)
    # Maria and non-maria are one tuple of shapes, clipped once.
    near = {id(unit.shapes): _near(unit.shapes, box) for unit in units}
    return tuple(replace(unit, shapes=near[id(unit.shapes)]) for unit in units)


def near_units(grid: Grid, units: Sequence[Unit]) -> Iterator[Near]:
    """Every shard of a grid with the parts of the units near it: the items of one pass."""
    return ((shard, clipped(units, grid, grid.window(shard))) for shard in grid.shards())


def _inside(shapes: Sequence[Shape], grid: Grid, window: Window) -> BoolArray:
    mask = _in_outlines([shape for shape in shapes if isinstance(shape, Outline)], grid, window)
    for shape in shapes:
        if isinstance(shape, Disc):
            mask |= _in_disc(shape, grid, window)
    return mask


def _split(
    labels: npt.NDArray[np.uint32], combinations: list[set[int]], mask: BoolArray, number: int
) -> tuple[npt.NDArray[np.uint32], list[set[int]]]:
    """Split labels by one more mask, and keep only those that occur."""
    if not mask.any():
        return labels, combinations
    if mask.all():
        return labels, [found | {number} for found in combinations]
    # Each label becomes two, even outside the mask and odd inside; `place` renumbers those that occur, so
    # that there are never more labels than combinations on the window, however many units there are.
    doubled = 2 * labels + mask
    occur = np.flatnonzero(np.bincount(doubled.ravel()))
    place = np.zeros(2 * len(combinations), dtype=np.uint32)
    place[occur] = np.arange(occur.size)
    split = [combinations[code // 2] | ({number} if code % 2 else set()) for code in occur]
    return place[doubled], split


def _disc(found: Feature) -> Disc:
    radius = np.degrees(found.diameter_km * 1000.0 / 2.0 / RADIUS_M)
    return Disc(lat=found.lat, lon=found.lon, radius=float(radius))


def _in_disc(disc: Disc, grid: Grid, window: Window) -> BoolArray:
    """By the cosine of the distance: a product of a row's and a column's part, so cheap."""
    # cos d = sin lat0 sin lat + cos lat0 cos lat cos dlon >= cos radius, what depends on the row alone moved
    # to the right. The cosine of the difference of longitudes makes the seam no special case.
    lat, dlon = np.radians(grid.lat(window)), np.radians(grid.lon(window) - disc.lon)
    centre, radius = np.radians(disc.lat), np.radians(disc.radius)
    constant = (np.cos(radius) - np.sin(centre) * np.sin(lat))[:, None]
    return np.asarray(np.cos(centre) * np.cos(lat)[:, None] * np.cos(dlon)[None, :] >= constant)


def _in_outlines(outlines: Sequence[Outline], grid: Grid, window: Window) -> BoolArray:
    shapes = [outline.shape for outline in outlines if not outline.shape.is_empty]
    if not shapes:
        return np.zeros(window.shape, dtype=np.bool_)
    # Slow to import, and a command that finds everything done does not need it.
    from affine import Affine
    from rasterio.features import rasterize

    # From pixels to degrees by the outer corner of the window's first pixel, as rasters are placed, and a bit
    # aside: a centre that lies on an edge is then on one side of it, whatever window the outline is cut to.
    west, north = float(grid.lon_edges(window)[0]) + _ASIDE[0], float(grid.lat_edges(window)[0]) + _ASIDE[1]
    to_degrees = Affine(1.0 / grid.ppd, 0.0, west, 0.0, -1.0 / grid.ppd, north)
    burnt = rasterize(shapes, out_shape=window.shape, transform=to_degrees, dtype="uint8")
    return np.asarray(burnt, dtype=np.bool_)


def _near(shapes: Sequence[Shape], box: tuple[float, float, float, float]) -> tuple[Shape, ...]:
    return tuple(near for shape in shapes if (near := _clip(shape, box)) is not None)


def _clip(shape: Shape, box: tuple[float, float, float, float]) -> Shape | None:
    west, south, east, north = box
    # Outlines are split at the seam already and windows do not cross it, so no longitude is wrapped here.
    if isinstance(shape, Outline):
        near = shapely.clip_by_rect(shape.shape, *box)
        return None if near.is_empty else Outline(shape.name, near)
    # No pixel of the box is farther from its middle than half its height and half its width together.
    reach = (north - south + east - west) / 2.0
    middle = {"to_lat": (north + south) / 2.0, "to_lon": (east + west) / 2.0}
    return shape if angular_distance(lat=shape.lat, lon=shape.lon, **middle) <= shape.radius + reach else None
