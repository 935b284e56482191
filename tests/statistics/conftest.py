"""Runs to compute statistics of: maps of known values, stored and published as a run."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pytest

from lunarcloud.archive.search import find_tiles
from lunarcloud.engine import Group
from lunarcloud.maps import Run, find_run, maps_layout, plan_maps
from lunarcloud.maps.layout import encode
from lunarcloud.maps.store import RunCard, run_ledger, run_place
from lunarcloud.models import find_model
from lunarcloud.moon import Grid, grid
from lunarcloud.mosaic import completed, find_mosaic, plan_ingest
from lunarcloud.statistics.source import Source, source_of
from lunarcloud.storage import Entry, Folder, Published, finish, folder, publish, write_shard
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
        place, layout = run_place(root, name), maps_layout(on, tuple(maps))
        codes = {
            key: encode(np.broadcast_to(np.asarray(values, dtype=np.float64), on.shape), key)
            for key, values in maps.items()
        }
        codes["quality"] = np.zeros(on.shape, dtype=np.uint8)
        for shard in on.shards():
            slices = on.window(shard).slices
            arrays = {key: np.ascontiguousarray(values[slices]) for key, values in codes.items()}
            outputs = write_shard(place / "maps.zarr", layout, shard, arrays)
            run_ledger(place, 0).record(Entry(shard=shard, outputs=outputs, seconds=0.0, worker=""))
        finish(place / "maps.zarr", layout, {"title": "test"})
        now = datetime.now(UTC)
        card = RunCard(
            id=name,
            mosaic="m",
            model="m",
            ppd=on.ppd,
            shard_edge=on.shard_edge,
            maps=tuple(maps),
            digest=name,
            counts={},
            versions={},
            command="",
            started=now,
            finished=now,
        )
        place.write("run.json", card.model_dump_json().encode())
        publish(root, Published(kind="run", id=name, path=f"runs/{name}/maps.zarr"))
        return find_run(root, name)

    return make


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
