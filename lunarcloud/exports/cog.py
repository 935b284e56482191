"""Maps as cloud-optimised GeoTIFFs, in their units, written by GDAL's own driver.

That driver copies what is whole already. So the codes of a map go shard by shard into an uncompressed file
beside the target, its overviews, where the store has them, into others; a virtual raster of GDAL says what
the codes mean, and in which projection they are wanted. Nothing but a few shards is held.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from xml.etree import ElementTree as ET

import numpy as np
import numpy.typing as npt

from lunarcloud.engine import ShardDone, StageDone, Started, Watch, usable_cores
from lunarcloud.exports.layers import Layer
from lunarcloud.exports.projected import Target, projected
from lunarcloud.exports.rasters import Piece, Stored, crs_code, transform_of, window_of
from lunarcloud.exports.tallies import Tally, statistics_tags, tally
from lunarcloud.fetching import Box
from lunarcloud.moon import Grid, Window, lunar_crs
from lunarcloud.quantities import QUANTITIES
from lunarcloud.storage import Folder, explained, local_path

if TYPE_CHECKING:  # slow to import
    import xarray as xr

# Read by every GDAL of these years, and the fastest: level 1 loses a tenth of the size against 9.
_PACKED = {"compress": "ZSTD", "level": "1", "blocksize": "512", "bigtiff": "YES"}
_BLOCKS = {"blockXSize": "512", "blockYSize": "512"}
# Each holds a shard, whatever the machine has in cores: one writer takes no more from them.
_MOST_READERS = 4
# GDAL's cache of blocks, MiB. Its own measure is a part of the machine's memory.
_CACHE_MIB = 64

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


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


class _Meaning(NamedTuple):
    """What the codes of a map are.

    Attributes
    ----------
    step, offset : float
        Value = step x code + offset.
    fill : int or None
        Code of a missing pixel.
    is_flags : bool
        Whether they are flags or classes, which stay as they are.
    """

    step: float
    offset: float
    fill: int | None
    is_flags: bool


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
    levels = layer.levels if shown is None and part == raster.whole else layer.levels[:1]
    with scratch(target) as place, _gdal(), explained(target.url, key):
        sources = [
            _Spooled(each, layer.name, part if each is finest else each.raster.whole, place / f"{number}.tif")
            for number, each in enumerate(levels)
        ]
        virtual = _virtual(sources, layer, watch)
        _copy(virtual, place / "cog.tif", shown, is_flags=_meaning(finest, layer.name).is_flags)
        size = (place / "cog.tif").stat().st_size
        target.upload(key, place / "cog.tif")
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
def _gdal() -> Iterator[None]:
    import rasterio

    # Its own files beside a GeoTIFF would be another one's truth.
    with rasterio.Env(GDAL_CACHEMAX=_CACHE_MIB, GDAL_PAM_ENABLED="NO"):
        yield


class _Spooled(NamedTuple):
    """Codes of a window of a map, and the file that they go into."""

    stored: Stored
    name: str
    part: Window
    path: Path


def _virtual(sources: Sequence[_Spooled], layer: Layer, watch: Watch) -> Path:
    """Codes of all levels in files, and virtual rasters of what they mean: the finest one's."""
    finest, *coarser = sources
    meaning = _meaning(finest.stored, layer.name)
    for each in coarser:
        _spool(each, _uncounted, watch)
        _save(each, _described(each, layer, meaning))
    # Of the finest alone: sums over means are others.
    tallies = _spool(finest, partial(tally, fill=meaning.fill), watch)
    return _save(finest, _described(finest, layer, meaning, tallies, coarser))


def _uncounted(_: npt.NDArray[Any]) -> Tally:
    return Tally()


def _save(spooled: _Spooled, described: ET.Element) -> Path:
    path = spooled.path.with_suffix(".vrt")
    ET.ElementTree(described).write(path)
    return path


def _spool(spooled: _Spooled, counted: Callable[[npt.NDArray[Any]], Tally], watch: Watch) -> list[Tally]:
    """Put the codes of a window into a file, shard by shard; their tallies by band."""
    import rasterio

    stored, (rows, cols) = spooled.stored, spooled.part.shape
    codes = stored.dataset[spooled.name]
    tallies = [Tally()] * _bands(codes)
    pieces, title = list(stored.pieces(spooled.part)), f"export {spooled.name}"
    profile = {"driver": "GTiff", "dtype": codes.dtype, "count": len(tallies), "bigtiff": "YES"}
    tiles = {"tiled": True, "blockxsize": 512, "blockysize": 512, "interleave": "band"}
    place = {"height": rows, "width": cols, "transform": transform_of(stored.raster, spooled.part)}

    def read(piece: Piece) -> tuple[npt.NDArray[Any], list[Tally]]:
        pixels = stored.read(spooled.name, piece.source)
        return pixels, [counted(band) for band in pixels]

    watch(Started(title=title, shards=len(pieces), pixels=rows * cols))
    with rasterio.open(spooled.path, "w", **profile, **tiles, **place) as dataset:
        for piece, (pixels, found) in _ahead(read, pieces):
            dataset.write(pixels, window=piece.target.slices)
            tallies = [one.with_(other) for one, other in zip(tallies, found, strict=True)]
            watch(ShardDone(title=title, shard=None, pixels=pixels[0].size))
    watch(StageDone(title=title))
    return tallies


def _ahead(function: Callable[[ItemT], ResultT], items: Iterable[ItemT]) -> Iterator[tuple[ItemT, ResultT]]:
    """Items with their results, in order, while the next ones are on their way."""
    waiting: deque[tuple[ItemT, Future[ResultT]]] = deque()
    readers = min(usable_cores(), _MOST_READERS)
    with ThreadPoolExecutor(readers) as pool:
        for item in items:
            waiting.append((item, pool.submit(function, item)))
            if len(waiting) > readers:
                done, result = waiting.popleft()
                yield done, result.result()
        for done, result in waiting:
            yield done, result.result()


def _described(
    spooled: _Spooled,
    layer: Layer,
    meaning: _Meaning,
    tallies: Sequence[Tally] = (),
    coarser: Sequence[_Spooled] = (),
) -> ET.Element:
    """A virtual raster of a file of codes, in the map's units."""
    stored, (rows, cols) = spooled.stored, spooled.part.shape
    codes, transform = stored.dataset[spooled.name], transform_of(stored.raster, spooled.part)
    root = ET.Element("VRTDataset", rasterXSize=str(cols), rasterYSize=str(rows))
    wkt = lunar_crs(crs_code(stored.raster)).to_wkt("WKT2_2019")
    _add(root, "SRS", wkt, dataAxisToSRSAxisMapping=_axes(stored))
    _add(root, "GeoTransform", ",".join(f"{each:.17g}" for each in transform.to_gdal()))
    _add_tags(root, layer.says)
    kind = _gdal_type(codes.dtype) if meaning.is_flags else "Float32"
    for number, (title, found) in enumerate(zip_longest(_titles(codes), tallies), start=1):
        band = _add(root, "VRTRasterBand", dataType=kind, band=str(number), **_BLOCKS)
        _add(band, "Description", title)
        _add(band, "UnitType", _unit(spooled.name, codes))
        if found:
            _add_tags(band, statistics_tags(found, step=meaning.step, offset=meaning.offset))
        if meaning.fill is not None:
            _add(band, "NoDataValue", str(meaning.fill) if meaning.is_flags else "nan")
        _add_source(band, spooled.path, number, meaning)
        for each in coarser:
            overview = _add(band, "Overview")
            _add(overview, "SourceFilename", str(each.path.with_suffix(".vrt")))
            _add(overview, "SourceBand", str(number))
    return root


def _add_source(band: ET.Element, path: Path, number: int, meaning: _Meaning) -> None:
    source = _add(band, "SimpleSource" if meaning.is_flags else "ComplexSource")
    _add(source, "SourceFilename", str(path))
    _add(source, "SourceBand", str(number))
    if meaning.is_flags:
        return
    if meaning.fill is not None:
        _add(source, "NODATA", str(meaning.fill))
    _add(source, "ScaleOffset", repr(meaning.offset))
    _add(source, "ScaleRatio", repr(meaning.step))


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


def _copy(virtual: Path, to: Path, shown: Target | None, *, is_flags: bool) -> None:
    """Have GDAL's driver write the virtual raster, or what another projection shows of it."""
    import rasterio
    from rasterio.crs import CRS
    from rasterio.shutil import copy
    from rasterio.vrt import WarpedVRT

    # Flags and classes have no mean.
    averaged = "NEAREST" if is_flags else "AVERAGE"
    options = {**_PACKED, "num_threads": str(usable_cores()), "overview_resampling": averaged}
    with rasterio.open(virtual) as dataset:
        if shown is None:
            copy(dataset, to, driver="COG", **options)
            return
        rows, cols = shown.shape
        crs = CRS.from_wkt(shown.crs.to_wkt("WKT2_2019"))
        # Of each pixel the map's own that holds its centre: none is a mixture, and the maps go together.
        with WarpedVRT(dataset, crs=crs, transform=shown.transform, height=rows, width=cols) as warped:
            copy(warped, to, driver="COG", statistics="YES", **options)


def _meaning(stored: Stored, name: str) -> _Meaning:
    attrs = stored.dataset[name].attrs
    fill = attrs.get("_FillValue")
    return _Meaning(
        step=float(attrs.get("scale_factor", 1.0)),
        offset=float(attrs.get("add_offset", 0.0)),
        fill=None if fill is None else int(fill),
        is_flags="scale_factor" not in attrs,
    )


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
