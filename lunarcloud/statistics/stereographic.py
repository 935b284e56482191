"""Maps around a pole in polar stereographic projection, with the classes of potential mare basalt."""

from dataclasses import dataclass, replace

import numpy as np

from lunarcloud.engine import Product
from lunarcloud.moon import Grid, IntArray, PolarGrid, Shard, polar_grid
from lunarcloud.statistics.polar import FEO, MG_NUMBER, NO_CLASS, Classifier, Rule
from lunarcloud.statistics.source import MISSING, MapCodes, Source
from lunarcloud.storage import Layout, Variable

#: Name of the map of classes.
CLASSES = "mare_basalt"


def polar_raster(rule: Rule, pixel_m: float) -> PolarGrid:
    """The square of pixels that holds the region of a rule."""
    return polar_grid(rule.pole, limit=rule.limit, pixel_m=pixel_m)


def polar_layout(source: Source, raster: PolarGrid) -> Layout:
    """The group of a polar region: every composition map, and the classes."""
    maps = tuple(_beside_no_quality(source.group.layout.variable(name)) for name in source.names)
    attrs = {
        "long_name": "potential mare basalt",
        "flag_values": [0, 1, 2],
        "flag_meanings": "other similar_to_maria similar_to_maria_and_high_feo",
    }
    return Layout(
        raster=raster, variables=(*maps, Variable(name=CLASSES, dtype="uint8", fill=NO_CLASS, attrs=attrs))
    )


def _beside_no_quality(variable: Variable) -> Variable:
    """A map as in its run, without the flags, which stay there."""
    attrs = {name: value for name, value in variable.attrs.items() if name != "ancillary_variables"}
    return replace(variable, attrs=attrs)


@dataclass(frozen=True, slots=True)
class ProjectShard:
    """The task of one polar shard: the nearest pixel of every map, and the class it makes.

    Pixels equatorward of the rule's limit are missing, so that what is shown is what was counted.

    Attributes
    ----------
    source : Source
        The run's maps.
    raster : PolarGrid
        The polar pixels.
    classifier : Classifier
        What counts as potential mare basalt.
    """

    source: Source
    raster: PolarGrid
    classifier: Classifier

    def __call__(self, shard: Shard) -> Product:
        """The maps of one shard."""
        where = self.raster.positions(self.raster.window(shard))
        pixel = self.source.grid.pixel(lat=where.lat, lon=where.lon)
        beyond = ~self.classifier.rule.holds(where.lat)
        codes = {name: gathered(self.source, name, pixel.row, pixel.col) for name in self.source.names}
        # Before they are classified, so that the corners of the square have no class either.
        for pixels in codes.values():
            pixels[beyond] = MISSING
        return Product(arrays={**codes, CLASSES: self.classifier(codes[FEO], codes[MG_NUMBER])})


def gathered(source: Source, name: str, row: IntArray, col: IntArray) -> MapCodes:
    """The codes of a map at any pixels, one shard of it in memory at a time.

    Parameters
    ----------
    source : Source
        The run's maps.
    name : str
        Which map.
    row, col : arrays of int, one shape
        Pixels of the maps' grid.

    Returns
    -------
    ndarray of uint16
        Of that shape, 65535 where missing.

    Raises
    ------
    StoreError
        If a shard is damaged or cannot be read.
    """
    found = np.full(row.shape, MISSING, dtype=np.uint16)
    across = source.grid.shard_shape[1]
    # Around a pole, neighbours may lie in all shards of a row: each is fetched once, for all its pixels.
    number = _shard_number(source.grid, row, col)
    for held in np.unique(number):
        shard = Shard(int(held) // across, int(held) % across)
        window = source.grid.window(shard)
        here = number == held
        found[here] = source.read(name, shard)[row[here] - window.row_start, col[here] - window.col_start]
    return found


def _shard_number(grid: Grid, row: IntArray, col: IntArray) -> IntArray:
    # Row by row, as `Grid.shards` lists them.
    edge = grid.shard_edge
    return row // edge * grid.shard_shape[1] + col // edge
