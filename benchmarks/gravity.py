"""Bouguer reduction at high degree against pyshtools' default path, in the same run.

    python -m benchmarks.gravity [--lmax 1200] [--ppd 16]

Prints times, their ratio, the aliasing of the finite-amplitude grid, and the time and memory of the whole job
(files in, published Zarr out). Model and shape are random, with the Moon's spectra (Kaula's rule).
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import numpy as np
import psutil
import pyshtools

from benchmarks._results import report
from lunarcloud.archive.gravity import GravityModel
from lunarcloud.archive.topography import RadiusHarmonics
from lunarcloud.engine import Cluster
from lunarcloud.gravity import attraction, harmonics
from lunarcloud.gravity.bouguer import BouguerField, Reduction, filter_weights, reduce_bouguer
from lunarcloud.gravity.grids import dh2_dataset
from lunarcloud.synthetic.gravity import kaula_model, kaula_shape
from lunarcloud.testing.machine import machine
from lunarcloud.testing.make import make

_T = TypeVar("_T")
_PACKAGES = ("pyshtools", "ducc0")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--lmax", type=int, default=1200)
    options.add_argument("--ppd", type=int, default=8)
    chosen = options.parse_args()
    print(f"machine: {machine()}; back end {_backend()}")
    model, shape = kaula_model(chosen.lmax), kaula_shape(chosen.lmax)
    reduction = Reduction(degrees=(60, chosen.lmax), gradient_degrees=(50, min(350, chosen.lmax)))
    field = compare(model, shape, reduction)
    report_aliasing(shape, model, field)
    report_job(model, shape, reduction, chosen.ppd)


def compare(model: GravityModel, shape: RadiusHarmonics, reduction: Reduction) -> BouguerField:
    """Ours and the peer's, on the same DH2 grid; returns ours."""
    ours_s, field = _timed(lambda: reduce_bouguer(model, shape, reduction))
    grids_s, ours = _timed(lambda: dh2_dataset(field, {}))
    theirs_s, (rock, theirs) = _timed(lambda: _peer(model, shape, reduction, field.powers))
    rows = [
        {"what": "lunarcloud: reduction", "seconds": round(ours_s, 1)},
        {"what": "lunarcloud: eight grids", "seconds": round(grids_s, 1)},
        {"what": "pyshtools: attraction", "seconds": round(rock, 1)},
        {"what": "pyshtools: attraction and six grids", "seconds": round(theirs_s, 1)},
        {"what": "times as fast, all", "seconds": round(theirs_s / (ours_s + grids_s), 1)},
        {"what": "times as fast, the attraction", "seconds": round(rock / ours_s, 1)},
    ]
    note = f"Degree {shape.lmax}, relief {_relief(shape):.0f} m rms, {field.powers} powers of it."
    report("reduction against pyshtools", rows, of=__file__, packages=_PACKAGES, note=note)
    differences = [
        {
            "map": name,
            "unit": _UNITS[name],
            "rms": f"{values.std():.3g}",
            "rms of the difference": f"{(ours[name].to_numpy()[1:] - values[1:]).std():.2g}",
        }
        for name, values in theirs.items()
    ]
    report("difference to pyshtools", differences, of=__file__, packages=_PACKAGES, note=note)
    return field


_UNITS = {"gravity_disturbance": "mGal", "bouguer_anomaly": "mGal", "bouguer_gradient": "E"}


def _peer(
    model: GravityModel, shape: RadiusHarmonics, reduction: Reduction, powers: int
) -> tuple[float, dict[str, np.ndarray[Any, Any]]]:
    """The chain as pyshtools' documentation has it; its grid of the relief is not oversampled."""
    lmax, radius = model.lmax, reduction.radius_m
    surface = pyshtools.SHCoeffs.from_array(shape.table)
    start = time.perf_counter()
    rock = pyshtools.SHGravCoeffs.from_shape(
        surface, rho=reduction.density_kg_m3, gm=model.gm, nmax=powers, lmax=lmax
    ).change_ref(r0=radius)
    rock_s = time.perf_counter() - start
    gravity_model = pyshtools.SHGravCoeffs.from_array(model.table, gm=model.gm, r0=model.radius_m)
    for each in (rock, gravity_model):
        each.coeffs[:, :2] = 0.0
    bouguer = gravity_model - rock
    degree = np.arange(lmax + 1)
    weights = filter_weights(reduction.degrees, lmax=lmax, taper=0)
    band = pyshtools.SHGravCoeffs.from_array(
        bouguer.coeffs * weights[:, np.newaxis], gm=model.gm, r0=radius, set_degree0=False
    )
    grids = {
        name: -each.expand(a=radius, f=0.0, extend=False).rad.data * 1e5
        for name, each in (
            ("gravity_disturbance", gravity_model),
            ("topography_attraction", rock),
            ("bouguer_anomaly", band),
        )
    }
    factor = model.gm / radius**2 * 1e5 * (degree + 1) * 1e4
    sloped = (
        bouguer.coeffs
        * (factor * filter_weights(reduction.gradient_degrees, lmax=lmax, taper=0))[:, np.newaxis]
    )
    slope = pyshtools.SHCoeffs.from_array(sloped).gradient(radius=radius, extend=False)
    grids["bouguer_gradient"] = np.hypot(slope.theta.data, slope.phi.data)
    return rock_s, {name: grids[name] for name in _UNITS}


def report_aliasing(shape: RadiusHarmonics, model: GravityModel, field: BouguerField) -> None:
    """What the grid of the relief aliases, against one a third finer, as attraction in mGal."""
    chosen = attraction._OVERSAMPLING

    def at(oversampling: int) -> harmonics.Coefficients:
        with patch.object(attraction, "_OVERSAMPLING", oversampling):
            rock = attraction.shape_potential(
                harmonics.from_table(shape.table),
                density_kg_m3=2550.0,
                gm=model.gm,
                lmax=shape.lmax,
                radius_m=field.radius_m,
            )
        return attraction.acceleration(rock.potential, gm=model.gm, radius_m=field.radius_m)

    finer = at(chosen + 1)
    rows = [
        {"grid, times the degree": factor, "mGal (rms)": f"{harmonics.rms(at(factor) - finer):.2g}"}
        for factor in (1, 2, chosen)
    ]
    note = f"Degree {shape.lmax}, relief {_relief(shape):.0f} m rms."
    report("aliasing of the attraction", rows, of=__file__, packages=_PACKAGES, note=note)


def report_job(model: GravityModel, shape: RadiusHarmonics, reduction: Reduction, ppd: int) -> None:
    """Files in, published Zarr out, with the memory of all processes."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        pyshtools.SHGravCoeffs.from_array(model.table, gm=model.gm, r0=model.radius_m).to_file(
            str(place / "kaula.sh")
        )
        pyshtools.SHCoeffs.from_array(shape.table).to_file(str(place / "shape.bshc"), format="bshc")
        inputs = {
            **reduction.model_dump(),
            "gravity": str(place / "kaula.sh"),
            "topography": str(place / "shape.bshc"),
            "ppd": ppd,
        }
        with _peak_memory() as peak:
            seconds, result = _timed(lambda: make("gravity", place / "root", Cluster(), **inputs))
        written = sum(file.stat().st_size for file in (place / "root").rglob("*") if file.is_file())
    row = {
        "pixels/degree": ppd,
        "seconds": round(seconds, 1),
        "shards": result.shards_computed,
        "MB written": round(written / 1e6),
        "GiB at most, all processes": round(peak["bytes"] / 2**30, 2),
    }
    note = f"Degree {shape.lmax}; from files to published Zarr, pictures included."
    report("the whole job", [row], of=__file__, packages=_PACKAGES, note=note)


@contextmanager
def _peak_memory() -> Any:
    """Resident memory of this process and its children, sampled ten times a second."""
    found, stop = {"bytes": 0}, threading.Event()

    def watch() -> None:
        while not stop.wait(0.1):
            processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
            resident = 0
            for process in processes:
                try:
                    resident += process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            found["bytes"] = max(found["bytes"], resident)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        stop.set()
        watcher.join()


def _timed(function: Callable[[], _T]) -> tuple[float, _T]:
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def _relief(shape: RadiusHarmonics) -> float:
    return float(np.sqrt((shape.table[:, 1:] ** 2).sum()))


def _backend() -> str:
    return str(pyshtools.backends.preferred_backend())


if __name__ == "__main__":
    main()
