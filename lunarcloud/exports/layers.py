"""What of a record becomes a file: its maps, as they are stored, by the names of their files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.exports.rasters import Stored
from lunarcloud.lineage import Record
from lunarcloud.maps import INTERVALS, STORE
from lunarcloud.moon import Grid
from lunarcloud.storage import Folder

# Of groups beside each other, the one whose maps need no further word in their names.
_MAIN = "global"


@dataclass(frozen=True, slots=True)
class Group:
    """Maps on one raster.

    Attributes
    ----------
    title : str
        Of the store and the group, for names of files.
    suffix : str
        What tells its maps from those of the record's other groups; empty where there is nothing to tell.
    levels : sequence of Stored
        The wanted one, then its overviews, each coarser than the one before.
    """

    title: str
    suffix: str
    levels: Sequence[Stored]

    @property
    def stored(self) -> Stored:
        """The wanted level."""
        return self.levels[0]


@dataclass(frozen=True, slots=True)
class Layer:
    """A map that becomes a GeoTIFF.

    Attributes
    ----------
    levels : sequence of Stored
        As of its `Group`.
    name : str
        Of the map.
    says : mapping of str to str
        What the record says of itself, for the file's own metadata.
    """

    levels: Sequence[Stored]
    name: str
    says: Mapping[str, str] = field(default_factory=dict)


def groups_of(home: Folder, record: Record[Any], level: int, *, whole_moon: bool) -> list[Group]:
    """The groups of maps of a record.

    Parameters
    ----------
    home : Folder
        The record's folder.
    record : Record
        Of any kind.
    level : int
        Of a run: 0 is full resolution, each further one coarser.
    whole_moon : bool
        Only those on the global grid, of which there are regions and projections.

    Raises
    ------
    InputError
        If there are none.
    NotFoundError
        If there is no such level.
    """
    keys = [key.rstrip("/") for key in record.groups]
    found = _of_run(home, keys, level) if record.ref.kind == "runs" else _apart(home, keys, level)
    if whole_moon:
        found = [each for each in found if isinstance(each.stored.raster, Grid)]
    if not found:
        which = "on the global grid " if whole_moon else ""
        raise InputError(f"{record.ref} has no maps {which}to export; --tables DIR writes tables")
    return found


def chosen(groups: Sequence[Group], maps: Sequence[str]) -> Iterator[tuple[Group, tuple[str, ...]]]:
    """Groups with those of their maps that are wanted: all of them where none is named.

    Parameters
    ----------
    groups : sequence of Group
        Of a record.
    maps : sequence of str
        Names.

    Raises
    ------
    NotFoundError
        For a name that no group has.
    """
    known = list(dict.fromkeys(name for each in groups for name in each.stored.maps))
    if unknown := [name for name in maps if name not in known]:
        raise NotFoundError(f"there is no map {', '.join(map(repr, unknown))}, only {', '.join(known)}")
    for each in groups:
        if names := tuple(name for name in each.stored.maps if not maps or name in maps):
            yield each, names


def _of_run(home: Folder, keys: Sequence[str], level: int) -> list[Group]:
    """A level of a run's maps; with the finest their half-widths, which have one level."""
    number = sum(key.removeprefix(f"{STORE}/").isdecimal() for key in keys)
    if not 0 <= level < number:
        raise NotFoundError(f"{home.url} has levels 0 to {number - 1}, not {level}")
    maps = Group("maps", "", [Stored(home / f"{STORE}/{each}") for each in range(level, number)])
    half_widths = f"{STORE}/{INTERVALS}"
    if level or half_widths not in keys:
        return [maps]
    return [maps, Group(f"maps_{INTERVALS}", f"_{INTERVALS}", [Stored(home / half_widths)])]


def _apart(home: Folder, keys: Sequence[str], level: int) -> list[Group]:
    """Groups beside each other, such as gravity's around the poles."""
    if level:
        raise InputError(f"--level {level}: {home.url} has no levels, only runs have")
    # Of the global grid there are coarser levels beside it, each named after it.
    coarser = [key for key in keys if key.rpartition("_")[0].endswith(f"/{_MAIN}")]
    found = []
    for key in keys:
        if key in coarser:
            continue
        store, _, part = key.partition(".zarr")
        is_main = part.strip("/") in ("", _MAIN)
        suffix = "" if is_main else f"_{part.strip('/')}"
        levels = [key, *coarser] if is_main else [key]
        found.append(Group(f"{store}{suffix}", suffix, [Stored(home / each) for each in levels]))
    return found
