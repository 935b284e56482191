"""Runs to compute statistics of: maps of known values, stored and published as a run."""

from collections.abc import Callable

import pytest

from lunarcloud.archive.search import find_tiles
from lunarcloud.engine import Work
from lunarcloud.lineage import open_root
from lunarcloud.maps import RunCard, load_run, map_works, plan_maps
from lunarcloud.models import builtin
from lunarcloud.moon import grid
from lunarcloud.mosaic import ingest_work, load_mosaic, plan_ingest
from lunarcloud.statistics.source import Source, source_of
from lunarcloud.storage import folder
from lunarcloud.testing.ensemble import Ensemble, write_ensemble
from lunarcloud.testing.runs import MakeRun
from lunarcloud.testing.small_root import write_shard

MakeSource = Callable[..., Source]


@pytest.fixture(scope="session")
def ensemble(tmp_path_factory: pytest.TempPathFactory) -> Ensemble:
    """A run by the means of two seeds."""
    return write_ensemble(folder(tmp_path_factory.mktemp("root")), grid(2, 180))


@pytest.fixture(scope="session")
def make_source(make_run: MakeRun) -> MakeSource:
    """The stored maps of such a run."""
    return lambda on, maps: source_of(make_run(on, maps))


@pytest.fixture(scope="session")
def truth_source(truth_root: str) -> Source:
    """The maps of the run ``true``."""
    root = open_root(truth_root)
    entry = root.find("runs", "true")
    return source_of(load_run(root.place(entry.ref), root.record(entry, RunCard).card))


@pytest.fixture(scope="session")
def run_of_lp_tiles(lp_archive: str, tmp_path_factory: pytest.TempPathFactory) -> Source:
    """The reference tiles at 4 pixels a degree, mapped with the paper's equations in this process."""
    place = folder(tmp_path_factory.mktemp("root"))
    plan = plan_ingest(find_tiles(lp_archive), grid(4), strict=False)
    ingest = ingest_work(plan, place / "mosaic")
    _compute(ingest)
    ingest.group.finish({})
    mosaic = load_mosaic(place / "mosaic", plan.card)
    finest, *_ = map_works(plan_maps(mosaic, builtin("qiu2025")), place / "run")
    _compute(finest)
    return Source(finest.group)


def _compute(work: Work) -> None:
    for shard in work.group.missing():
        write_shard(work.group, shard, work.function(shard).arrays)
