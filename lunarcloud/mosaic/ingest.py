"""The plan of an ingest: which tiles become which mosaic, and what one shard of it takes."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from pydantic import TypeAdapter

from lunarcloud.archive.scheme import cells
from lunarcloud.archive.search import Problem, TileSearch
from lunarcloud.archive.tiles import Tile
from lunarcloud.engine import Group, MemoryPlan, Product
from lunarcloud.errors import ArchiveError, InputError
from lunarcloud.moon import Grid, Shard
from lunarcloud.mosaic.layout import REFLECTANCE, mosaic_layout
from lunarcloud.mosaic.resample import UNCOVERED, resample, touches
from lunarcloud.mosaic.store import MosaicCard, mosaic_card, mosaic_group
from lunarcloud.storage import Entry, Folder, digest, read_catalog

# Part of every id: raise it when the same tiles would give other bytes.
_ALGORITHM = 2
# Per pixel of a shard: five bands of numbers, again while encoding, and flags; once more for a tile's window.
_TASK_BYTES_PER_PIXEL = 32
# Whatever the shard's size: blocks of rows of tiles while they are read and painted.
_TASK_BYTES = 160 * 2**20
_TILES = TypeAdapter(tuple[Tile, ...])
# Mpixel/s of a thread, as measured by benchmarks/ingest.py.
_RATE = 4.0


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """Everything about an ingest before it runs.

    Attributes
    ----------
    card : MosaicCard
        What the mosaic will be called and made from, still without counts and digest.
    group : Group
        Its shards: where they go, what computes one, and the memory that takes.
    """

    card: MosaicCard
    group: Group


@dataclass(frozen=True, slots=True)
class _IngestShard:
    grid: Grid
    tiles: bytes  #: packed, because a task that brings a thousand tiles would spend its time making them

    def __call__(self, shard: Shard) -> Product:
        window = self.grid.window(shard)
        # Tested by bounds here, in the worker: the plan stays independent of how tiles lie to shards.
        near = [tile for tile in _unpacked(self.tiles) if touches(self.grid, window, tile)]
        dn, counts = resample(self.grid, window, near)
        # The ledger keeps what was near, not what was used: a tile that gave no pixel was asked all the same.
        inputs = {tile.product_id: tile.label_digest for tile in near}
        return Product(arrays={REFLECTANCE: dn}, inputs=inputs, counts=counts)


def plan_ingest(search: TileSearch, root: Folder, grid: Grid, *, strict: bool) -> IngestPlan:
    """Decide what an ingest would do.

    Parameters
    ----------
    search : TileSearch
        The tiles found, and the files that are none.
    root : Folder
        Where the mosaic would be.
    grid : Grid
        The grid.
    strict : bool
        Refuse if a tile is missing or cannot be used, instead of leaving missing pixels.

    Returns
    -------
    IngestPlan
        The same, id included, for the same labels in whatever order they were found.

    Raises
    ------
    ArchiveError
        With `strict`, if the set is not whole.
    InputError
        If the root already holds a mosaic on another grid.
    """
    tiles, problems = _same_scaling(search)
    given = {tile.product_id for tile in tiles}
    missing = tuple(cell.product_id for cell in cells() if cell.product_id not in given)
    if strict and (problems or missing):
        raise ArchiveError(_not_whole(problems, missing))
    card = MosaicCard(
        id=_identity(grid, tiles),
        ppd=grid.ppd,
        shard_edge=grid.shard_edge,
        scaling_factor=tiles[0].scaling_factor,
        offset=tiles[0].offset,
        tiles={tile.product_id: tile.label_digest for tile in tiles},
        missing_tiles=missing,
        problems=problems,
        pixels=grid.n_rows * grid.n_cols,
    )
    _require_same_grid(root, card)
    place, ledger = mosaic_group(root, card.id)
    group = Group(
        title="ingest",
        place=place,
        ledger=ledger,
        layout=mosaic_layout(grid, scaling_factor=card.scaling_factor, offset=card.offset),
        function=_IngestShard(grid, _TILES.dump_json(tiles)),
        memory=MemoryPlan(task=_TASK_BYTES + _TASK_BYTES_PER_PIXEL * grid.shard_edge**2),
        rate=_RATE,
    )
    return IngestPlan(card, group)


@lru_cache(maxsize=2)
def _unpacked(tiles: bytes) -> tuple[Tile, ...]:
    """Tiles from their packed form, once a process."""
    return _TILES.validate_json(tiles)


def completed(card: MosaicCard, entries: Iterable[Entry]) -> MosaicCard:
    """The card of a mosaic whose shards are all in the ledger."""
    counts: Counter[str] = Counter()
    outputs = []
    for entry in entries:
        counts.update(entry.counts)
        outputs.append([*entry.shard, entry.outputs[REFLECTANCE]])
    # Resampling counts both in one dictionary; on the card, no tile is to blame for an uncovered pixel.
    uncovered = counts.pop(UNCOVERED, 0)
    found = {"missing": dict(sorted(counts.items())), "uncovered": uncovered}
    # Sorted by shard, because entries come in the order in which workers finished.
    return card.model_copy(update={**found, "digest": digest(json.dumps(sorted(outputs)).encode())})


def _identity(grid: Grid, tiles: tuple[Tile, ...]) -> str:
    # A tile's label carries the archive's checksum of its pixels, so its digest stands for both.
    content = [
        _ALGORITHM,
        grid.ppd,
        grid.shard_edge,
        [[tile.product_id, tile.label_digest] for tile in tiles],
    ]
    return digest(json.dumps(content).encode())[:16]


def _same_scaling(search: TileSearch) -> tuple[tuple[Tile, ...], tuple[Problem, ...]]:
    """The tiles whose numbers mean the same as most tiles' do; the others are problems."""
    scalings = Counter((tile.scaling_factor, tile.offset) for tile in search.tiles)
    # Among equally frequent ones the larger, so that the order of the tiles decides nothing.
    common = max(scalings, key=lambda scaling: (scalings[scaling], scaling))
    tiles, problems = [], list(search.problems)
    for tile in search.tiles:
        if (tile.scaling_factor, tile.offset) == common:
            tiles.append(tile)
        else:
            scaling = f"scaling factor {tile.scaling_factor}, offset {tile.offset}"
            message = f"{tile.source}: {scaling}; most tiles have {common[0]} and {common[1]}"
            problems.append(Problem(source=tile.source, message=message))
    return tuple(tiles), tuple(problems)


def _require_same_grid(root: Folder, card: MosaicCard) -> None:
    # Runs and findings of one root are compared pixel by pixel and shard by shard, so they share one grid.
    for known in read_catalog(root).of("mosaic"):
        other = mosaic_card(root, known.id)
        if (other.ppd, other.shard_edge) != (card.ppd, card.shard_edge):
            raise InputError(
                f"{root.url} holds a mosaic of {other.ppd} pixels per degree in shards of "
                f"{other.shard_edge}; asked for are {card.ppd} and {card.shard_edge}: "
                "use these, or another root"
            )


def _not_whole(problems: tuple[Problem, ...], missing: tuple[str, ...]) -> str:
    first = f"; first problem: {problems[0].message}" if problems else ""
    names = f"; missing: {', '.join(missing[:5])} ..." if missing else ""
    return (
        f"the set of tiles is not whole: {len(problems)} with problems, {len(missing)} missing{first}{names}"
    )
