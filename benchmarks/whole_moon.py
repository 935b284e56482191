"""Whole-Moon runs: speed against plain xarray, where the time goes, memory and time per pixel by size.

    python -m benchmarks.whole_moon [--largest PPD]

The mosaic is made up: soils of many brightnesses, a few pixels in a hundred missing or off scale, the same
4 Mpixel pattern in every shard. Its maps are computed by the product's own plan and engine on two processes
of one thread. The peer is what a user would write today: ``xarray.apply_ufunc`` over dask chunks with the
plain Conv export of one seed's networks in onnxruntime, equations in xarray, then ``to_zarr``. Runs with one
seed, as the paper's, stand beside those with student and intervals, of networks just as large.
"""

import argparse
import tempfile
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import xarray as xr
from distributed import Client

from benchmarks._results import Row, report
from lunarcloud import moon
from lunarcloud.engine import Cluster, Once, Session, Work, connect
from lunarcloud.engine.shards import ShardTask
from lunarcloud.maps import MapPlan, Run, finish_maps, load_run, map_works, plan_maps
from lunarcloud.models import QIU2025, answers, builtin, load_model, package, predict, session
from lunarcloud.moon import Shard
from lunarcloud.mosaic import Mosaic, load_mosaic
from lunarcloud.storage import Folder, folder, sharding
from lunarcloud.testing.machine import machine, peak_mib
from lunarcloud.testing.small_root import OXIDES, defective_spectra, plain_model, write_model, write_mosaic

_ROUNDS = 2
_PACKAGES = ("xarray", "dask", "onnxruntime", "zarr")
_ROUNDS_OF_SHARE = 5
_PARTS = ("networks", "reading, equations, novelty, flags, codes", "compressing, writing")
_ONCE, _MAPS = ("half-widths", "overviews", "around the poles"), "without overviews and poles"
_EDGE = 2048
#: Pixels of the Moon at full resolution.
_MOON = 109_164 * 54_582
_CHUNK = 512


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--largest", type=int, default=91, help="largest grid, pixels per degree")
    largest = arguments.parse_args().largest
    print(f"machine: {machine()}")
    with tempfile.TemporaryDirectory() as name:
        against_xarray(Path(name) / "peer")
        where_the_time_goes(Path(name) / "parts")
        what_checksums_cost(Path(name) / "checksums")
        sizes = [ppd for ppd in (11, 23, 46, 91) if ppd <= largest]
        # Half a Gpixel of networks would take ten minutes more.
        with_networks = by_size(Path(name) / "networks", sizes[:3], networks=True)
        equations = by_size(Path(name) / "equations", sizes, networks=False)
    extrapolate({"all maps": with_networks, "equations alone": equations})


# ---- against what a user would write


def against_xarray(place: Path) -> None:
    """The same maps of the same mosaic on the same processes, in turn."""
    planned = prepared(place, 11, networks=True)
    one_seed = of_one_seed(planned)
    mosaic = planned.mosaic
    ours, sure, theirs = [], [], []
    with connect(Cluster(workers=2)) as client:
        for turn in range(_ROUNDS):
            to = folder(place / f"turn{turn}")
            ours.append(_timed(lambda to=to: run(one_seed, to, client)))
            sure.append(_timed(lambda turn=turn: run(planned, folder(place / f"sure{turn}"), client)))
            with client.as_current():
                written = place / f"peer{turn}.zarr"
                theirs.append(_timed(lambda to=written: peer(mosaic, to, plain_model())))
    rows = [
        {
            "what": what,
            "seconds": _spread(each),
            "times faster": _spread([their / our for our, their in zip(each, theirs, strict=True)]),
        }
        for what, each in (
            ("lunarcloud, one seed: ten maps and flags", ours),
            (f"lunarcloud, student: {len(planned.card.maps)} maps and flags", sure),
            ("xarray, dask, onnxruntime, one seed: nine maps", theirs),
        )
    ]
    note = f"{mosaic.grid.n_rows} x {mosaic.grid.n_cols} pixels, two processes of one thread."
    report("whole runs against plain xarray", rows, of=__file__, packages=_PACKAGES, note=note)
    _compare(load_run(to, one_seed.card), written)


def prepared(place: Path, ppd: int, *, networks: bool) -> MapPlan:
    """A run of a mosaic made up in a folder, with untrained networks or the paper's equations alone."""
    root = folder(place)
    record = write_mosaic(root, moon.grid(ppd, _EDGE), repeated)
    mosaic = load_mosaic(root / record.ref.path, record.card)
    if not networks:
        return plan_maps(mosaic, builtin("qiu2025"))
    made = write_model(root)
    return plan_maps(mosaic, load_model(root / made.ref.path, made.ref.id, made.card))


def of_one_seed(planned: MapPlan) -> MapPlan:
    """The same run with the networks of one seed alone, as the paper's."""
    return plan_maps(planned.mosaic, planned.model.of_seed(0))


def repeated(shape: tuple[int, int], _: list[int]) -> npt.NDArray[np.int16]:
    """The same spectra in every shard."""
    return _pattern()[:, : shape[0], : shape[1]].copy()


@lru_cache(maxsize=1)
def _pattern() -> npt.NDArray[np.int16]:
    return defective_spectra((_EDGE, _EDGE), [0])


def run(planned: MapPlan, place: Folder, client: Client) -> None:
    """Compute all levels of a run and finish them, as the process does, without pictures."""
    with on(client) as session:
        for work in map_works(planned, place):
            session.compute(work)
    finish_maps(load_run(place, planned.card), {})


def on(client: Client) -> Session:
    """A session on a cluster that runs already."""
    return Session(Cluster(scheduler=str(client.scheduler_info()["address"])))


def peer(mosaic: Mosaic, place: Path, onnx: bytes) -> None:
    """Nine maps as a user would compute them with xarray, dask and onnxruntime."""
    chunks = {"band": -1, "lat": _CHUNK, "lon": _CHUNK}
    reflectance = xr.open_zarr(mosaic.group.place.url, chunks=chunks)["reflectance"].astype("float32")
    r415, r750, r950 = (reflectance.isel(band=band, drop=True) for band in (0, 1, 3))
    iron, titanium = QIU2025.iron, QIU2025.titanium
    assert iron
    assert titanium
    dx, dy = r750 - iron.x0, r950 / r750 - iron.y0
    theta = np.arctan((r415 / r750 - titanium.y0) / (r750 - titanium.x0))
    maps = {
        "feo_equation": (iron.intercept - iron.slope * np.arctan(dy / dx)).clip(0, 100),
        "tio2_equation": (titanium.factor * theta.clip(0) ** titanium.exponent).clip(0, 100),
        "omat": np.sqrt(dx**2 + dy**2),
    }
    oxides = xr.apply_ufunc(
        infer,
        reflectance,
        kwargs={"onnx": onnx},
        input_core_dims=[["band"]],
        output_core_dims=[["oxide"]],
        dask="parallelized",
        dask_gufunc_kwargs={"output_sizes": {"oxide": len(OXIDES)}},
        output_dtypes=[np.float32],
    ).clip(0, 100)
    maps |= {f"{name}_cnn": oxides.isel(oxide=index) for index, name in enumerate(OXIDES)}
    magnesium, ferrous = maps["mgo_cnn"] / 40.304, maps["feo_cnn"] / 71.844
    maps["mg_number"] = magnesium / (magnesium + ferrous)
    dropped = xr.Dataset(maps).drop_vars(["wavelength", "crs"], errors="ignore")
    dropped.to_zarr(place, zarr_format=3, consolidated=False)


def infer(reflectance: npt.NDArray[np.float32], onnx: bytes) -> npt.NDArray[np.float32]:
    """Oxides of a chunk (..., band) by the plain export, all its pixels in one call."""
    spectra = np.ascontiguousarray(reflectance.reshape(-1, reflectance.shape[-1]))
    oxides: npt.NDArray[np.float32] = _plain_session(onnx).run(None, {"reflectance": spectra})[0]
    oxides[np.isnan(spectra).any(axis=1)] = np.nan
    return oxides.reshape(*reflectance.shape[:-1], -1)


@lru_cache(maxsize=1)
def _plain_session(onnx: bytes) -> Any:
    return session(onnx)


def _compare(made: Run, place: Path) -> None:
    """Both computed the same: greatest difference where both have a value."""
    ours = made.open()
    theirs = xr.open_zarr(place, consolidated=False)
    rows = []
    for name in ("feo_equation", "feo_cnn", "mg_number"):
        difference = np.abs(ours[name].values - theirs[name].values)
        # Off-scale spectra are masked by ours alone, so only common pixels are compared.
        good = np.isfinite(difference) & (ours["quality"].values == 0)
        apart = {
            "greatest difference": f"{difference[good].max():.5f}",
            "% of pixels": round(100 * good.mean()),
        }
        rows.append({"map": name, **apart})
    report("difference to plain xarray", rows, of=__file__, packages=_PACKAGES)


# ---- where the time goes


def where_the_time_goes(place: Path, ppd: int = 23) -> None:
    """CPU time of a worker for a run, by part: with one seed, and with student and intervals."""
    planned = prepared(place, ppd, networks=True)
    parts = dict[str, dict[str, npt.NDArray[np.float64]]]()
    with connect(Cluster(workers=1)) as client:
        for what, each in (("one seed", of_one_seed(planned)), ("student, intervals", planned)):
            work, *others = map_works(each, folder(place / what.replace(" ", "")))
            whole = [shard for shard in work.group.layout.raster.shards() if shard.row < 2 and shard.col < 2]
            pixels = len(whole) * _EDGE**2 / 1e6
            rounds = np.array(client.submit(_rounds, work, whole, pure=False).result()) / pixels
            # Of all shards: what is made of the finest level needs the whole of it.
            client.submit(_whole_work, work, pure=False).result()
            finest = dict(zip(_PARTS, rounds.T, strict=True))
            once = dict.fromkeys(_ONCE, np.zeros(_ROUNDS_OF_SHARE))
            for other in others:
                seconds = client.submit(_whole_work, other, pure=False).result()
                once[_part_of(other)] = once[_part_of(other)] + seconds / (planned.mosaic.card.pixels / 1e6)
            everything = np.sum([*finest.values(), *once.values()], axis=0)
            levels = once["overviews"] + once["around the poles"]
            parts[what] = finest | once | {_MAPS: everything - levels, "all": everything}
    rows = [
        {"CPU s/Mpixel": part, **{what: _spread(each[part].tolist(), 3) for what, each in parts.items()}}
        for part in (*_PARTS, *_ONCE, _MAPS, "all")
    ]
    of_half_widths = load_run(folder(place), planned.card).intervals_grid.ppd
    note = (
        f"{_ROUNDS_OF_SHARE} rounds of {len(whole)} whole shards each, after a first one; {', '.join(_ONCE)} "
        "once, of all shards. Mpixels are the finest level's. With student and intervals "
        f"{len(planned.card.maps)} maps, and {len(planned.card.intervals)} of half-widths at "
        f"{of_half_widths:g} pixels per degree, instead of ten for {_ratio(parts, 'all')} of the time, "
        f"{_MAPS} for {_ratio(parts, _MAPS)}."
    )
    report("where the time goes", rows, of=__file__, packages=_PACKAGES, note=note)


def _part_of(work: Work) -> str:
    if isinstance(work.group.layout.raster, moon.PolarGrid):
        return "around the poles"
    return "half-widths" if work.title == "intervals" else "overviews"


def _ratio(parts: Mapping[str, Mapping[str, npt.NDArray[np.float64]]], part: str) -> str:
    """What the second way takes of the first one's time: median and range."""
    one, sure = (each[part] for each in parts.values())
    ratio, least, most = np.median(sure / one), sure.min() / one.max(), sure.max() / one.min()
    return f"{ratio:.2f} ({least:.2f} .. {most:.2f})"


def _whole_work(work: Work) -> float:
    """CPU time of this process for all shards of a work, which are noted, since others are made of them."""
    task = ShardTask(work.function, work.group, Once(lambda: None))
    start = time.process_time()
    for shard in work.group.layout.raster.shards():
        task(shard)
    return time.process_time() - start


def _rounds(work: Work, shards: list[Shard]) -> list[tuple[float, float, float]]:
    """CPU times of some rounds, in a worker that has built its session and filled its caches."""
    _cpu_seconds(work, shards[:1])
    return [_cpu_seconds(work, shards) for _ in range(_ROUNDS_OF_SHARE)]


def _cpu_seconds(work: Work, shards: list[Shard]) -> tuple[float, float, float]:
    """CPU time of this process by part, for some shards."""
    asked = made = 0.0

    def timed_predict(*arguments: Any) -> Any:
        nonlocal asked
        start = time.process_time()
        said = predict(*arguments)
        asked += time.process_time() - start
        return said

    start = time.process_time()
    # The student is asked by the one, single networks by way of the other.
    with patch.object(answers, "predict", timed_predict), patch.object(package, "predict", timed_predict):
        for shard in shards:
            began = time.process_time()
            arrays = work.function(shard).arrays
            made += time.process_time() - began
            work.group.write(shard, arrays)
    everything = time.process_time() - start
    return asked, made - asked, everything - made


def what_checksums_cost(place: Path) -> None:
    """CPU time of whole shards with and without a checksum a chunk, in turn."""
    planned = prepared(place, 23, networks=True)
    work, *_ = map_works(planned, folder(place / "run"))
    (first, *_) = work.group.layout.raster.shards()
    ways = {"without": sharding._COMPRESSORS[:1], "with": sharding._COMPRESSORS}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    _cpu_seconds(work, [first])
    for _ in range(_ROUNDS_OF_SHARE):
        for way, compressors in ways.items():
            with patch.object(sharding, "_COMPRESSORS", compressors):
                seconds[way].append(sum(_cpu_seconds(work, [first])))
    ratios = [one / other for one, other in zip(seconds["with"], seconds["without"], strict=True)]
    rows = [
        {"checksums": way, "CPU s/Mpixel": _spread([each / _EDGE**2 * 1e6 for each in found], 3)}
        for way, found in seconds.items()
    ]
    note = f"With them {_spread(ratios, 3)} of the time; {_ROUNDS_OF_SHARE} rounds of a whole shard, in turn."
    report("what checksums cost", rows, of=__file__, packages=_PACKAGES, note=note)


# ---- by size


def by_size(place: Path, sizes: list[int], *, networks: bool) -> float:
    """Microseconds a pixel of the largest of some grids of growing size, the largest last."""
    rows: list[Row] = []
    us_per_pixel = 0.0
    for ppd in sizes:
        planned = prepared(place / str(ppd), ppd, networks=networks)
        work, *_ = map_works(planned, folder(place / str(ppd) / "run"))
        us_per_pixel, row = _measured(work)
        rows.append(row)
    note = f"Shards of {_EDGE}, two processes of one thread, a fresh cluster each."
    what = "all maps by size" if networks else "equations alone by size"
    report(what, rows, of=__file__, packages=_PACKAGES, note=note)
    return us_per_pixel


def _measured(work: Work) -> tuple[float, Row]:
    rows, cols = work.group.layout.raster.shape
    shards = len(work.group.missing())
    with connect(Cluster(workers=2)) as client, on(client) as session:
        seconds = _timed(lambda: session.compute(work))
        peak = peak_mib(client)
    us_per_pixel = seconds / (rows * cols) * 1e6
    return us_per_pixel, {
        "pixels": f"{rows} x {cols}",
        "shards": shards,
        "seconds": round(seconds, 1),
        "us/pixel": round(us_per_pixel, 3),
        "MiB/worker": round(peak),
    }


def extrapolate(us_per_pixel: dict[str, float]) -> None:
    """Time of the whole Moon at 100 m by the rate of the largest grid measured."""
    rows = []
    for what, time_of_both in us_per_pixel.items():
        rate = 1.0 / (2.0 * time_of_both)  # Mpixel/s of each of two cores
        hours = _MOON / 1e6 / rate / 3600
        numbers = {"Mpixel/s a core": round(rate, 2), "core hours": round(hours, 1)}
        rows.append({"what": what, **numbers, "MB/s a core from the store": round(rate * 10)})
    note = (
        f"{_MOON / 1e9:.2f} Gpixel, if time per pixel stays as flat as measured; MB/s before compression; "
        "overviews cost little beside it."
    )
    report("the whole Moon at 100 m", rows, of=__file__, packages=_PACKAGES, note=note)


def _timed(action: Any) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _spread(values: list[float], digits: int = 2) -> str:
    """Median and range."""
    return f"{np.median(values):.{digits}f} ({min(values):.{digits}f} .. {max(values):.{digits}f})"


if __name__ == "__main__":
    main()
