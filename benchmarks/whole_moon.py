"""Whole-Moon runs: speed against plain xarray, share of the networks, memory and time per pixel by size.

    python benchmarks/whole_moon.py [--largest PPD]

The mosaic is made up: soils of many brightnesses, a few pixels in a hundred missing or off scale, the same
4 Mpixel pattern in every shard. Its maps are computed by the product's own plan and engine on two processes
of one thread. The peer is what a user would write today: ``xarray.apply_ufunc`` over dask chunks with the
plain Conv export of the same networks in onnxruntime, equations in xarray, then ``to_zarr``.
"""

import argparse
import tempfile
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from distributed import Client

from lunarcloud import moon
from lunarcloud.engine import Cluster, Group, compute, connect
from lunarcloud.engine.resource import provide
from lunarcloud.maps import MapPlan, plan, plan_maps
from lunarcloud.models import QIU2025, builtin, find_model, predict, session
from lunarcloud.moon import Shard
from lunarcloud.mosaic import Mosaic, find_mosaic
from lunarcloud.storage import Folder, finish, folder, write_shard
from lunarcloud.testing.machine import machine, peak_mib
from lunarcloud.testing.small_root import OXIDES, defective_spectra, plain_model, write_model, write_mosaic

_ROUNDS = 2
_ROUNDS_OF_SHARE = 5
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
        share_of_networks(Path(name) / "share")
        sizes = [ppd for ppd in (11, 23, 46, 91) if ppd <= largest]
        # Half a Gpixel of networks would take ten minutes more.
        with_networks = by_size(Path(name) / "networks", sizes[:3], networks=True)
        equations = by_size(Path(name) / "equations", sizes, networks=False)
    extrapolate("networks and equations", with_networks)
    extrapolate("equations alone", equations)


# ---- against what a user would write


def against_xarray(place: Path) -> None:
    """The same maps of the same mosaic on the same processes, in turn."""
    root = folder(place)
    write_mosaic(root, moon.grid(11, _EDGE), repeated)
    write_model(root)
    mosaic, model = find_mosaic(root), find_model(root)
    pixels = mosaic.card.pixels / 1e6
    print(f"\n{mosaic.grid.n_rows} x {mosaic.grid.n_cols} pixels, all maps, two processes of one thread:")
    ours, theirs = [], []
    with connect(Cluster(workers=2)) as client:
        for turn in range(_ROUNDS):
            made = plan_maps(root / f"turn{turn}", mosaic, model)
            ours.append(_timed(lambda made=made: run(made, client)))
            with client.as_current():
                written = place / f"peer{turn}.zarr"
                theirs.append(_timed(lambda to=written: peer(mosaic, to, plain_model())))
    both = [their / our for our, their in zip(ours, theirs, strict=True)]
    print(f"  lunarcloud, with novelty, flags, overviews: {_spread(ours)} s")
    print(f"  xarray.apply_ufunc and to_zarr, nine maps:  {_spread(theirs)} s")
    print(f"  times faster: {_spread(both)}; ours {pixels / np.median(ours):.2f} Mpixel/s")
    _compare(made, written)


def repeated(shape: tuple[int, int], _: list[int]) -> npt.NDArray[np.int16]:
    """The same spectra in every shard."""
    return _pattern()[:, : shape[0], : shape[1]].copy()


@lru_cache(maxsize=1)
def _pattern() -> npt.NDArray[np.int16]:
    return defective_spectra((_EDGE, _EDGE), [0])


def run(made: MapPlan, client: Client) -> None:
    """Compute all groups of a plan and finish them, as the job does, without pictures."""
    for group in made.groups:
        compute(group, group.layout.raster.shards(), client)
    for group in reversed(made.groups):
        finish(group.place, group.layout, {})


def peer(mosaic: Mosaic, place: Path, onnx: bytes) -> None:
    """Nine maps as a user would compute them with xarray, dask and onnxruntime."""
    chunks = {"band": -1, "lat": _CHUNK, "lon": _CHUNK}
    reflectance = xr.open_zarr(mosaic.place.url, chunks=chunks)["reflectance"].astype("float32")
    r415, r750, r950 = (reflectance.isel(band=band, drop=True) for band in (0, 1, 3))
    iron, titanium = QIU2025.iron, QIU2025.titanium
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
    oxides = _plain_session(onnx).run(None, {"reflectance": spectra})[0]
    oxides[np.isnan(spectra).any(axis=1)] = np.nan
    return oxides.reshape(*reflectance.shape[:-1], -1)


@lru_cache(maxsize=1)
def _plain_session(onnx: bytes) -> Any:
    return session(onnx)


def _compare(made: MapPlan, place: Path) -> None:
    """Both computed the same: greatest difference where both have a value."""
    ours = xr.open_zarr(made.groups[0].place.url)
    theirs = xr.open_zarr(place, consolidated=False)
    for name in ("feo_equation", "feo_cnn", "mg_number"):
        difference = np.abs(ours[name].values - theirs[name].values)
        # Off-scale spectra are masked by ours alone, so only common pixels are compared.
        good = np.isfinite(difference) & (ours["quality"].values == 0)
        print(f"  {name}: {good.mean():.0%} of pixels compared, at most {difference[good].max():.5f} apart")


# ---- where the time goes


def share_of_networks(place: Path) -> None:
    """CPU time of a worker for whole shards: in the networks, and in all (read, compute, encode, write)."""
    root = folder(place)
    write_mosaic(root, moon.grid(23, _EDGE), repeated)
    write_model(root)
    group = plan_maps(root, find_mosaic(root), find_model(root)).groups[0]
    whole = [shard for shard in group.layout.raster.shards() if shard.row < 2 and shard.col < 2]
    pixels = len(whole) * _EDGE**2 / 1e6
    with connect(Cluster(workers=1)) as client:

        def measured(shards: list[Shard]) -> tuple[float, float]:
            return client.submit(_cpu_seconds, group, shards, pure=False).result()

        for resource in group.resources:
            provide(client, resource)
        measured(whole[:1])  # builds the session, fills the caches
        rounds = [measured(whole) for _ in range(_ROUNDS_OF_SHARE)]
    networks, rest = ([values[kind] / pixels for values in rounds] for kind in (0, 1))
    print(f"\nCPU time per Mpixel, {len(rounds)} rounds of {len(whole)} whole shards:")
    print(f"  networks:        {_spread(networks, 3)} s")
    print(f"  everything else: {_spread(rest, 3)} s")
    shares = [100 * network / (network + other) for network, other in rounds]
    print(f"  share of the networks: {_spread(shares, 1)} %")


def _cpu_seconds(group: Group, shards: list[Shard]) -> tuple[float, float]:
    """CPU time of this process in the networks, and in all else that shards take."""
    spent = 0.0

    def timed_predict(*arguments: Any) -> Any:
        nonlocal spent
        start = time.process_time()
        oxides = predict(*arguments)
        spent += time.process_time() - start
        return oxides

    plan.predict = timed_predict
    start = time.process_time()
    for shard in shards:
        write_shard(group.place, group.layout, shard, group.function(shard).arrays)
    everything = time.process_time() - start
    plan.predict = predict
    return spent, everything - spent


# ---- by size


def by_size(place: Path, sizes: list[int], *, networks: bool) -> dict[int, float]:
    """Pixels per second and core, and peak memory of a worker, on grids of growing size."""
    what = "all maps" if networks else "equations alone"
    print(f"\n{what}, shards of {_EDGE}, two processes of one thread, a fresh cluster each:")
    print(f"{'pixels':>16}{'shards':>8}{'seconds':>9}{'us/pixel':>10}{'MiB/worker':>12}")
    rates = {}
    for ppd in sizes:
        root = folder(place / str(ppd))
        write_mosaic(root, moon.grid(ppd, _EDGE), repeated)
        if networks:
            write_model(root)
        model = find_model(root) if networks else builtin("qiu2025")
        rates[ppd] = _measured(root, plan_maps(root, find_mosaic(root), model).groups[0])
    return rates


def _measured(root: Folder, group: Group) -> float:
    rows, cols = group.layout.raster.shape
    shards = list(group.layout.raster.shards())
    with connect(Cluster(workers=2)) as client:
        seconds = _timed(lambda: compute(group, shards, client))
        peak = peak_mib(client)
    per_pixel = seconds / (rows * cols)
    print(
        f"{f'{rows} x {cols}':>16}{len(shards):>8}{seconds:>9.1f}{per_pixel * 1e6:>10.3f}{peak:>12.0f}",
        flush=True,
    )
    return 1.0 / per_pixel / 2


def extrapolate(what: str, rates: dict[int, float]) -> None:
    """Time of the whole Moon at 100 m by the rate of the largest grid measured."""
    rate = rates[max(rates)]
    hours = _MOON / rate / 3600
    print(
        f"\n{what}, whole Moon, {_MOON / 1e9:.2f} Gpixel at {rate / 1e6:.2f} Mpixel/s a core: "
        f"{hours:.1f} core hours, {hours / 64 * 60:.1f} min on 64 cores.\n"
        "Assumes: time per pixel stays flat (measured above), object storage feeds each core with "
        f"{rate * 10 / 1e6:.0f} MB/s before compression, overviews cost little beside it."
    )


def _timed(action: Any) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _spread(values: list[float], digits: int = 2) -> str:
    """Median and range."""
    return f"{np.median(values):.{digits}f} ({min(values):.{digits}f} .. {max(values):.{digits}f})"


if __name__ == "__main__":
    main()
