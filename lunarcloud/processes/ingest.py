"""Process ``ingest``: archive tiles become a mosaic."""

from collections import Counter
from collections.abc import Sequence
from typing import Self

from pydantic import model_validator

from lunarcloud.archive import (
    INSTRUMENTS,
    Cube,
    Problem,
    Tile,
    TileSearch,
    Wanted,
    file_digest,
    find_cubes,
    find_tiles,
    instrument,
    read_bands,
)
from lunarcloud.engine import Session
from lunarcloud.lineage import Given, Record, Root, Source
from lunarcloud.moon import grid
from lunarcloud.mosaic import (
    STORE,
    IngestPlan,
    MosaicCard,
    completed,
    ingest_work,
    load_mosaic,
    mosaic_attributes,
    notes_of,
    plan_ingest,
)
from lunarcloud.processes.inputs import ARGUMENT, Inputs, file, given_of, option, place
from lunarcloud.processes.process import Estimate, Made, Process, Report, estimate_work, shards_of
from lunarcloud.storage import Folder, entries_digest

_SHOWN_PROBLEMS = 10


class IngestInputs(Inputs):
    """What to ingest."""

    tiles: tuple[str, ...] = place(
        ...,
        "folders, globs, .tar.gz archives, files or URLs of PDS3 .img or PDS4 .xml tiles; of another "
        "--instrument PDS3 .lbl with .img, GeoTIFF, ISIS .cub or Zarr",
        **{ARGUMENT: True},
    )
    ppd: int = option(
        ..., "pixels per degree of the grid; 304 is full resolution", limits={"ge": 1, "le": 1000}
    )
    shard: int | None = option(
        None, "edge of a shard; 2048 unless the grid is small", unit="pixels", limits={"ge": 1, "le": 65_536}
    )
    instrument: str | None = option(
        None,
        f"whose cubes these are, {', '.join(INSTRUMENTS)}; without it, the archive's tiles of Clementine",
    )
    bands: str | None = file(
        None,
        "CSV of the cubes' bands, a row each: wavelength_nm, and if wanted band (from 1), name, "
        "scale_factor, add_offset; without it, the files say their wavelengths",
    )
    strict: bool = place(False, "refuse if any of the 996 tiles is missing or unusable")

    @model_validator(mode="after")
    def _bands_of_cubes(self) -> Self:
        if self.bands and self.instrument is None:
            raise ValueError(
                f"--bands {self.bands!r}: Clementine's own tiles say their bands; --instrument says whose "
                "cubes"
            )
        return self

    def search(self) -> TileSearch[Tile] | TileSearch[Cube]:
        """The images there are."""
        if self.instrument is None:
            return find_tiles(self.tiles)
        table = read_bands(self.bands) if self.bands else ()
        return find_cubes(self.tiles, Wanted(instrument(self.instrument), table))


def _resolve(inputs: IngestInputs, root: Root) -> tuple[Given, IngestPlan]:
    plan = plan_ingest(inputs.search(), grid(inputs.ppd, inputs.shard), strict=inputs.strict)
    # A tile's label carries the archive's checksum of its pixels, so its digest stands for both.
    sources = tuple(Source(url=root.relative(tile.source), digest=tile.label_digest) for tile in plan.tiles)
    if inputs.bands:
        sources = (*sources, Source(url=root.relative(inputs.bands), digest=file_digest(inputs.bands)))
    problems = tuple(_stored(Problem(*problem), root) for problem in plan.card.problems)
    card = plan.card.model_copy(update={"problems": problems})
    return given_of(inputs, root, {}, sources, notes_of(plan.tiles)), plan._replace(card=card)


def _stored(problem: Problem, root: Root) -> Problem:
    """A problem as records hold it: files as seen from the root, no credentials."""
    where = root.relative(problem.source)
    return Problem(source=where, message=problem.message.replace(problem.source, where))


def _estimate(plan: IngestPlan, home: Folder, threads: int) -> Sequence[Estimate]:
    return [estimate_work(ingest_work(plan, home), threads)]


def _make(plan: IngestPlan, home: Folder, session: Session) -> Made[MosaicCard]:
    work = ingest_work(plan, home)
    session.compute(work)
    shards = shards_of(work.group)
    card = completed(plan.card, shards.entries)
    work.group.finish(mosaic_attributes(home, card))
    facts = {"ppd": str(card.ppd), "tiles": str(len(card.tiles))}
    return Made(card, entries_digest(shards.entries), [shards], facts)


def _report(record: Record[MosaicCard], home: Folder) -> Report:
    card = record.card
    kinds: Counter[str] = Counter()
    for name, count in card.missing.items():
        kinds[name.split("/")[1]] += count
    facts: dict[str, object] = {
        "pixels": f"{card.pixels:,}",
        "covered by no tile": f"{card.uncovered:,} pixels",
        **{f"missing: {kind}": f"{count:,} values" for kind, count in kinds.items()},
        "tiles of the archive not given": len(card.missing_tiles),
        "files that could not be used": len(card.problems),
    }
    shown = [f"not used: {message}" for _, message in card.problems[:_SHOWN_PROBLEMS]]
    rest = len(card.problems) - len(shown)
    return Report(facts, remarks=(*shown, *([f"and {rest} more; all with --json"] if rest > 0 else [])))


PROCESS = Process(
    name="ingest",
    kind="mosaics",
    algorithm=4,
    inputs=IngestInputs,
    card=MosaicCard,
    resolve=_resolve,
    estimate=_estimate,
    make=_make,
    open=lambda record, home: load_mosaic(home, record.card).open(),
    report=_report,
    opens=STORE,
)
