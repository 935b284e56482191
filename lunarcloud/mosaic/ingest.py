"""The plan of an ingest: which tiles become which mosaic, and what one shard of it takes."""

from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any, NamedTuple

from lunarcloud.archive import (
    Cube,
    Image,
    Instrument,
    Problem,
    Tile,
    TileSearch,
    cells,
    instrument,
    listed,
)
from lunarcloud.config import settings
from lunarcloud.engine import MemoryPlan, Product, Work
from lunarcloud.errors import ArchiveError
from lunarcloud.moon import Grid, Shard
from lunarcloud.mosaic.layout import REFLECTANCE
from lunarcloud.mosaic.resample import UNCOVERED, resample, touches
from lunarcloud.mosaic.store import MosaicCard, mosaic_group
from lunarcloud.storage import Entry, Folder

# Per pixel and band of a shard: numbers, again while encoding, and flags; some more for a tile's window.
_TASK_BYTES_PER_VALUE = 6
# Per pixel of a shard: bands measured, and which tile it is from, as far as not counted above.
_TASK_BYTES_PER_PIXEL = 3
# Whatever the shard's size: blocks of rows of tiles while they are read and painted; of cubes the numbers
# may be twice as wide, and a library keeps some of what it unpacked.
_TASK_BYTES = 160 * 2**20
_CUBE_BYTES = 256 * 2**20
# Notes of labels that travel: more of them say nothing in common.
_NOTES = 3
# Mpixel/s of a thread, as measured by benchmarks/ingest.py.
_RATE = 4.0


class IngestPlan(NamedTuple):
    """Everything about an ingest before it runs, decided from labels alone.

    Attributes
    ----------
    card : MosaicCard
        Of the mosaic, as far as it is known before.
    tiles : tuple of Image
        What it is made of. A tile's label carries the archive's checksum of its pixels, so the digest of the
        label stands for both.
    """

    card: MosaicCard
    tiles: tuple[Image, ...]


@dataclass(frozen=True, slots=True)
class IngestShard:
    """The task of one shard: the tiles that touch it, resampled."""

    grid: Grid
    tiles: tuple[Image, ...]
    instrument: Instrument

    def __call__(self, shard: Shard) -> Product:
        """The mosaic's numbers of one shard, and what is missing of them."""
        window = self.grid.window(shard)
        near = [tile for tile in self.tiles if touches(self.grid, window, tile)]
        dn, counts = resample(self.grid, window, near, self.instrument)
        # The ledger keeps what was near, not what was used: a tile that gave no pixel was asked all the same.
        inputs = {tile.product_id: tile.label_digest for tile in near}
        return Product(arrays={REFLECTANCE: dn}, inputs=inputs, counts=counts)


def plan_ingest(search: TileSearch[Tile] | TileSearch[Cube], grid: Grid, *, strict: bool) -> IngestPlan:
    """Decide which tiles a mosaic is made of.

    Parameters
    ----------
    search : TileSearch
        The tiles found, and the files that are none.
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
    """
    tiles, problems = _same_scaling(search)
    given = {tile.product_id for tile in tiles}
    missing = _missing(given) if isinstance(tiles[0], Tile) else ()
    if strict and (problems or missing):
        raise ArchiveError(_not_whole(problems, missing))
    card = MosaicCard(
        ppd=grid.ppd,
        shard_edge=grid.shard_edge,
        scaling_factor=tiles[0].scaling_factor,
        offset=tiles[0].offset,
        instrument=tiles[0].instrument,
        **_own_bands(tiles[0].camera),
        tiles={tile.product_id: tile.label_digest for tile in tiles},
        missing_tiles=missing,
        problems=problems,
        pixels=grid.n_rows * grid.n_cols,
    )
    return IngestPlan(card, tiles)


def notes_of(tiles: Sequence[Image]) -> tuple[str, ...]:
    """What the labels of some tiles say that nobody may overlook, the most frequent first, few of them."""
    counts = Counter(tile.note for tile in tiles if tile.note)
    common = [note for note, _ in counts.most_common(_NOTES)]
    rest = len(counts) - len(common)
    return (*common, *([f"and {rest} other notes of tiles"] if rest else []))


def ingest_work(plan: IngestPlan, place: Folder) -> Work:
    """What is to be computed of a mosaic.

    Parameters
    ----------
    plan : IngestPlan
        The mosaic.
    place : Folder
        Its folder.
    """
    grid, group = plan.card.grid, mosaic_group(place, plan.card)
    camera = plan.card.camera
    fixed = _TASK_BYTES + (0 if isinstance(plan.tiles[0], Tile) else _CUBE_BYTES)
    per_pixel = _TASK_BYTES_PER_PIXEL + _TASK_BYTES_PER_VALUE * len(camera.bands)
    return Work(
        title="ingest",
        group=group,
        function=IngestShard(grid, plan.tiles, camera),
        memory=MemoryPlan(task=fixed + per_pixel * grid.shard_edge**2, process=_cached(plan.tiles)),
        rate=_RATE,
    )


def _cached(tiles: Sequence[Image]) -> int:
    """What a process keeps of tiles on the web, bytes."""
    on_web = any(tile.url.startswith(("http://", "https://")) for tile in tiles)
    return settings().cache_mib << 20 if on_web else 0


def completed(card: MosaicCard, entries: Iterable[Entry]) -> MosaicCard:
    """The card of a mosaic whose shards are all in the ledger."""
    counts: Counter[str] = Counter()
    for entry in entries:
        counts.update(entry.counts)
    uncovered = counts.pop(UNCOVERED, 0)
    return card.model_copy(update={"missing": dict(sorted(counts.items())), "uncovered": uncovered})


def _missing(given: Set[str]) -> tuple[str, ...]:
    """The archive's tiles that are not there."""
    return tuple(cell.product_id for cell in cells() if cell.product_id not in given)


def _own_bands(camera: Instrument) -> dict[str, Any]:
    """What a card says of bands: nothing where the instrument has its own."""
    if camera == instrument(camera.name):
        return {}
    return {"bands": camera.bands, "wavelengths_nm": camera.wavelengths_nm}


def _same_scaling(
    search: TileSearch[Tile] | TileSearch[Cube],
) -> tuple[tuple[Image, ...], tuple[Problem, ...]]:
    """The tiles whose numbers mean the same as most tiles' do; the others are problems."""
    scalings = Counter(_meaning(tile) for tile in search.tiles)
    # Among equally frequent ones the larger, so that the order of the tiles decides nothing.
    common = max(scalings, key=lambda scaling: (scalings[scaling], scaling))
    tiles: list[Image] = []
    problems = list(search.problems)
    for tile in search.tiles:
        if _meaning(tile) == common:
            tiles.append(tile)
        else:
            factor, offset, *what = _meaning(tile)
            scaling = f"scaling factor {factor}, offset {offset}, {', '.join(map(str, what))}"
            message = f"{tile.source}: {scaling}; most tiles have {', '.join(map(str, common))}"
            problems.append(Problem(source=tile.source, message=message))
    return tuple(tiles), tuple(problems)


def _meaning(tile: Image) -> tuple[float, float, str, str]:
    """What makes a tile's numbers reflectances, and of what."""
    bands = ", ".join(tile.camera.bands)
    return tile.scaling_factor, tile.offset, tile.instrument, f"bands {bands}, {listed(tile.wavelengths)}"


def _not_whole(problems: tuple[Problem, ...], missing: tuple[str, ...]) -> str:
    first = f"; first problem: {problems[0].message}" if problems else ""
    names = f"; missing: {', '.join(missing[:5])} ..." if missing else ""
    return (
        f"the set of tiles is not whole: {len(problems)} with problems, {len(missing)} missing{first}{names}"
    )
