"""Windows of tiles: the right values, the right bytes, from any place, from many threads."""

import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import numpy.typing as npt
import pyproj
import pytest
import rasterio
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from lunarcloud.archive import MISSING_KINDS, Tile, find_tiles, missing_kind, read_rows
from lunarcloud.archive.pds3 import HEAD_BYTES
from lunarcloud.errors import ArchiveError, NotFoundError

SHIFT = {"PDS_LineProjOffset_Shift": -1, "PDS_SampleProjOffset_Shift": -1}


class CountingFileSystem(MemoryFileSystem):  # type: ignore[misc]  # fsspec is not typed
    """Files in memory that count the bytes asked of them."""

    protocol = "counting"
    read = 0

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.replace("counting://", "memory://")))

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **kwargs: Any) -> bytes:
        data: bytes = super().cat_file(path, start=start, end=end, **kwargs)
        CountingFileSystem.read += len(data)
        return data


@pytest.fixture
def counting(pds3_folder: Path) -> Iterator[str]:
    fsspec.register_implementation("counting", CountingFileSystem, clobber=True)
    files = CountingFileSystem()
    for path in pds3_folder.iterdir():
        files.pipe_file(f"/counted/{path.name}", path.read_bytes())
    yield "counting://counted"
    files.rm("/counted", recursive=True)


@pytest.fixture(scope="module")
def tiles(pds3_folder: Path) -> dict[str, Tile]:
    return {tile.product_id: tile for tile in find_tiles(str(pds3_folder)).tiles}


def whole(tile: Tile) -> npt.NDArray[np.int16]:
    return read_rows(tile, row_start=0, row_stop=tile.lines, col_start=0, col_stop=tile.samples)


def test_gdal_reads_the_same_values(tiles: dict[str, Tile]) -> None:
    for tile in tiles.values():
        with rasterio.open(tile.url) as image:
            assert image.driver == "PDS"
            np.testing.assert_array_equal(image.read(), whole(tile))


def test_gdal_places_the_same_pixels(tiles: dict[str, Tile]) -> None:
    """PROJ's sinusoidal projection and GDAL's transform of the label, against the label's equations."""
    random = np.random.default_rng(1)
    for tile in tiles.values():
        with rasterio.Env(**SHIFT), rasterio.open(tile.url) as image:
            project = pyproj.Proj(f"+proj=sinu +lon_0={tile.center_longitude} +R=1737400 +units=m")
            bounds = tile.bounds
            lat = random.uniform(bounds.south, bounds.north, 300)
            lon = np.concatenate([random.uniform(*span, 300) for span in bounds.lon_ranges])[-300:]
            cols, rows = ~image.transform @ np.array(project(lon, lat))
        found = tile.pixel(lat=lat, lon=lon)
        clear = np.all(np.abs(np.stack([rows, cols]) % 1.0 - 0.5) < 0.4999, axis=0) & found.inside
        assert np.count_nonzero(clear) > 50
        np.testing.assert_array_equal(found.row[clear], np.floor(rows[clear]))
        np.testing.assert_array_equal(found.col[clear], np.floor(cols[clear]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_any_window_is_that_part_of_the_whole(tiles: dict[str, Tile], data: DataObject) -> None:
    tile = tiles[data.draw(st.sampled_from(sorted(tiles)))]
    rows = sorted(data.draw(st.tuples(*[st.integers(0, tile.lines)] * 2)))
    cols = sorted(data.draw(st.tuples(*[st.integers(0, tile.samples)] * 2)))
    window = read_rows(tile, row_start=rows[0], row_stop=rows[1], col_start=cols[0], col_stop=cols[1])
    assert window.dtype == np.int16
    assert window.dtype.isnative
    np.testing.assert_array_equal(window, whole(tile)[:, slice(*rows), slice(*cols)])


def test_a_window_reads_only_its_rows(counting: str) -> None:
    tile = find_tiles(f"{counting}/ui03n003.img").tiles[0]
    CountingFileSystem.read = 0
    read_rows(tile, row_start=3, row_stop=5, col_start=0, col_stop=10)
    assert CountingFileSystem.read == 5 * 2 * 2 * tile.samples


def test_finding_tiles_reads_only_the_heads(counting: str, pds3_folder: Path) -> None:
    CountingFileSystem.read = 0
    find_tiles(counting)
    sizes = [path.stat().st_size for path in pds3_folder.iterdir()]
    assert max(sizes) > HEAD_BYTES
    assert CountingFileSystem.read == sum(min(size, HEAD_BYTES) for size in sizes)


def test_the_reference_archive_gives_what_tarfile_extracts(
    lp_archive: str, lp_tiles: dict[str, Tile]
) -> None:
    with tarfile.open(lp_archive) as archive:
        for name in ("ui03n003", "ui45s125", "ui87s330", "ui87n030"):
            member = archive.extractfile(f"./{name}.img")
            assert member
            tile = lp_tiles[name.upper()]
            image = np.frombuffer(member.read()[-10 * tile.lines * tile.samples :], ">i2")
            np.testing.assert_array_equal(whole(tile).ravel(), image)


def test_many_threads_read_one_archive_at_once(lp_tiles: dict[str, Tile]) -> None:
    some = list(lp_tiles.values())[::40]
    one_by_one = [whole(tile) for tile in some]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(whole, some * 4))
    for index, image in enumerate(together):
        np.testing.assert_array_equal(image, one_by_one[index % len(some)])


def test_planted_defects_of_the_reference_tiles_are_found(lp_tiles: dict[str, Tile]) -> None:
    counts = dict.fromkeys(MISSING_KINDS, 0)
    for name in ("UI17S099", "UI10N051", "UI31S291"):
        kinds = missing_kind(whole(lp_tiles[name]), lp_tiles[name])
        for index, kind in enumerate(MISSING_KINDS):
            counts[kind] += int(np.count_nonzero(kinds == index + 1))
    assert counts["null"] > 0
    assert counts["unflagged_saturation"] > 0
    assert sum(counts[kind] for kind in MISSING_KINDS[1:5]) > 0


def test_a_window_beyond_the_tile_is_refused(tiles: dict[str, Tile]) -> None:
    tile = tiles["UI03N003"]
    for rows, cols in (
        ((0, tile.lines + 1), (0, 1)),
        ((-1, 2), (0, 1)),
        ((3, 2), (0, 1)),
        ((0, 1), (0, 9999)),
    ):
        with pytest.raises(ArchiveError, match="not within its 57 x"):
            read_rows(tile, row_start=rows[0], row_stop=rows[1], col_start=cols[0], col_stop=cols[1])


def test_a_file_cut_after_it_was_found(tmp_path: Path, one_tile: bytes) -> None:
    path = tmp_path / "ui03n003.img"
    path.write_bytes(one_tile)
    (tile,) = find_tiles(str(path)).tiles
    path.write_bytes(one_tile[:-2])
    with pytest.raises(ArchiveError, match="the file ends before row 57"):
        whole(tile)
    path.unlink()
    with pytest.raises(NotFoundError):
        whole(tile)
