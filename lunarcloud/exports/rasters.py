"""Stored maps as a GIS sees them: where their pixels lie, which part is wanted, read shard by shard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lunarcloud.archive import feature
from lunarcloud.errors import StoreError
from lunarcloud.fetching import Box, box_of
from lunarcloud.moon import (
    GEOGRAPHIC,
    POLAR,
    Grid,
    PolarGrid,
    Window,
    kilometres,
)
from lunarcloud.storage import GRID_MAPPING, Bands, Folder, Variable, Windows, open_codes

if TYPE_CHECKING:  # slow to import
    import xarray as xr
    from affine import Affine

_POLES = {code: pole for pole, code in POLAR.items()}


class Piece(NamedTuple):
    """Pixels that are read at once, and where they go in what is made of them."""

    source: Window
    target: Window


@dataclass(frozen=True)
class Stored:
    """A group of maps on one raster, as it is stored.

    Attributes
    ----------
    place : Folder
        The Zarr group.
    """

    place: Folder

    @cached_property
    def dataset(self) -> xr.Dataset:
        """The group lazily, as codes."""
        return open_codes(self.place)

    @property
    def maps(self) -> tuple[str, ...]:
        """Names of its maps."""
        return tuple(str(name) for name, each in self.dataset.data_vars.items() if each.ndim > 1)

    @cached_property
    def raster(self) -> Grid | PolarGrid:
        """Where its pixels lie, from its coordinates.

        Raises
        ------
        StoreError
            If they are neither those of the global grid nor around a pole.
        """
        codes = self.dataset[self.maps[0]]
        rows, cols = codes.shape[-2:]
        edge = int(codes.encoding["shards"][-1])
        code = str(self.dataset[GRID_MAPPING].attrs["authority"])
        if code == GEOGRAPHIC and cols == 2 * rows:
            return Grid(n_rows=rows, n_cols=cols, shard_edge=edge)
        if code not in _POLES:
            raise StoreError(f"{self.place.url}: {rows} x {cols} pixels on {code} are no grid that is known")
        x = self.dataset["x"].values
        pixel_m = float(x[-1] - x[0]) / (cols - 1)
        return PolarGrid(pole=_POLES[code], pixel_m=pixel_m, n_rows=rows, n_cols=cols, shard_edge=edge)

    def turns(self, wanted: Window) -> Iterator[tuple[Window, int]]:
        """The parts of a window on the raster, and how often it has gone round the Moon before each.

        It may go on past the last column.
        """
        for turn in (0, 1):
            passed = turn * self.raster.n_cols
            part = Window(
                row_start=wanted.row_start,
                row_stop=wanted.row_stop,
                col_start=max(wanted.col_start - passed, 0),
                col_stop=min(wanted.col_stop - passed, self.raster.n_cols),
            )
            if part.col_start < part.col_stop:
                yield part, turn

    def pieces(self, wanted: Window) -> Iterator[Piece]:
        """The parts of a window that lie in one shard each; it may go on past the last column."""
        for part, turn in self.turns(wanted):
            right = turn * self.raster.n_cols - wanted.col_start
            for shard in self.raster.shards_of(part):
                source = part.common(self.raster.window(shard))
                yield Piece(source, _moved(source, down=-wanted.row_start, right=right))

    def read(self, name: str, window: Window) -> npt.NDArray[Any]:
        """Codes of a map, shape (bands, rows, cols)."""
        codes = self._windows[name].read(window)
        return codes if codes.ndim > 2 else codes[np.newaxis]

    @cached_property
    def _windows(self) -> dict[str, Windows]:
        # Not through the dataset: what xarray and Zarr do around each chunk takes as long as decoding it.
        return {name: Windows(self.place, self.raster, _variable(self.dataset[name])) for name in self.maps}


def _variable(codes: xr.DataArray) -> Variable:
    """What a map of a group is stored as."""
    bands = None
    if codes.ndim > 2:
        bands = Bands(tuple(map(str, codes["band"].values)), tuple(codes["wavelength"].values))
    fill = codes.attrs.get("_FillValue")
    return Variable(name=str(codes.name), dtype=codes.dtype.name, fill=fill, bands=bands)


def transform_of(raster: Grid | PolarGrid, window: Window) -> Affine:
    """From (column, row) of a window to degrees or metres, as GDAL has it: of the pixels' outer corners."""
    from affine import Affine

    if isinstance(raster, PolarGrid):
        # The pole is the corner of the four pixels in the middle.
        left = (window.col_start - raster.n_cols / 2) * raster.pixel_m
        top = (raster.n_rows / 2 - window.row_start) * raster.pixel_m
        return Affine(raster.pixel_m, 0.0, left, 0.0, -raster.pixel_m, top)
    step = 180.0 / raster.n_rows
    left = window.col_start * 360.0 / raster.n_cols - 180.0
    top = 90.0 - window.row_start * 180.0 / raster.n_rows
    return Affine(step, 0.0, left, 0.0, -step, top)


def crs_code(raster: Grid | PolarGrid) -> str:
    """The authority code of what its coordinates are."""
    return raster.crs_code if isinstance(raster, PolarGrid) else GEOGRAPHIC


def box_named(text: str) -> Box:
    """A region as it is typed: a box in degrees, or a feature of the gazetteer, by the box around its disc.

    Raises
    ------
    InputError
        For neither; it says whether metres or swapped coordinates were given.
    """
    if any(sign.isdigit() for sign in text) and "," in text:
        return box_of(text)
    found = feature(text)
    around = found.diameter_km / 2.0 / kilometres(1.0)
    south, north = max(found.lat - around, -90.0), min(found.lat + around, 90.0)
    if north == 90.0 or south == -90.0:
        return Box(south, -180.0, north, 180.0)
    # Meridians are farthest from the centre's where they touch the disc, poleward of its middle.
    half = np.degrees(np.arcsin(np.sin(np.radians(around)) / np.cos(np.radians(found.lat))))
    return Box(south, found.lon - float(half), north, found.lon + float(half))


def window_of(raster: Grid, box: Box) -> Window:
    """The pixels that hold any part of a box; past the last column where it goes on round the Moon."""
    turn = 360.0 if abs(box.east - box.west) >= 360.0 else (box.east - box.west) % 360.0
    if turn == 360.0:
        first, number = 0, raster.n_cols
    else:
        west = raster.col_of((box.west + 180.0) % 360.0 - 180.0)
        first = int(np.floor(_snapped(west)))
        number = min(int(np.ceil(_snapped(west + turn * raster.ppd))) - first, raster.n_cols)
    return Window(
        row_start=int(np.floor(_snapped(raster.row_of(box.north)))),
        row_stop=int(np.ceil(_snapped(raster.row_of(box.south)))),
        col_start=first,
        col_stop=first + number,
    )


def _snapped(place: float) -> float:
    # A bound that was meant to be an edge of pixels, and is a rounding away from it, takes no further one.
    return float(np.round(place, 6))


def _moved(window: Window, *, down: int, right: int) -> Window:
    return Window(
        row_start=window.row_start + down,
        row_stop=window.row_stop + down,
        col_start=window.col_start + right,
        col_stop=window.col_stop + right,
    )
