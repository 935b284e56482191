"""Reading the archive's tiles, against the libraries a user would take instead: pvl, GDAL and tarfile.

It writes one full-resolution tile and 996 small ones into a temporary
folder and prints a table. Ratios are of times in this run: above 1, lunarcloud is faster.
"""

import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pvl
import rasterio

from benchmarks._results import report
from lunarcloud.archive import find_tiles, parse_pds3_label, read_rows
from lunarcloud.archive.pds3 import label_bytes
from lunarcloud.synthetic import write_tiles
from lunarcloud.testing.machine import machine

_REPEATS = 5
_ROWS = 512


def seconds(action: Callable[[], object], repeats: int = _REPEATS) -> float:
    """The shortest of some runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def labels(folder: Path) -> tuple[float, float]:
    """All 996 labels: ours, and pvl on the same bytes (every tenth, times ten)."""
    heads = [path.read_bytes()[:32768] for path in sorted(folder.glob("*.img"))]
    texts = [label_bytes(head, source="").decode("ascii") for head in heads]
    ours = seconds(lambda: [parse_pds3_label(head) for head in heads], repeats=1)
    theirs = 10.0 * seconds(lambda: [pvl.loads(text) for text in texts[::10]], repeats=1)
    return ours, theirs


def window(path: Path) -> tuple[float, float]:
    """512 rows of all bands of a tile: ours, and GDAL's PDS driver."""
    (tile,) = find_tiles(str(path)).tiles
    middle = tile.lines // 2

    def ours() -> np.ndarray:
        return read_rows(tile, row_start=middle, row_stop=middle + _ROWS, col_start=0, col_stop=tile.samples)

    def theirs() -> np.ndarray:
        with rasterio.open(path) as image:
            values: np.ndarray = image.read(window=((middle, middle + _ROWS), (0, tile.samples)))
            return values

    np.testing.assert_array_equal(ours(), theirs())
    return seconds(ours), seconds(theirs)


def archived(path: Path, archive: Path) -> tuple[float, float]:
    """512 rows of the last of eight tiles in a .tar.gz: ours with its index, and tarfile."""
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for number in range(8):
            tar.add(path, f"volume{number}/{path.name}")
    tile = find_tiles(str(archive)).tiles[0]
    shifted = tile.model_copy(update={"data_offset": _last_offset(archive, tile.data_offset)})

    def ours() -> np.ndarray:
        return read_rows(shifted, row_start=0, row_stop=_ROWS, col_start=0, col_stop=tile.samples)

    def theirs() -> bytes:
        with tarfile.open(archive) as tar:
            image = tar.extractfile(f"volume7/{path.name}")
            assert image is not None  # it was added above
            return image.read()

    theirs()
    return seconds(ours), seconds(theirs, repeats=1)


def _last_offset(archive: Path, first: int) -> int:
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
    return first - members[0].offset_data + members[-1].offset_data


def main() -> None:
    """Run all and print the table."""
    print(f"machine: {machine()}\n")
    with tempfile.TemporaryDirectory() as place:
        small, large = Path(place) / "small", Path(place) / "large"
        write_tiles(small, ppd=2)
        (path,) = write_tiles(large, product_ids=["UI03N003"]).files
        rows = (
            ("996 PDS3 labels", labels(small), "pvl.loads"),
            ("512 rows of a full-resolution tile", window(path), "GDAL, PDS driver"),
            ("the same, last of 8 in a .tar.gz", archived(path, Path(place) / "t.tar.gz"), "tarfile"),
        )
    shown = [
        {
            "what": name,
            "seconds": round(ours, 4),
            "peer": peer,
            "peer, seconds": round(theirs, 4),
            "times as fast": round(theirs / ours, 1),
        }
        for name, (ours, theirs), peer in rows
    ]
    report("reading tiles", shown, of=__file__, packages=("pvl", "rasterio"))


if __name__ == "__main__":
    main()
