"""The Python API: a function for every process and action, and what opens and lists what is published.

The functions are made from the registry when they are first used (`lunarcloud.verbs`); type checkers and
editors read them in ``lunarcloud/__init__.pyi``, which ``python -m lunarcloud.api_stub`` writes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lunarcloud.lineage import LATEST, Record, open_root
from lunarcloud.names import verbs

if TYPE_CHECKING:  # slow to import, and listing the functions needs neither
    import pandas as pd
    import xarray as xr

    from lunarcloud.jobs import Submitted
    from lunarcloud.viewer import View


def __getattr__(name: str) -> Any:
    process = verbs().get(name)
    if process is None:
        raise AttributeError(f"module 'lunarcloud.api' has no attribute {name!r}")
    # Loads the engine, which opening what is published does not need.
    from lunarcloud.verbs import verb

    return verb(process, called=name)


def open_mosaic(root: str | os.PathLike[str], mosaic: str = LATEST) -> xr.Dataset:
    """Open a published mosaic: ``reflectance`` (band, lat, lon), dimensionless, missing is NaN.

    Parameters
    ----------
    root : str or path
        Folder or URL.
    mosaic : str
        Its id, an unmistakable beginning of it, its label, or ``latest``.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    from lunarcloud.processes import mosaic_of

    home = open_root(root)
    return mosaic_of(home, home.find("mosaics", mosaic)).open()


def open_maps(root: str | os.PathLike[str], run: str = LATEST, level: int = 0) -> xr.Dataset:
    """Open the maps of a published run: (lat, lon), oxides in wt%, missing is NaN, ``quality`` as flags.

    Parameters
    ----------
    root, run : str
        As in `open_mosaic`.
    level : int
        0 is full resolution, each further one coarser, as a rule half of it.

    Raises
    ------
    NotFoundError
        If there is no run of that name, or it has no such level.
    """
    from lunarcloud.processes import run_of

    home = open_root(root)
    return run_of(home, home.find("runs", run)).open(level)


def open_intervals(root: str | os.PathLike[str], run: str = LATEST) -> xr.Dataset:
    """Open the half-widths of the intervals about a run's maps: (lat, lon), in the maps' units.

    A map's value plus and minus ``<map>_half95`` holds what is measured at 95 of 100 stations that had no
    part in the model. They have a grid of their own, of 8 pixels per degree at most: of a place take the
    nearest.

    Parameters
    ----------
    root, run : str
        As in `open_mosaic`.

    Raises
    ------
    NotFoundError
        If there is no run of that name, or it has no intervals.
    """
    from lunarcloud.processes import run_of

    home = open_root(root)
    return run_of(home, home.find("runs", run)).open_intervals()


def open_gravity(root: str | os.PathLike[str], gravity: str = LATEST) -> xr.Dataset:
    """Open a published gravity reduction on the global grid: anomalies in mGal, gradients in Eotvos.

    Parameters and errors as in `open_mosaic`.
    """
    from lunarcloud.processes import gravity_of

    home = open_root(root)
    return gravity_of(home, home.find("gravity", gravity)).open()


def record(root: str | os.PathLike[str], name: str) -> Record[Any]:
    """What is known of a published record of any kind: what it was made from, by what, when; its card.

    Parameters
    ----------
    root : str or path
        Folder or URL.
    name : str
        Its id, an unmistakable beginning of it, its label, ``KIND/ID`` or ``KIND/latest``.

    Raises
    ------
    NotFoundError
        If there is none of that name, or several.
    """
    from lunarcloud.processes import load_process

    home = open_root(root)
    entry = home.locate(name)
    return home.record(entry, load_process(entry.process).card)


def records(root: str | os.PathLike[str], kind: str | None = None) -> pd.DataFrame:
    """Everything published under a root, a record a row, the latest published last.

    Parameters
    ----------
    root : str or path
        Folder or URL.
    kind : str, optional
        Only records of a kind: ``mosaics``, ``stations``, ``models``, ``runs``, ...

    Returns
    -------
    DataFrame
        Columns ``kind``, ``id``, ``label``, ``process``, ``series``, ``head`` (of its series), ``latest``
        (of its kind), ``published``, ``url``, and the facts of the records, as text.
    """
    import pandas as pd

    home = open_root(root)
    catalog = home.catalog()
    rows = [
        {
            "kind": entry.ref.kind,
            "id": entry.ref.id,
            "label": entry.label,
            "process": entry.process,
            "series": entry.series,
            "head": catalog.is_head(entry),
            "latest": catalog.is_latest(entry),
            "published": entry.published,
            "url": home.place(entry.ref).url,
            **entry.facts,
        }
        for entry in catalog.of(kind)
    ]
    columns = ["kind", "id", "label", "process", "series", "head", "latest", "published", "url"]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)


def submit(
    process: str,
    *,
    root: str | os.PathLike[str],
    on: str = "kubernetes",
    pool: str = "cpu",
    max_workers: int | None = None,
    deadline: str | float | None = None,
    label: str = "",
    **inputs: Any,
) -> Submitted:
    """Have any process or action run as a job, on Kubernetes or on this machine in the background.

    What is published already, or runs already, is only found; what has failed or was cancelled goes on.

    Parameters
    ----------
    process : str
        Its name, as `lunarcloud processes` lists it.
    root : str or path
        Folder or URL; for Kubernetes one that pods see, such as ``s3://bucket/prefix``.
    on : {'kubernetes', 'local'}
        Where it runs.
    pool : str
        Pool of workers of that place.
    max_workers : int, optional
        At most; by default as many as the pool has.
    deadline : str or float, optional
        When it should be done after its start: ``"30m"``, ``"2h"``, or seconds.
    label : str
        What to call the record.
    **inputs
        As the function of the same name takes them.

    Returns
    -------
    Submitted
        The job; its ``result()`` is what the function of the same name gives.

    Raises
    ------
    InputError, AwayError, StoreError
        Before anything is started.
    """
    from lunarcloud.jobs import Submitted, Wanted, in_time, prepare, seconds, submit_job
    from lunarcloud.verbs import checked_inputs

    home = open_root(root)
    wanted = Wanted(on, pool, max_workers, None if deadline is None else seconds(deadline), label)
    given = checked_inputs(process, inputs)
    return Submitted(home, submit_job(in_time(prepare(process, given, home, wanted), home), home).job)


def job(root: str | os.PathLike[str], name: str) -> Submitted:
    """A job that was submitted, by whomever; only the root is needed.

    Parameters
    ----------
    root : str or path
        Folder or URL.
    name : str
        Its id, or an unmistakable beginning of it.

    Raises
    ------
    NotFoundError
        If there is none of that name, or several.
    """
    from lunarcloud.jobs import Submitted, find_job

    home = open_root(root)
    return Submitted(home, find_job(home, name))


def view(root: str | os.PathLike[str], port: int = 0) -> View:
    """Look at all that is published under a root, in a notebook or at the URL that it has.

    The browser reads the maps itself, from a server of this process that answers this machine alone. Where a
    notebook's kernel runs elsewhere, put the page into the root instead (``lunarcloud view --export``).

    Parameters
    ----------
    root : str or path
        Folder or URL.
    port : int
        Which port of this machine; 0 is any free one.

    Returns
    -------
    View
        A notebook shows it; its ``url`` is for a browser, its ``close()`` ends it.

    Raises
    ------
    InputError
        If the port cannot be had.
    StoreError
        If the root cannot be read.
    """
    from lunarcloud.viewer import View

    home = open_root(root)
    home.recent()
    return View(home.folder, port)
