"""Published runs whose maps are given, not computed: of any values, or of the synthetic Moon's truth."""

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from lunarcloud.lineage import Ref
from lunarcloud.maps import Run, RunCard, finish_maps, flags, load_run
from lunarcloud.maps.layout import encode, quality_dtype
from lunarcloud.maps.overviews import OverviewShard
from lunarcloud.maps.poles import PolarShard
from lunarcloud.maps.store import POLES
from lunarcloud.moon import Grid, Shard
from lunarcloud.quantities import mg_number
from lunarcloud.storage import Folder
from lunarcloud.synthetic import truth
from lunarcloud.testing.small_root import publish, write_shard

#: Publishes a run of given maps: its grid and maps, then perhaps its root and its id.
MakeRun: TypeAlias = Callable[..., Run]


def write_run(
    root: Folder,
    name: str,
    on: Grid,
    maps: Mapping[str, npt.ArrayLike],
    flagged: Mapping[str, npt.ArrayLike] | None = None,
) -> Run:
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
    flagged : mapping, optional
        By flag of ``quality``, where it is set, booleans of the grid's shape or broadcast to it.
    """
    ref = Ref(kind="runs", id=name)
    card = RunCard(ppd=on.ppd, shard_edge=on.shard_edge, maps=tuple(maps), flags=flags())
    run = load_run(root / ref.path, card)
    whole: dict[str, npt.NDArray[Any]] = {key: _codes(values, key, on) for key, values in maps.items()}
    whole["quality"] = np.zeros(on.shape, dtype=quality_dtype(card.flags))
    for flag, where in (flagged or {}).items():
        whole["quality"] |= np.multiply(where, card.flags[flag], dtype=whole["quality"].dtype)
    for level in range(run.levels):
        group = run.group(level)
        for shard in group.missing():
            write_shard(group, shard, _arrays(run, level, shard, whole))
    for pole, level in product(POLES, range(run.polar_levels)):
        made = PolarShard(run.group(level), run.level_grid(level), run.polar_grid(pole, level))
        for shard in run.polar(pole, level).missing():
            write_shard(run.polar(pole, level), shard, made(shard).arrays)
    finish_maps(run, {"title": "made-up run", "references": "none", "license": "none"})
    publish(root, ref, "map", run.card, content=name, groups=[*run.groups.values()])
    return run


def _codes(values: npt.ArrayLike, name: str, on: Grid) -> npt.NDArray[np.uint16]:
    return encode(np.broadcast_to(np.asarray(values, dtype=np.float64), on.shape), name)


def _arrays(
    run: Run, level: int, shard: Shard, whole: Mapping[str, npt.NDArray[Any]]
) -> Mapping[str, npt.NDArray[Any]]:
    """One shard of a level: cut out of the finest, or made from the level before."""
    if level:
        return OverviewShard(run.group(level - 1), run.level_grid(level))(shard).arrays
    slices = run.grid.window(shard).slices
    return {key: np.ascontiguousarray(values[slices]) for key, values in whole.items()}


def truth_maps(on: Grid, seed: int = 0) -> dict[str, npt.NDArray[np.float64]]:
    """Every map of the synthetic Moon as a perfect run would have it, in the maps' units."""
    rock = truth(lat=on.lat()[:, None], lon=on.lon()[None, :], seed=seed)
    return {
        **{f"{name}_cnn": values for name, values in rock._asdict().items() if name != "omat"},
        "feo_equation": rock.feo,
        "tio2_equation": rock.tio2,
        "omat": rock.omat,
        "mg_number": mg_number(mgo=rock.mgo, feo=rock.feo),
    }
