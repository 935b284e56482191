"""Runs to compute statistics of: maps of known values, stored and published as a run."""

from collections.abc import Callable

import pytest

from lunarcloud.archive.search import find_tiles
from lunarcloud.engine import Group
from lunarcloud.maps import find_run, plan_maps
from lunarcloud.models import find_model
from lunarcloud.moon import grid
from lunarcloud.mosaic import completed, find_mosaic, plan_ingest
from lunarcloud.statistics.source import Source, source_of
from lunarcloud.storage import Entry, Published, finish, folder, publish, write_shard
from lunarcloud.testing.runs import MakeRun

MakeSource = Callable[..., Source]


@pytest.fixture(scope="session")
def make_source(make_run: MakeRun) -> MakeSource:
    """The stored maps of such a run."""
    return lambda on, maps: source_of(make_run(on, maps))


@pytest.fixture(scope="session")
def truth_source(truth_root: str) -> Source:
    """The maps of the run ``true``."""
    return source_of(find_run(folder(truth_root), "true"))


@pytest.fixture(scope="session")
def run_of_lp_tiles(lp_archive: str, tmp_path_factory: pytest.TempPathFactory) -> Source:
    """The reference tiles at 4 pixels a degree, mapped with the paper's equations in this process."""
    root = folder(tmp_path_factory.mktemp("root"))
    plan = plan_ingest(find_tiles(lp_archive), root, grid(4), strict=False)
    _compute(plan.group)
    finish(plan.group.place, plan.group.layout, {})
    card = completed(plan.card, plan.group.ledger.entries().values())
    (root / "mosaic").write(f"{card.id}.json", card.model_dump_json().encode())
    publish(root, Published(kind="mosaic", id=card.id, path=f"mosaic/{card.id}.zarr"))
    finest = plan_maps(root, find_mosaic(root), find_model(root, "qiu2025")).groups[0]
    _compute(finest)
    return Source(finest.place, finest.layout, finest.ledger)


def _compute(group: Group) -> None:
    for shard in group.layout.raster.shards():
        made = group.function(shard)
        outputs = write_shard(group.place, group.layout, shard, made.arrays)
        entry = Entry(shard=shard, outputs=outputs, counts=dict(made.counts), seconds=0.0, worker="")
        group.ledger.record(entry)
