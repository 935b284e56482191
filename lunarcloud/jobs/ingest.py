"""Job ``ingest``: archive tiles become a published mosaic."""

from pydantic import BaseModel, ConfigDict, Field

from lunarcloud.archive.search import find_tiles
from lunarcloud.engine import Cluster
from lunarcloud.jobs.common import Estimate, compute_groups, estimate
from lunarcloud.moon import grid
from lunarcloud.mosaic import IngestPlan, Mosaic, completed, find_mosaic, plan_ingest
from lunarcloud.storage import Published, finish, folder, publish, read_catalog


class IngestInputs(BaseModel):
    """What to ingest, and where to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tiles: tuple[str, ...] = Field(
        min_length=1, description="folders, globs, archives, files or URLs of tiles"
    )
    root: str = Field(min_length=1, description="folder or URL under which everything lives")
    ppd: int = Field(ge=1, le=1000, description="pixels per degree; 304 is full resolution")
    shard: int | None = Field(default=None, ge=1, description="pixels along the edge of a shard")
    strict: bool = Field(default=False, description="refuse a set of tiles that is not whole")


class IngestResult(BaseModel):
    """What an ingest made."""

    model_config = ConfigDict(frozen=True)

    mosaic: str
    url: str
    shards_computed: int
    pixels: int
    uncovered: int
    missing: dict[str, int] = Field(description="values missing in the mosaic by kind, over all bands")
    missing_by_tile: dict[str, int] = Field(description="the same by 'product id/kind'")
    missing_tiles: tuple[str, ...]
    problems: tuple[tuple[str, str], ...]


def ingest(inputs: IngestInputs, cluster: Cluster) -> IngestResult:
    """Compute what is not there yet of the mosaic of some tiles, and publish it.

    Raises
    ------
    ArchiveError, NotFoundError
        If there are no usable tiles, or with ``strict`` not all.
    InputError
        If the root holds a mosaic on another grid.
    StoreError
        If the root cannot be written.
    """
    plan = _plan(inputs)
    root = folder(inputs.root)
    known = {entry.id for entry in read_catalog(root).of("mosaic")}
    if plan.card.id in known:
        return _result(find_mosaic(root, plan.card.id), 0)
    root.require_writable()
    number = compute_groups([plan.group], cluster)
    card = completed(plan.card, plan.group.ledger.entries().values())
    title = "Clementine UVVIS reflectance mosaic of the Moon"
    finish(plan.group.place, plan.group.layout, {"title": title, "mosaic": card.id})
    (root / "mosaic").write(f"{card.id}.json", card.model_dump_json(indent=1).encode())
    publish(root, Published(kind="mosaic", id=card.id, path=f"mosaic/{card.id}.zarr"))
    return _result(find_mosaic(root, card.id), number)


def estimate_ingest(inputs: IngestInputs) -> list[Estimate]:
    """What an ingest would take."""
    return [estimate(_plan(inputs).group)]


def _plan(inputs: IngestInputs) -> IngestPlan:
    search = find_tiles(inputs.tiles)
    return plan_ingest(search, folder(inputs.root), grid(inputs.ppd, inputs.shard), strict=inputs.strict)


def _result(mosaic: Mosaic, number: int) -> IngestResult:
    card = mosaic.card
    kinds: dict[str, int] = {}
    for name, count in card.missing.items():
        kind = name.split("/")[1]
        kinds[kind] = kinds.get(kind, 0) + count
    return IngestResult(
        mosaic=card.id,
        url=mosaic.place.url,
        shards_computed=number,
        pixels=card.pixels,
        uncovered=card.uncovered,
        missing=kinds,
        missing_by_tile=card.missing,
        missing_tiles=card.missing_tiles,
        problems=card.problems,
    )
