"""Published runs whose maps are given, not computed: of any values, or of the synthetic Moon's truth."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from lunarcloud.maps import Run, find_run, maps_layout
from lunarcloud.maps.layout import encode
from lunarcloud.maps.store import RunCard, run_ledger, run_place
from lunarcloud.moon import Grid
from lunarcloud.storage import Entry, Folder, Published, finish, publish, write_shard
from lunarcloud.synthetic import truth

#: Publishes a run of given maps: its grid and maps, then perhaps its root and its id.
MakeRun: TypeAlias = Callable[..., Run]

_MGO, _FEO = 40.304, 71.844  # molar masses, g/mol


def write_run(root: Folder, name: str, on: Grid, maps: Mapping[str, npt.ArrayLike]) -> Run:
    """Publish a run of given maps.

    Parameters
    ----------
    root : Folder
        Where it is published.
    name : str
        Its id.
    on : Grid
        Its grid.
    maps : mapping
        Values by the map's name, in the map's unit, of the grid's shape or broadcast to it; NaN is missing.
    """
    place, layout = run_place(root, name), maps_layout(on, tuple(maps))
    codes = {key: encode(_filled(values, on), key) for key, values in maps.items()}
    codes["quality"] = np.zeros(on.shape, dtype=np.uint8)
    for shard in on.shards():
        slices = on.window(shard).slices
        arrays = {key: np.ascontiguousarray(values[slices]) for key, values in codes.items()}
        outputs = write_shard(place / "maps.zarr", layout, shard, arrays)
        run_ledger(place, 0).record(Entry(shard=shard, outputs=outputs, seconds=0.0, worker=""))
    finish(place / "maps.zarr", layout, {"title": "made-up run"})
    place.write("run.json", _card(name, on, tuple(maps)).model_dump_json().encode())
    publish(root, Published(kind="run", id=name, path=f"runs/{name}/maps.zarr"))
    return find_run(root, name)


def _filled(values: npt.ArrayLike, on: Grid) -> npt.NDArray[np.float64]:
    return np.broadcast_to(np.asarray(values, dtype=np.float64), on.shape)


def _card(name: str, on: Grid, maps: tuple[str, ...]) -> RunCard:
    now = datetime.now(UTC)
    return RunCard(
        id=name,
        mosaic="m",
        model="m",
        ppd=on.ppd,
        shard_edge=on.shard_edge,
        maps=maps,
        digest=name,
        counts={},
        versions={},
        command="",
        started=now,
        finished=now,
    )


def truth_maps(on: Grid, seed: int = 0) -> dict[str, npt.NDArray[np.float64]]:
    """Every map of the synthetic Moon as a perfect run would have it, in the maps' units."""
    rock = truth(lat=on.lat()[:, None], lon=on.lon()[None, :], seed=seed)
    magnesium, ferrous = rock.mgo / _MGO, rock.feo / _FEO
    return {
        **{f"{oxide}_cnn": getattr(rock, oxide) for oxide in ("feo", "tio2", "al2o3", "mgo", "cao")},
        "feo_equation": rock.feo,
        "tio2_equation": rock.tio2,
        "omat": rock.omat,
        "mg_number": magnesium / (magnesium + ferrous),
    }
