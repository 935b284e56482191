"""What is to be fetched, of that what is there already, and how much room the rest takes."""

import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lunarcloud.archive import (
    HEAD_BYTES,
    MAP_BYTES,
    Item,
    file_digest,
    list_items,
    read_file,
    read_ranges,
    require_length,
    size_of,
)
from lunarcloud.errors import ArchiveError, InputError, NotFoundError
from lunarcloud.fetching.checks import LARGEST_LABEL, came_of
from lunarcloud.fetching.ledger import sizes_of
from lunarcloud.fetching.region import Box, tiles_in
from lunarcloud.fetching.sources import Issue, Piece, Source, file_name, source_of
from lunarcloud.storage import Folder, folder

# Labels are small: of a store nearly all the time is waiting, so many are asked for at once.
_READERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be fetched.

    Attributes
    ----------
    source : Source
        Its row of the table.
    base : str
        Address before every path: the archive's, or a mirror's.
    place : Folder
        Where to.
    there : tuple of str
        Paths or URLs of what is whole there already, of images without their labels.
    pieces : tuple of Piece
        What is to come.
    """

    source: Source
    base: str
    place: Folder
    there: tuple[str, ...]
    pieces: tuple[Piece, ...]

    @property
    def n_bytes(self) -> int:
        """What is to come, bytes; of tiles about."""
        return sum(piece.n_bytes for piece in self.pieces)

    @property
    def free_bytes(self) -> int | None:
        """Room on the disk; None where the place is a store."""
        if "://" in self.place.url:
            return None
        path = Path(self.place.url)
        return shutil.disk_usage(next(each for each in (path, *path.parents) if each.exists())).free

    def __str__(self) -> str:
        wanted = len(self.there) + len(self.pieces)
        if not self.pieces:
            return f"{self.source.title}: {wanted} wanted, all are in {self.place.url}"
        free = self.free_bytes
        room = "" if free is None else f", where {in_words(free)} are free"
        return (
            f"{self.source.title}: {wanted} wanted, {len(self.there)} there, "
            f"{len(self.pieces)} to come: about {in_words(self.n_bytes)} into {self.place.url}{room}"
        )


def in_words(n_bytes: int) -> str:
    """A number of bytes as people read it."""
    return f"{n_bytes / 1e9:,.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:,.1f} MB"


def plan_fetch(
    name: str,
    place: str | Path,
    *,
    region: Box | None = None,
    issue: Issue = "pds3",
    mirror: str | None = None,
) -> Plan:
    """Look what of a source is at a place, and what is to come.

    Parameters
    ----------
    name : str
        One of `SOURCES`, upper and lower case alike.
    place : str or Path
        Local folder or any fsspec URL.
    region : Box, optional
        Only tiles that hold any part of it.
    issue : {"pds3", "pds4"}
        Which issue of the tiles.
    mirror : str, optional
        Address in the place of the archive's, with the same paths below it.

    Returns
    -------
    Plan
        For `carry_out`.

    Raises
    ------
    InputError
        For an unknown name, or an option that this source does not have.
    StoreError
        If the place cannot be looked at.
    """
    source = source_of(name, issue)
    wanted, target = _wanted(source, region), folder(place)
    there = _there(source, wanted, target)
    return Plan(
        source=source,
        base=_address(mirror) if mirror else source.base,
        place=target,
        there=tuple(there.values()),
        pieces=tuple(piece for piece in wanted if piece.name not in there),
    )


def _wanted(source: Source, region: Box | None) -> tuple[Piece, ...]:
    if region is None:
        return source.pieces
    if len(source.pieces) == 1:
        raise InputError(f"{source.name} is one file, which has no parts; a region is for clementine")
    touched = tiles_in(region)
    return tuple(piece for piece in source.pieces if piece.name in touched)


def _address(mirror: str) -> str:
    address = mirror.rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise InputError(f"mirror {mirror!r}: give an address that begins with http:// or https://")
    return address


def _there(source: Source, wanted: tuple[Piece, ...], place: Folder) -> dict[str, str]:
    """Names of the pieces that are whole at a place, and where they are."""
    try:
        items = {item.base: item for item in list_items(place.url)}
    except NotFoundError:
        return {}
    found = {piece: items[_base(piece.file)] for piece in wanted if _base(piece.file) in items}
    came = sizes_of(place)
    with ThreadPoolExecutor(_READERS if "://" in place.url else 1) as pool:
        whole = list(
            pool.map(lambda piece: _came(piece, items, came) or _is_whole(source, piece, items), found)
        )
    return {piece.name: found[piece].source for piece, known in zip(found, whole, strict=True) if known}


def _came(piece: Piece, items: Mapping[str, Item], came: Mapping[str, int]) -> bool:
    """Whether the ledger has all files of a piece, each as long as it is there."""
    names = [_base(name) for name in (piece.file, file_name(piece.label)) if name]
    return all(name in came and name in items and items[name].size == came[name] for name in names)


def _base(name: str) -> str:
    # As `Item.base` has it: whoever brought the files may have named them in capitals.
    return name.lower()


def _is_whole(source: Source, piece: Piece, items: Mapping[str, Item]) -> bool:
    item = items[_base(piece.file)]
    if piece.digest:
        return file_digest(item.url) == piece.digest
    try:
        label = _label(piece, items)
        if source.extent is None:
            source.require(came_of(item.url, read_file(item.url, MAP_BYTES).data, piece.n_bytes, label))
        else:
            head = read_ranges(item.url, [(0, HEAD_BYTES)])[0]
            # Its content was checked before it got its name; to read it all again would take minutes.
            require_length(source.extent(head, label, item.url), size_of(item) or 0, source=item.url)
    except (ArchiveError, NotFoundError):
        return False
    return True


def _label(piece: Piece, items: Mapping[str, Item]) -> bytes:
    if not piece.label:
        return b""
    label = _base(file_name(piece.label))
    if label not in items:
        raise NotFoundError(f"{piece.name} has no label beside it")
    return read_file(items[label].url, LARGEST_LABEL).data
