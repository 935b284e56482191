"""The Python API: the commands as functions; rasters and statistics come back as lazy xarray datasets.

Every function takes the inputs of its job as keywords (the ``...Inputs`` model of `lunarcloud.jobs` lists
them) and raises that job's errors. ``cluster`` says where to compute; local processes without it.
"""

from typing import Any

import xarray as xr

from lunarcloud.engine import Cluster
from lunarcloud.gravity.store import find_gravity
from lunarcloud.jobs import compare as compare_job
from lunarcloud.jobs import fit as fit_job
from lunarcloud.jobs import gravity as gravity_job
from lunarcloud.jobs import ingest as ingest_job
from lunarcloud.jobs import map as map_job
from lunarcloud.jobs import polar as polar_job
from lunarcloud.jobs import provenance as provenance_job
from lunarcloud.jobs import reduce as reduce_job
from lunarcloud.jobs.common import checked
from lunarcloud.jobs.findings import Finding
from lunarcloud.maps import find_run
from lunarcloud.models import Model, find_model
from lunarcloud.mosaic import find_mosaic
from lunarcloud.storage import folder, open_dataset

_LOCAL = Cluster()


def open_mosaic(root: str, mosaic: str = "latest") -> xr.Dataset:
    """Open a published mosaic: ``reflectance`` (band, lat, lon), dimensionless, missing is NaN.

    Parameters
    ----------
    root : str
        Folder or URL.
    mosaic : str
        Its id, or an unmistakable beginning of it, or ``latest``.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    return find_mosaic(folder(root), mosaic).open()


def open_maps(root: str, run: str = "latest", level: int = 0) -> xr.Dataset:
    """Open the maps of a published run: (lat, lon), oxides in wt%, missing is NaN, ``quality`` as flags.

    Parameters
    ----------
    root, run : str
        As in `open_mosaic`.
    level : int
        0 is full resolution, each further one half of it.

    Raises
    ------
    NotFoundError
        If there is no run of that name, or it has no such level.
    """
    return find_run(folder(root), run).open(level)


def open_gravity(root: str, name: str = "latest") -> xr.Dataset:
    """Open a published gravity reduction on the global grid: anomalies in mGal, gradients in Eotvos.

    Parameters and errors as in `open_mosaic`.
    """
    return open_dataset(find_gravity(folder(root), name).place)


def ingest(
    tiles: str | tuple[str, ...], *, root: str, cluster: Cluster = _LOCAL, **inputs: Any
) -> xr.Dataset:
    """Make and publish the mosaic of archive tiles (`jobs.ingest.IngestInputs`); open it.

    Parameters
    ----------
    tiles : str or tuple of str
        Folders, globs, archives, files or URLs of tiles.
    root : str
        Folder or URL.
    cluster : Cluster
        Where to compute; local processes without it.
    **inputs : Any
        The other fields of `jobs.ingest.IngestInputs`.
    """
    places = (tiles,) if isinstance(tiles, str) else tuple(tiles)
    made = ingest_job.ingest(
        checked(ingest_job.IngestInputs, {"tiles": places, "root": root, **inputs}), cluster
    )
    return open_mosaic(root, made.mosaic)


def fit(*, root: str, **inputs: Any) -> Model:
    """Fit a model to stations (`jobs.fit.FitInputs`), publish and load it; its ``card`` says how good."""
    made = fit_job.fit(checked(fit_job.FitInputs, {"root": root, **inputs}))
    return find_model(folder(root), made.model)


def map(*, root: str, cluster: Cluster = _LOCAL, **inputs: Any) -> xr.Dataset:  # noqa: A001 - the verb
    """Map a mosaic by a model (`jobs.map.MapInputs`), publish the run and open its maps.

    Parameters
    ----------
    root : str
        Folder or URL.
    cluster : Cluster
        Where to compute; local processes without it.
    **inputs : Any
        The other fields of `jobs.map.MapInputs`.
    """
    made = map_job.map_oxides(checked(map_job.MapInputs, {"root": root, **inputs}), cluster)
    return open_maps(root, made.run)


def reduce(*, root: str, cluster: Cluster = _LOCAL, **inputs: Any) -> xr.Dataset:
    """Equal-area statistics of a run by unit (`jobs.reduce.ReduceInputs`).

    Parameters
    ----------
    root : str
        Folder or URL.
    cluster : Cluster
        Where to compute; local processes without it.
    **inputs : Any
        The other fields of `jobs.reduce.ReduceInputs`.
    """
    made = reduce_job.reduce_run(checked(reduce_job.ReduceInputs, {"root": root, **inputs}), cluster)
    return _opened(made, "statistics.zarr")


def compare(*, root: str, cluster: Cluster = _LOCAL, **inputs: Any) -> xr.Dataset:
    """Statistics of the difference of two runs, or networks and equations (`jobs.compare.CompareInputs`).

    Parameters
    ----------
    root : str
        Folder or URL.
    cluster : Cluster
        Where to compute; local processes without it.
    **inputs : Any
        The other fields of `jobs.compare.CompareInputs`.
    """
    made = compare_job.compare_runs(checked(compare_job.CompareInputs, {"root": root, **inputs}), cluster)
    return _opened(made, "statistics.zarr")


def polar(*, root: str, cluster: Cluster = _LOCAL, **inputs: Any) -> xr.Dataset:
    """Potential mare basalt around a pole (`jobs.polar.PolarInputs`), cell by cell.

    Parameters
    ----------
    root : str
        Folder or URL.
    cluster : Cluster
        Where to compute; local processes without it.
    **inputs : Any
        The other fields of `jobs.polar.PolarInputs`.
    """
    made = polar_job.find_polar(checked(polar_job.PolarInputs, {"root": root, **inputs}), cluster)
    return _opened(made, "candidates.zarr")


def provenance(*, root: str, cluster: Cluster = _LOCAL, **inputs: Any) -> xr.Dataset:
    """Where a sample could come from (`jobs.provenance.ProvenanceInputs`), cell by cell.

    Parameters
    ----------
    root : str
        Folder or URL.
    cluster : Cluster
        Where to compute; local processes without it.
    **inputs : Any
        The other fields of `jobs.provenance.ProvenanceInputs`.
    """
    values = {"root": root, **inputs}
    made = provenance_job.find_provenance(checked(provenance_job.ProvenanceInputs, values), cluster)
    return _opened(made, "provenance.zarr")


def reduce_gravity(*, root: str, cluster: Cluster = _LOCAL, **inputs: Any) -> xr.Dataset:
    """Bouguer anomaly and gradients (`jobs.gravity.GravityInputs`) on the global grid.

    Parameters
    ----------
    root : str
        Folder or URL.
    cluster : Cluster
        Where to compute; local processes without it.
    **inputs : Any
        The other fields of `jobs.gravity.GravityInputs`.
    """
    made = gravity_job.gravity(checked(gravity_job.GravityInputs, {"root": root, **inputs}), cluster)
    return open_gravity(root, made.gravity)


def _opened(finding: Finding, dataset: str) -> xr.Dataset:
    return open_dataset(folder(finding.url) / dataset)
