"""Runs to compute statistics of: maps of known values, stored and published as a run."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from small_root import publish, write_shard

from lunarcloud.archive.search import find_tiles
from lunarcloud.engine import Work
from lunarcloud.lineage import Ref, open_root
from lunarcloud.maps import Run, RunCard, finish_maps, load_run, map_works, plan_maps
from lunarcloud.maps.layout import encode
from lunarcloud.maps.overviews import OverviewShard
from lunarcloud.models import builtin
from lunarcloud.moon import Grid, Shard, grid
from lunarcloud.mosaic import ingest_work, load_mosaic, plan_ingest
from lunarcloud.statistics.source import Source, source_of
from lunarcloud.storage import Folder, folder
from lunarcloud.synthetic import truth

MakeRun = Callable[..., Run]
MakeSource = Callable[..., Source]


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> MakeRun:
    """A published run from values in their units by map; NaN is missing."""

    def make(
        on: Grid, maps: Mapping[str, npt.ArrayLike], root: Folder | None = None, name: str = "abc"
    ) -> Run:
        root = root or folder(tmp_path_factory.mktemp("root"))
        ref = Ref(kind="runs", id=name)
        run = load_run(root / ref.path, RunCard(ppd=on.ppd, shard_edge=on.shard_edge, maps=tuple(maps)))
        whole = {key: _codes(values, key, on) for key, values in maps.items()}
        whole["quality"] = np.zeros(on.shape, dtype=np.uint8)
        for level in range(run.levels):
            group = run.group(level)
            for shard in group.missing():
                write_shard(group, shard, _arrays(run, level, shard, whole))
        finish_maps(run, {"title": "test"})
        publish(root, ref, "map", run.card, content=name)
        return run

    return make


def _codes(values: npt.ArrayLike, name: str, on: Grid) -> npt.NDArray[np.uint16]:
    return encode(np.broadcast_to(np.asarray(values, dtype=np.float64), on.shape), name)


def _arrays(run: Run, level: int, shard: Shard, whole: Mapping[str, npt.NDArray[Any]]) -> Mapping[str, Any]:
    """One shard of a level: cut out of the finest, or made from the level before."""
    if level:
        return OverviewShard(run.group(level - 1), run.level_grid(level))(shard).arrays
    slices = run.grid.window(shard).slices
    return {key: np.ascontiguousarray(values[slices]) for key, values in whole.items()}


@pytest.fixture(scope="session")
def make_source(make_run: MakeRun) -> MakeSource:
    """The stored maps of such a run."""
    return lambda on, maps: source_of(make_run(on, maps))


def truth_maps(on: Grid, seed: int = 0) -> dict[str, npt.NDArray[np.float64]]:
    """Every map of the synthetic Moon as a perfect run would have it."""
    rock = truth(lat=on.lat()[:, None], lon=on.lon()[None, :], seed=seed)
    molar = rock.mgo / 40.304
    return {
        **{f"{oxide}_cnn": getattr(rock, oxide) for oxide in ("feo", "tio2", "al2o3", "mgo", "cao")},
        "feo_equation": rock.feo,
        "tio2_equation": rock.tio2,
        "omat": rock.omat,
        "mg_number": molar / (molar + rock.feo / 71.844),
    }


@pytest.fixture(scope="session")
def truth_root(make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A root with two runs of the synthetic Moon: ``true``, and ``other`` with FeO 0.5 wt% higher."""
    root, on = folder(tmp_path_factory.mktemp("root")), grid(4)
    maps = truth_maps(on)
    few = {name: maps[name] for name in ("feo_cnn", "tio2_cnn", "feo_equation", "tio2_equation")}
    make_run(on, {**few, "feo_cnn": maps["feo_cnn"] + 0.5}, root, "other")
    make_run(on, maps, root, "true")
    return root.url


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
