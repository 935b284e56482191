"""Finding the tiles of a folder, archive or list of URLs, and what is wrong with the unusable ones."""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from lunarcloud.archive.pds3 import HEAD_BYTES, pds3_tile
from lunarcloud.archive.pds4 import image_file_name, is_observation, parse_pds4_label, pds4_tile
from lunarcloud.archive.sources import Item, list_items, one_file, read_ranges, size_of
from lunarcloud.archive.tiles import Image, Tile
from lunarcloud.errors import ArchiveError, NotFoundError

# Labels are small: over a network nearly all the time is waiting, so many are asked for at once. Of a disk
# they are there at once, and threads would only get in each other's way.
_READERS = 16
# Real PDS4 labels have 10 KiB or some more; what is beyond 4 MiB is no label, and is not read into memory.
_LARGEST_XML = 1 << 22
# Beside each image tile the archive has one of the phase angle, whose values are no reflectance.
_PHASE = re.compile(r"pi\d\d[ns]\d{3}\.|uvvis_phase_")
_LABELS = (".img", ".xml")

#: Files by their source.
Found: TypeAlias = dict[str, Item]
#: An image of the archive, or a cube.
ImageT = TypeVar("ImageT", bound=Image)
ResultT = TypeVar("ResultT")

_KINDS = "PDS3 .img files, or PDS4 .xml labels with their .tif"


class Problem(NamedTuple):
    """A file that should be a tile and cannot be used.

    Attributes
    ----------
    source : str
        Where it is.
    message : str
        What is wrong with it, and what to do.
    """

    source: str
    message: str


class TileSearch(NamedTuple, Generic[ImageT]):
    """What `find_tiles` or `find_cubes` found.

    Attributes
    ----------
    tiles : tuple of Image
        What can be used, by product id, one of each.
    problems : tuple of Problem
        What should be tiles and cannot be used, by source.
    phase : tuple of str
        The recognised phase-angle tiles, which are set aside.
    ignored : tuple of str
        Files of other kinds, and the labels of other products.
    """

    tiles: tuple[ImageT, ...]
    problems: tuple[Problem, ...]
    phase: tuple[str, ...]
    ignored: tuple[str, ...]


def find_tiles(places: str | Sequence[str]) -> TileSearch[Tile]:
    """The image tiles of the UVVIS mosaic in one or more places, their labels read and checked.

    Parameters
    ----------
    places : str or sequence of str
        Folders (with all folders in them), globs, files, .tar or .tar.gz archives, .txt files with one place
        a line; paths or any fsspec URLs. PDS3 tiles are .img files with an attached label, PDS4 tiles .xml
        labels with the .tif they name beside them.

    Returns
    -------
    TileSearch
        The same for the same files, in whatever order they are given.

    Raises
    ------
    ArchiveError
        If there is no tile at all, or an archive is damaged.
    NotFoundError
        If a place does not exist.
    StoreError
        If a store does not answer.
    """
    asked = [places] if isinstance(places, str) else list(places)
    # By source, so that a file that is named twice, by its folder and by itself, is one.
    found = {item.source: item for place in asked for item in list_items(place)}
    phase = sorted(source for source, item in found.items() if _PHASE.match(item.base))
    labels = [found[name] for name in sorted(found.keys() - phase) if found[name].base.endswith(_LABELS)]
    results = read_each(labels, partial(_read_one, found=found))
    tiles, repeated = once_each([result for result in results if isinstance(result, Tile)])
    problems = sorted([*repeated, *(result for result in results if isinstance(result, Problem))])
    if not tiles:
        raise ArchiveError(none_usable(asked, len(found), problems, _KINDS))
    used = {label.source for label, result in zip(labels, results, strict=True) if result is not None}
    images = {source for source, item in found.items() if item.base.endswith(".tif")}
    ignored = sorted(found.keys() - phase - used - images)
    return TileSearch(tiles=tiles, problems=tuple(problems), phase=tuple(phase), ignored=tuple(ignored))


def once_each(tiles: Sequence[ImageT]) -> tuple[tuple[ImageT, ...], list[Problem]]:
    """The first tile of each product id, in their order, and a problem for each further one."""
    firsts: dict[str, ImageT] = {}
    repeated = []
    for tile in tiles:
        first = firsts.setdefault(tile.product_id, tile)
        if first is not tile:
            message = f"{tile.source}: {tile.product_id} is already given by {first.source}, which is used"
            repeated.append(Problem(source=tile.source, message=message))
    return tuple(firsts[name] for name in sorted(firsts)), repeated


def none_usable(asked: list[str], files: int, problems: list[Problem], kinds: str) -> str:
    """What is said where nothing can be used.

    Parameters
    ----------
    asked : list of str
        The places.
    files : int
        How many files are there.
    problems : list of Problem
        What is wrong with those that should be usable.
    kinds : str
        What could be.
    """
    if problems:
        return f"none of {len(problems)} tiles can be used; {problems[0].message}"
    return f"no image tile in {', '.join(asked)} ({files} files there): give {kinds}"


def read_each(labels: Sequence[Item], read: Callable[[Item], ResultT]) -> list[ResultT]:
    """What is read of each label, in their order; of those elsewhere many at once.

    Parameters
    ----------
    labels : sequence of Item
        What to read.
    read : callable
        How.
    """
    if not any("://" in label.url for label in labels):
        return [read(label) for label in labels]
    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(read, labels))


def _read_one(label: Item, found: Found) -> Tile | Problem | None:
    try:
        return _pds3(label) if label.base.endswith(".img") else _pds4(label, found)
    except ArchiveError as error:
        return Problem(source=label.source, message=str(error))


def _pds3(item: Item) -> Tile:
    head = head_of(item, HEAD_BYTES)
    tile = pds3_tile(head, source=item.source, url=item.url, start=item.start)
    return _whole(tile, item)


def _pds4(item: Item, found: Found) -> Tile | None:
    data = head_of(item, _LARGEST_XML)
    root = parse_pds4_label(data, source=item.source)
    if not is_observation(root):
        return None
    name = image_file_name(root, source=item.source)
    image = sibling(item, name, found)
    return _whole(pds4_tile(data, source=item.source, url=image.url, start=image.start), image)


def head_of(item: Item, most: int) -> bytes:
    """The first bytes of a file, so many at most."""
    # Never beyond the item: in an archive, the next member's bytes would follow.
    size = most if item.size is None else min(item.size, most)
    return read_ranges(item.url, [(item.start, size)])[0]


def sibling(label: Item, name: str, found: Found) -> Item:
    """The file beside a label that it names.

    Parameters
    ----------
    label : Item
        The label.
    name : str
        A plain name.
    found : dict of str to Item
        All files that were listed.

    Raises
    ------
    ArchiveError
        If there is none.
    """
    # The last part of the source, after the last slash or, at the top of an archive, after "::".
    last = label.source.rpartition("/")[2].rpartition("::")[2]
    source = label.source.removesuffix(last) + name
    if source in found:
        return found[source]
    missing = f"{label.source}: names the image {name}, which is not beside it"
    # What is not listed of an archive, where no member begins at its first byte, is not in it.
    if label.start:
        raise ArchiveError(missing)
    try:
        # On the web by the label's own URL, which may have a user; a signature is of one file alone.
        own = label.url.partition("?")[0] if label.url.startswith("http") else label.source
        return one_file(own.removesuffix(last) + name)
    except NotFoundError as error:
        raise ArchiveError(missing) from error


def _whole(tile: Tile, image: Item) -> Tile:
    """The tile, if its file is as long as the label says."""
    # Offsets are in the file or the archive's stream; from where the image begins, they are its length.
    expected, size = tile.end_offset - image.start, size_of(image)
    if size is not None and size < expected:
        raise ArchiveError(
            f"{image.source}: the image is cut short: the label of {tile.product_id} needs {expected} bytes, "
            f"the file has {size}; fetch it again"
        )
    return tile
