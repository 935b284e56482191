"""Ingest: Mpixel/s and peak memory of a worker at grids from 4 to 64 pixels per degree.

    python -m benchmarks.ingest

Synthetic tiles in the archive's format are written at the resolution of each grid, and the mosaic's shards
are computed and written by the product's own plan and engine on two processes of one thread; twice, of which
the second is measured, because starting workers is not part of a pixel's cost. At 4 pixels per degree all
996 tiles are used; at finer ones those of the equatorial rows that a part of the grid needs, and the shards
that lie wholly in this part, because writing tiles takes longer than reading them.
"""

import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

from benchmarks._results import report
from lunarcloud import moon
from lunarcloud.archive import find_tiles
from lunarcloud.archive.scheme import cells
from lunarcloud.engine import Cluster, Session, Work, connect
from lunarcloud.moon import Shard
from lunarcloud.mosaic import ingest_work, plan_ingest
from lunarcloud.mosaic.resample import touches
from lunarcloud.storage import Entry, folder
from lunarcloud.synthetic import write_tiles
from lunarcloud.testing.machine import machine, peak_mib

_EDGE = 512
#: Degrees east and north that are ingested, by pixels per degree: fewer at finer grids.
_PARTS = {4: (360, 180), 16: (360, 56), 32: (180, 56), 64: (90, 56)}


class Measured(NamedTuple):
    """One grid: its tiles, the shards they were painted into summed over tiles, peak memory of a worker."""

    ppd: int
    tiles: int
    tiles_in_shards: int
    mpixel: float
    seconds: float
    peak_mib: float


def main() -> None:
    print(f"machine: {machine()}")
    found = []
    for ppd in _PARTS:
        with tempfile.TemporaryDirectory() as name:
            found.append(_measured(Path(name), ppd))
    _explain(found)


def _explain(found: list[Measured]) -> None:
    """Split the cost into that of opening a tile and that of a pixel, by least squares."""
    causes = np.array([[row.tiles_in_shards, row.mpixel] for row in found])
    seconds = np.array([row.seconds for row in found])
    (tile, _), _ = nnls(causes, seconds)
    rows = [
        {
            "pixels/degree": row.ppd,
            "tiles": row.tiles,
            "Mpixel": round(row.mpixel, 1),
            "seconds": round(row.seconds, 2),
            "Mpixel/s": round(row.mpixel / row.seconds, 1),
            "us/pixel beside opening tiles": round(
                (row.seconds - tile * row.tiles_in_shards) / row.mpixel, 3
            ),
            "MiB/worker": round(row.peak_mib),
        }
        for row in found
    ]
    note = f"Shards of {_EDGE}; opening a tile for a shard takes {tile * 1e3:.2f} ms, by least squares."
    report("ingest by resolution", rows, of=__file__, packages=("dask", "zarr"), note=note)


def _measured(place: Path, ppd: int) -> Measured:
    width, height = _PARTS[ppd]
    names = [
        cell.product_id
        for cell in cells()
        if height == 180 or (max(abs(cell.south), abs(cell.north)) <= height / 2 and cell.west < width)
    ]
    write_tiles(place / "tiles", ppd=ppd, product_ids=names)
    search, grid = find_tiles(str(place / "tiles")), moon.grid(ppd, _EDGE)
    plan = plan_ingest(search, grid, strict=False)
    # Into one folder to start the workers, into another to measure.
    first, second = (ingest_work(plan, folder(place / name)) for name in ("first", "second"))
    with (
        connect(Cluster(workers=2)) as client,
        Session(Cluster(scheduler=client.scheduler_info()["address"])) as session,
    ):
        _only_part(first, ppd)
        session.compute(first)
        shards = _only_part(second, ppd)
        start = time.perf_counter()
        session.compute(second)
        seconds = time.perf_counter() - start
        peak = peak_mib(client)
    windows = [grid.window(shard) for shard in shards]
    pixels = sum(rows * cols for rows, cols in (window.shape for window in windows)) / 1e6
    opened = sum(touches(grid, window, tile) for window in windows for tile in search.tiles)
    print(f"{ppd} pixels per degree: {len(shards)} shards in {seconds:.2f} s", flush=True)
    return Measured(ppd, len(names), opened, pixels, seconds, peak)


def _only_part(work: Work, ppd: int) -> list[Shard]:
    """The shards whose tiles were written; all others are noted as done, so that only these are computed."""
    shards = work.group.missing()
    inside = [shard for shard in shards if _within(moon.grid(ppd, _EDGE), shard, ppd)]
    for shard in set(shards) - set(inside):
        work.group.ledger.record(Entry(shard=shard, objects={}, seconds=0.0, worker="none"))
    return inside


def _within(grid: moon.Grid, shard: Shard, ppd: int) -> bool:
    """Whether a shard lies in the part of the grid whose tiles were written."""
    width, height = _PARTS[ppd]
    window = grid.window(shard)
    lat, lon = grid.lat(window), grid.lon(window)
    inside = width == 360 or 0 < lon.min() <= lon.max() < width
    return height == 180 or (abs(lat).max() < height / 2 and inside)


if __name__ == "__main__":
    main()
