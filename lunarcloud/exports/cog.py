"""Maps as cloud-optimised GeoTIFFs, in their units: what a file says is written by GDAL's own driver.

A whole map, whose overviews the store has, is written once: the driver makes the file without a pixel, and
the tiles are put where such files have them. A part of a map, or what a projection shows of it, goes
uncompressed into a file beside the target, which the driver copies and makes overviews of. Nothing but a few
shards is held.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree as ET

import numpy as np
import numpy.typing as npt

from lunarcloud.engine import ShardDone, StageDone, Started, Watch, usable_cores
from lunarcloud.errors import StoreError
from lunarcloud.exports.layers import Layer
from lunarcloud.exports.meaning import Meaning, meaning_of
from lunarcloud.exports.projected import Target, projected
from lunarcloud.exports.rasters import Piece, Stored, crs_code, transform_of, window_of
from lunarcloud.exports.tallies import Tally, statistics_tags, tally
from lunarcloud.exports.tiles import NO_PREDICTOR, PREDICTOR, TILE, ahead, name_tiles, put_tiles, tiles_of
from lunarcloud.fetching import Box
from lunarcloud.moon import Grid, Window, lunar_crs
from lunarcloud.quantities import QUANTITIES
from lunarcloud.storage import Folder, explained, local_path

if TYPE_CHECKING:  # slow to import
    import xarray as xr

# Read by every GDAL of these years, and the fastest: level 1 loses a tenth of the size against 9.
_PACKED = {"compress": "ZSTD", "level": "1", "blocksize": str(TILE), "bigtiff": "YES"}
# GDAL's cache of blocks, MiB. Its own measure is a part of the machine's memory.
_CACHE_MIB = 64
# What each tile takes in the head of a file, and what there is besides tiles and texts, amply; bytes.
_HEAD_OF_TILE, _HEAD_BESIDES = 16, 1 << 14


class Wanted(NamedTuple):
    """Which part of the maps, and how they lie.

    Attributes
    ----------
    box : Box or None
        The region; None is all of it.
    crs : str or None
        Code of the projection; None is the maps' own.
    """

    box: Box | None = None
    crs: str | None = None


def write_cog(target: Folder, key: str, layer: Layer, wanted: Wanted, watch: Watch) -> int:
    """Write a map as a cloud-optimised GeoTIFF, whole or not at all; its size, bytes.

    Parameters
    ----------
    target : Folder
        Where: on a disk, or in a bucket.
    key : str
        Name of the file there.
    layer : Layer
        Which map.
    wanted : Wanted
        Which part of it, in which projection.
    watch : callable
        Told of every shard.

    Raises
    ------
    GeometryError
        If the projection is unknown, of another body, or cannot show the region.
    StoreError
        If the map is damaged, or the disk full.
    """
    finest = layer.levels[0]
    raster, part, shown = finest.raster, finest.raster.whole, None
    if isinstance(raster, Grid) and wanted.crs is not None:
        shown = projected(raster, wanted.crs, wanted.box)
        part = shown.source
    elif isinstance(raster, Grid) and wanted.box is not None:
        part = window_of(raster, wanted.box)
    # An overview of a part would need its bounds to be bounds of the coarser pixels too.
    has_overviews = shown is None and part == raster.whole and len(layer.levels) > 1
    with scratch(target) as place, _settings(), explained(target.url, key):
        made = place / "cog.tif"
        if has_overviews:
            _assemble(made, layer, watch)
        else:
            _copy(_spooled(layer, part, place, watch), made, shown)
        size = made.stat().st_size
        target.upload(key, made)
    return size


@contextmanager
def scratch(target: Folder) -> Iterator[Path]:
    """A folder on this machine for files that are on their way to another: on its disk, where it has one."""
    if "://" in target.url:
        with tempfile.TemporaryDirectory() as name:
            yield Path(name)
        return
    with explained(target.url, ""):
        local_path(target.url).mkdir(parents=True, exist_ok=True)
        held = tempfile.TemporaryDirectory(dir=target.url, prefix=".", suffix=".partial")
    with held as name:
        yield Path(name)


@contextmanager
def _settings() -> Iterator[None]:
    """Of GDAL, while a file is written."""
    import rasterio

    # GDAL's own files beside a GeoTIFF would be another one's truth.
    with rasterio.Env(GDAL_CACHEMAX=_CACHE_MIB, GDAL_PAM_ENABLED="NO"):
        yield


def _assemble(made: Path, layer: Layer, watch: Watch) -> None:
    """Write the COG of a whole map, of the store's levels."""
    finest, *coarser = layer.levels
    virtual = _described(finest, layer, finest.raster.whole)
    room = _room(virtual, layer)
    for number, each in enumerate(coarser):
        overview = _described(each, layer, each.raster.whole)
        _add_overview(virtual, _save(overview, made.with_name(f"{number}.vrt")))
    with made.open("wb") as file:
        file.seek(room)
        # The coarsest first, as whoever opens the file asks for them. Tallies of the finest alone: sums over
        # means are others.
        placed = [put_tiles(file, each, layer.name, _uncounted, watch)[0] for each in reversed(coarser)]
        last, found = put_tiles(file, finest, layer.name, _counting(finest, layer.name), watch)
    _add_statistics(virtual, finest, layer.name, [found])
    head = _head(_save(virtual, made.with_suffix(".vrt")), is_flags=meaning_of(finest, layer.name).is_flags)
    if len(head) > room:
        raise StoreError(f"{layer.name}: its head takes {len(head)} bytes, {room} were left for it")
    name_tiles(head, (last, *reversed(placed)))
    with made.open("r+b") as again:
        again.write(head)


def _room(virtual: ET.Element, layer: Layer) -> int:
    """No less than the head of a file takes, bytes: what it says of statistics is known after the tiles."""
    tiles = sum(tiles_of(each.raster) for each in layer.levels)
    return len(ET.tostring(virtual)) + _HEAD_OF_TILE * tiles + _HEAD_BESIDES


def _head(virtual: Path, *, is_flags: bool) -> bytearray:
    """A virtual raster as a COG of GDAL's driver, but without pixels."""
    from rasterio.shutil import copy

    empty = virtual.with_name("empty.tif")
    predictor = NO_PREDICTOR if is_flags else PREDICTOR
    copy(virtual, empty, driver="COG", sparse_ok="YES", predictor=predictor, **_PACKED)
    return bytearray(empty.read_bytes())


def _counting(stored: Stored, name: str) -> Callable[[npt.NDArray[Any]], Tally]:
    return partial(tally, fill=meaning_of(stored, name).fill)


def _uncounted(_: npt.NDArray[Any]) -> Tally:
    return Tally()


def _spooled(layer: Layer, part: Window, place: Path, watch: Watch) -> Path:
    """Values of a part of a map in a file, shard by shard, and the virtual raster that says what they are."""
    import rasterio

    stored, (rows, cols), file = layer.levels[0], part.shape, place / "values.tif"
    meaning, counted = meaning_of(stored, layer.name), _counting(stored, layer.name)
    codes = stored.dataset[layer.name]
    tallies = [Tally()] * _bands(codes)
    pieces, title = list(stored.pieces(part)), f"export {layer.name}"
    profile = {"driver": "GTiff", "dtype": _dtype(meaning, codes), "count": len(tallies), "bigtiff": "YES"}
    tiles = {"tiled": True, "blockxsize": TILE, "blockysize": TILE, "interleave": "band"}
    size = {"height": rows, "width": cols, "transform": transform_of(stored.raster, part)}

    def read(piece: Piece) -> tuple[npt.NDArray[Any], list[Tally]]:
        pixels = stored.read(layer.name, piece.source)
        return pixels, [counted(band) for band in pixels]

    watch(Started(title=title, shards=len(pieces), pixels=rows * cols))
    with rasterio.open(file, "w", **profile, **tiles, **size) as dataset:
        for piece, (pixels, found) in ahead(read, pieces):
            dataset.write(meaning.values(pixels), window=piece.target.slices)
            tallies = [one.with_(other) for one, other in zip(tallies, found, strict=True)]
            watch(ShardDone(title=title, shard=None, pixels=pixels[0].size))
    watch(StageDone(title=title))
    virtual = _described(stored, layer, part)
    _add_statistics(virtual, stored, layer.name, tallies)
    _add_sources(virtual, file)
    return _save(virtual, file.with_suffix(".vrt"))


def _save(described: ET.Element, path: Path) -> Path:
    ET.ElementTree(described).write(path)
    return path


def _described(stored: Stored, layer: Layer, part: Window) -> ET.Element:
    """A virtual raster of a part of a map: all but its pixels."""
    codes, transform, (rows, cols) = stored.dataset[layer.name], transform_of(stored.raster, part), part.shape
    meaning = meaning_of(stored, layer.name)
    root = ET.Element("VRTDataset", rasterXSize=str(cols), rasterYSize=str(rows))
    wkt = lunar_crs(crs_code(stored.raster)).to_wkt("WKT2_2019")
    _add(root, "SRS", wkt, dataAxisToSRSAxisMapping=_axes(stored))
    _add(root, "GeoTransform", ",".join(f"{each:.17g}" for each in transform.to_gdal()))
    _add_tags(root, layer.says)
    blocks = {"blockXSize": str(TILE), "blockYSize": str(TILE)}
    for number, title in enumerate(_titles(codes), start=1):
        kind = _gdal_type(_dtype(meaning, codes))
        band = _add(root, "VRTRasterBand", dataType=kind, band=str(number), **blocks)
        _add(band, "Description", title)
        _add(band, "UnitType", _unit(layer.name, codes))
        if meaning.fill is not None:
            _add(band, "NoDataValue", str(meaning.fill) if meaning.is_flags else "nan")
    return root


def _add_statistics(virtual: ET.Element, stored: Stored, name: str, tallies: Sequence[Tally]) -> None:
    meaning = meaning_of(stored, name)
    for band, found in zip(virtual.iter("VRTRasterBand"), tallies, strict=True):
        _add_tags(band, statistics_tags(found, step=meaning.step, offset=meaning.offset))


def _add_sources(virtual: ET.Element, file: Path) -> None:
    for band in virtual.iter("VRTRasterBand"):
        source = _add(band, "SimpleSource")
        _add(source, "SourceFilename", str(file))
        _add(source, "SourceBand", band.attrib["band"])


def _add_overview(virtual: ET.Element, file: Path) -> None:
    for band in virtual.iter("VRTRasterBand"):
        overview = _add(band, "Overview")
        _add(overview, "SourceFilename", str(file))
        _add(overview, "SourceBand", band.attrib["band"])


def _add(parent: ET.Element, name: str, text: str = "", **attrs: str) -> ET.Element:
    found = ET.SubElement(parent, name, attrs)
    found.text = text
    return found


def _add_tags(parent: ET.Element, tags: Mapping[str, str]) -> None:
    metadata = _add(parent, "Metadata")
    for key, value in tags.items():
        _add(metadata, "MDI", value, key=key)


def _axes(stored: Stored) -> str:
    # Longitude is what columns count, though the authority names latitude first.
    return "2,1" if isinstance(stored.raster, Grid) else "1,2"


def _copy(virtual: Path, to: Path, shown: Target | None) -> None:
    """Have GDAL's driver write the virtual raster, or what another projection shows of it."""
    import rasterio
    from rasterio.crs import CRS
    from rasterio.shutil import copy
    from rasterio.vrt import WarpedVRT

    with rasterio.open(virtual) as dataset:
        # Flags and classes have no mean.
        averaged = "AVERAGE" if dataset.dtypes[0] == "float32" else "NEAREST"
        options = {**_PACKED, "num_threads": str(usable_cores()), "overview_resampling": averaged}
        if shown is None:
            copy(dataset, to, driver="COG", **options)
            return
        rows, cols = shown.shape
        crs = CRS.from_wkt(shown.crs.to_wkt("WKT2_2019"))
        # No pixel is without flags, but a picture has corners off the Moon. None has all flags at once.
        nowhere = np.iinfo(dataset.dtypes[0]).max if dataset.nodata is None else dataset.nodata
        place = {"transform": shown.transform, "height": rows, "width": cols}
        # Of each pixel the map's own that holds its centre: none is a mixture, and the maps go together.
        with WarpedVRT(dataset, crs=crs, **place, nodata=nowhere) as warped:
            copy(warped, to, driver="COG", statistics="YES", **options)


def _dtype(meaning: Meaning, codes: xr.DataArray) -> np.dtype[Any]:
    return codes.dtype if meaning.is_flags else np.dtype(np.float32)


def _bands(codes: xr.DataArray) -> int:
    return int(codes.shape[0]) if codes.ndim > 2 else 1


def _titles(codes: xr.DataArray) -> list[str]:
    """What each band shows."""
    title = str(codes.attrs["long_name"])
    if "wavelength" in codes.coords:
        return [f"{title}, {centre:g} nm" for centre in codes["wavelength"].values]
    return [title] * _bands(codes)


def _unit(name: str, codes: xr.DataArray) -> str:
    """As people write it: a GIS shows it and calculates nothing with it."""
    return QUANTITIES[name].units if name in QUANTITIES else str(codes.attrs.get("units", ""))


def _gdal_type(dtype: np.dtype[Any]) -> str:
    return {"uint8": "Byte"}.get(dtype.name, dtype.name.replace("uint", "UInt").replace("int", "Int"))
