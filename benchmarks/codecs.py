"""Codecs of stored shards: bytes a pixel and CPU time, for the mosaic and for all maps of a run.

    python -m benchmarks.codecs

A synthetic tile at full resolution is put on the grid and mapped with all maps; its shard is encoded by the
product's own code with each codec in turn.
"""

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
from zarr.codecs import BloscCodec, ZstdCodec

from benchmarks._results import report
from lunarcloud import moon
from lunarcloud.archive import find_tiles
from lunarcloud.archive.instruments import CLEMENTINE
from lunarcloud.archive.scheme import cells
from lunarcloud.archive.tiles import MISSING, Tile
from lunarcloud.maps.kernel import Kernel, Networks, Scaling
from lunarcloud.maps.layout import flags, map_names, maps_layout
from lunarcloud.models import Model, load_model, network_maps, predict, session
from lunarcloud.mosaic.layout import REFLECTANCE, mosaic_layout
from lunarcloud.mosaic.resample import resample
from lunarcloud.storage import Layout, coding, folder, sharding
from lunarcloud.synthetic import write_tiles
from lunarcloud.testing.machine import machine
from lunarcloud.testing.small_root import write_model

_PPD, _EDGE, _ROUNDS = 304, 1024, 3
_TILE = "UI03N003"
_OURS = "blosc zstd 1, 256 KiB, crc32c"
_CODECS = {
    _OURS: sharding._COMPRESSORS,
    "the same without checksums": sharding._COMPRESSORS[:1],
    "blosc zstd 3 (peer)": (BloscCodec(cname="zstd", clevel=3, shuffle="bitshuffle"),),
    "blosc zstd 5": (BloscCodec(cname="zstd", clevel=5, shuffle="bitshuffle"),),
    "blosc lz4 5": (BloscCodec(cname="lz4", clevel=5, shuffle="bitshuffle"),),
    "zstd, zarr's default": (ZstdCodec(level=0),),
}


def main() -> None:
    print(f"machine: {machine()}")
    grid = moon.grid(_PPD, _EDGE)
    shard = _inside(grid)
    with tempfile.TemporaryDirectory() as name:
        write_tiles(Path(name) / "tiles", ppd=_PPD, product_ids=[_TILE])
        (tile,) = find_tiles(str(Path(name) / "tiles")).tiles
        root = folder(Path(name) / "root")
        record = write_model(root)
        model = load_model(root / record.ref.path, record.ref.id, record.card)
        dn, _ = resample(grid, grid.window(shard), [tile], CLEMENTINE)
    mosaic = mosaic_layout(grid, scaling_factor=tile.scaling_factor, offset=tile.offset)
    _compare("mosaic", mosaic, shard, {REFLECTANCE: dn})
    maps = map_names(model.equations, network_maps(model), with_novelty=True)
    _compare("ten maps and flags", maps_layout(grid, maps, flags()), shard, _maps(dn, tile, model))


def _inside(grid: moon.Grid) -> moon.Shard:
    """The shard that holds the middle of the tile."""
    (cell,) = (cell for cell in cells() if cell.product_id == _TILE)
    found = grid.pixel(lat=(cell.south + cell.north) / 2, lon=(cell.west + cell.east) / 2)
    return moon.Shard(int(found.row) // _EDGE, int(found.col) // _EDGE)


def _maps(dn: npt.NDArray[np.int16], tile: Tile, model: Model) -> Mapping[str, npt.NDArray[Any]]:
    onnx = session(model.onnx or b"")
    networks = Networks(network_maps(model), lambda spectra, _: predict(onnx, spectra).T)
    scaling = Scaling(tile.scaling_factor, tile.offset, MISSING)
    return Kernel(scaling, model.equations, networks, model.novelty)(dn)


def _compare(what: str, layout: Layout, shard: moon.Shard, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    pixels = next(iter(arrays.values())).shape[-1] * next(iter(arrays.values())).shape[-2]
    valid = np.mean([np.mean(values != (layout.variable(name).fill or 0)) for name, values in arrays.items()])
    measured = {}
    for name, codecs in _CODECS.items():
        with patch.object(sharding, "_COMPRESSORS", codecs):
            measured[name] = min(_encoded(layout, shard, arrays) for _ in range(_ROUNDS))
    rows = [
        {
            "codec": name,
            "bytes/pixel": round(size / pixels, 2),
            "CPU s/Mpixel": round(seconds / pixels * 1e6, 3),
            "times ours": round(seconds / measured[_OURS][0], 2),
        }
        for name, (seconds, size) in measured.items()
    ]
    note = f"One shard of {_EDGE}, {valid:.0%} of it measured."
    report(what, rows, of=__file__, packages=("zarr", "numcodecs"), note=note)


def _encoded(layout: Layout, shard: moon.Shard, arrays: Mapping[str, npt.NDArray[Any]]) -> tuple[float, int]:
    """CPU time of this process, and bytes."""
    start = time.process_time()
    stored = [coding.encode(layout, layout.variable(name), shard, values) for name, values in arrays.items()]
    return time.process_time() - start, sum(len(data) for data in stored if data is not None)


if __name__ == "__main__":
    main()
