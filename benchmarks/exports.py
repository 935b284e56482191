"""A map as a cloud-optimised GeoTIFF: Mpixel/s and peak memory, against rioxarray's own way to one.

    python -m benchmarks.exports

One made-up FeO map of the whole Moon at 64 pixels a degree, with as much noise as a camera's, on local disk.
The peer reads the same store lazily, in units as ours, and calls `to_raster(driver="COG")`: with its defaults
(LZW), and packed as that driver packs our parts of maps. Each way is a process of its own that has loaded its
libraries; its peak is the operating system's.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._results import report
from lunarcloud import api
from lunarcloud.lineage import Ref
from lunarcloud.maps import FILL, Run, RunCard, finish_maps, flags, load_run
from lunarcloud.maps.overviews import OverviewShard
from lunarcloud.moon import grid
from lunarcloud.storage import folder
from lunarcloud.testing.machine import own_peak_mib
from lunarcloud.testing.make import act
from lunarcloud.testing.small_root import publish, write_shard

_PPD, _MAP = 64, "feo_cnn"
# Codes of 0.001 wt%: a camera's noise in a map is some tenths of 1 wt%.
_NOISE = 300.0


def main() -> None:
    if len(sys.argv) > 1:
        _WAYS[sys.argv[1]](*sys.argv[2:])
        return
    pixels = 360 * 180 * _PPD**2
    with tempfile.TemporaryDirectory() as place:
        root, load = f"{place}/root", os.getloadavg()[0]
        _make_run(root)
        rows = []
        for name in _WAYS:
            seconds, cpu, peak = _measured(name, root, f"{place}/{name.replace(' ', '_')}")
            size = next(Path(place, name.replace(" ", "_")).glob("*.tif")).stat().st_size
            rows.append((name, pixels / seconds / 1e6, pixels / cpu / 1e6, peak, size / pixels))
    ours = rows[0][1]
    report(
        "one map, 23 040 x 11 520",
        [
            {
                "way": name,
                "Mpixel/s": round(rate),
                "Mpixel per CPU s": round(per_cpu),
                "peak MiB": round(peak),
                "bytes/pixel": round(size, 2),
                "ours is times faster": round(ours / rate, 1),
            }
            for name, rate, per_cpu, peak, size in rows
        ],
        of=__file__,
        packages=("rasterio", "rioxarray"),
        note="With overviews. Ours has exact statistics besides. Peaks hold interpreter and libraries. "
        f"Between {load:.0f} and {os.getloadavg()[0]:.0f} programs wanted the cores, ours among them.",
    )


def _measured(name: str, root: str, to: str) -> tuple[float, float, float]:
    """Seconds, CPU seconds and peak MiB of one way in a process of its own, starting it left out."""
    Path(to).mkdir()
    command = [sys.executable, "-m", "benchmarks.exports", name, root, to]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, cpu, peak = map(float, printed.split()[-3:])
    return seconds, cpu, peak


def _ours(root: str, to: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        act("export", root, maps=_MAP, region="Tycho", cog=place)
    _timed(lambda: act("export", root, maps=_MAP, cog=to))


def _peer(root: str, to: str, **packed: Any) -> None:
    import rioxarray  # noqa: F401 - gives arrays their .rio

    # With its encoding it would write the codes.
    maps = api.open_maps(root)[_MAP].drop_encoding()
    with tempfile.TemporaryDirectory() as place:
        maps[:256, :256].rio.to_raster(f"{place}/map.tif", driver="COG")
    _timed(lambda: maps.rio.to_raster(f"{to}/map.tif", driver="COG", **packed))


_WAYS: dict[str, Callable[..., None]] = {
    "lunarcloud": _ours,
    "rioxarray": _peer,
    "rioxarray with ZSTD": partial(_peer, compress="ZSTD", level=1, num_threads=2),
}


def _timed(work: Callable[[], object]) -> None:
    start, cpu = time.perf_counter(), time.process_time()
    work()
    print(time.perf_counter() - start, time.process_time() - cpu, own_peak_mib())


def _make_run(root: str) -> None:
    """Publish a run of one map with all its levels, shard by shard."""
    ref = Ref(kind="runs", id="made-up")
    on = grid(_PPD)
    run = load_run(
        folder(root) / ref.path, RunCard(ppd=_PPD, shard_edge=on.shard_edge, maps=(_MAP,), flags=flags())
    )
    for level in range(run.levels):
        _write_level(run, level)
    finish_maps(run, {"title": "made-up run", "references": "none", "license": "none"})
    groups = [run.group(level) for level in range(run.levels)]
    publish(folder(root), ref, "map", run.card, content="made-up", groups=groups)


def _write_level(run: Run, level: int) -> None:
    on, group = run.level_grid(level), run.group(level)
    average = OverviewShard(run.group(level - 1), on) if level else None
    edge = on.shard_edge
    row, col = np.mgrid[0:edge, 0:edge]
    noise = np.random.default_rng(0).normal(0.0, _NOISE, (edge, edge))
    codes = np.clip(8000 + 6000 * np.sin(col / 300) * np.cos(row / 200) + noise, 0, 30_000).astype(np.uint16)
    codes[100:130, 500:700] = FILL
    for shard in group.missing():
        rows, cols = on.window(shard).shape
        # Each shard another one, by turning the same round.
        made = np.ascontiguousarray(np.roll(codes, 77 * shard.row + 31 * shard.col)[:rows, :cols])
        plain = {_MAP: made, "quality": np.zeros((rows, cols), dtype=np.uint16)}
        write_shard(group, shard, average(shard).arrays if average else plain)


if __name__ == "__main__":
    main()
