"""A run whose maps are the mean of networks, mapped in this process: mosaic, model and maps."""

from typing import NamedTuple

from lunarcloud.maps import finish_maps, load_run, map_works, plan_maps
from lunarcloud.models import Model, load_model
from lunarcloud.moon import Grid
from lunarcloud.mosaic import Mosaic, load_mosaic
from lunarcloud.statistics import Source, source_of
from lunarcloud.storage import Folder
from lunarcloud.testing.small_root import write_model, write_mosaic, write_shard


class Ensemble(NamedTuple):
    """A mosaic, networks of two seeds that nobody trained, and the maps of their means."""

    mosaic: Mosaic
    model: Model
    source: Source


def write_ensemble(root: Folder, on: Grid) -> Ensemble:
    """Map a made-up mosaic by all networks of a model, without its student; clipped pixels are left out.

    Parameters
    ----------
    root : Folder
        Where.
    on : Grid
        Of the mosaic.
    """
    pixels, fitted = write_mosaic(root, on), write_model(root)
    mosaic = load_mosaic(root / pixels.ref.path, pixels.card)
    model = load_model(root / fitted.ref.path, fitted.ref.id, fitted.card).exact
    plan = plan_maps(mosaic, model)
    for work in map_works(plan, root / "runs/one"):
        for shard in work.group.missing():
            write_shard(work.group, shard, work.function(shard).arrays)
    run = load_run(root / "runs/one", plan.card)
    finish_maps(run, {})
    return Ensemble(mosaic, model, source_of(run, ("clipped",), len(model.seeds)))
