"""Finding the cubes of any camera: map tiles in PDS3, GeoTIFFs, ISIS cubes and Zarr groups."""

from collections.abc import Callable, Sequence
from functools import partial

from lunarcloud.archive.cubes import Cube, Wanted
from lunarcloud.archive.pds3 import HEAD_BYTES, parse_pds3_label
from lunarcloud.archive.pds3_maps import image_pointer, pds3_cube
from lunarcloud.archive.search import (
    Found,
    Problem,
    TileSearch,
    head_of,
    none_usable,
    once_each,
    read_each,
    sibling,
)
from lunarcloud.archive.sources import Item, list_items, size_of
from lunarcloud.errors import ArchiveError, GeometryError

_LABELS, _IMAGES = (".lbl",), (".img",)
_RASTERS = (".tif", ".tiff", ".cub")
_ZARR = ".zarr"
# What people have beside them, and what leads to other files.
_VIRTUAL = (".vrt",)
_KINDS = "PDS3 map tiles (.lbl with .img, or .img), GeoTIFFs (.tif), ISIS cubes (.cub) or Zarr groups (.zarr)"


def find_cubes(places: str | Sequence[str], wanted: Wanted) -> TileSearch[Cube]:
    """The cubes of a camera in one or more places, their labels read and checked.

    Parameters
    ----------
    places : str or sequence of str
        As of `find_tiles`, or Zarr groups, whose names end in .zarr.
    wanted : Wanted
        Of which camera, by which table of bands.

    Returns
    -------
    TileSearch
        The same for the same files, in whatever order they are given.

    Raises
    ------
    ArchiveError
        If there is no cube at all, or none that can be used: with the first reason.
    NotFoundError
        If a place does not exist.
    StoreError
        If a store does not answer.
    """
    asked = [places] if isinstance(places, str) else list(places)
    groups = [place for place in asked if place.rstrip("/").lower().endswith(_ZARR)]
    found = {item.source: item for place in asked if place not in groups for item in list_items(place)}
    labels = [
        found[name] for name in sorted(found) if found[name].base.endswith((*_LABELS, *_RASTERS, *_VIRTUAL))
    ]
    labels += _attached(found)
    results = read_each(labels, lambda item: _tried(item.source, partial(_cube, item, wanted, found)))
    results += [_tried(group, partial(_group, group, wanted)) for group in sorted(groups)]
    tiles, repeated = once_each([each for each in results if not isinstance(each, Problem)])
    problems = sorted([*repeated, *(each for each in results if isinstance(each, Problem))])
    if not tiles:
        raise ArchiveError(none_usable(asked, len(found), problems, _KINDS))
    used = {item.source for item in labels}
    ignored = sorted(name for name in found if name not in used and not found[name].base.endswith(_IMAGES))
    return TileSearch(tiles=tiles, problems=tuple(problems), phase=(), ignored=tuple(ignored))


def _attached(found: Found) -> list[Item]:
    """Images without a label beside them: theirs is in the file."""
    stems = {item.source.rpartition(".")[0] for item in found.values() if item.base.endswith(_LABELS)}
    images = (found[name] for name in sorted(found) if found[name].base.endswith(_IMAGES))
    return [item for item in images if item.source.rpartition(".")[0] not in stems]


def _tried(source: str, read: Callable[[], Cube]) -> Cube | Problem:
    try:
        return read()
    except (ArchiveError, GeometryError) as error:
        return Problem(source=source, message=str(error))


def _group(url: str, wanted: Wanted) -> Cube:
    # Slow to import.
    from lunarcloud.archive.zarrs import zarr_cube

    return zarr_cube(url, wanted)


def _cube(item: Item, wanted: Wanted, found: Found) -> Cube:
    if not item.base.endswith((*_LABELS, *_IMAGES)):
        # Slow to import.
        from lunarcloud.archive.rasters import raster_cube

        return raster_cube(item, wanted)
    head = head_of(item, HEAD_BYTES)
    name = image_pointer(parse_pds3_label(head, source=item.source), source=item.source).name
    image = sibling(item, name, found) if name else item
    return pds3_cube(head, wanted, source=item.source, url=image.url, start=image.start, size=size_of(image))
