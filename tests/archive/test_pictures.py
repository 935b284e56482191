"""Grey pictures of the Moon: LROC's form and GeoTIFF, told from heights, and refused in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from lunarcloud.archive import Picture, RadiusGrid, read_ground
from lunarcloud.errors import ArchiveError
from lunarcloud.testing.wac import wac_picture

ROWS = 720


def _spot() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Dark, but for the pixel north-east of 45 N, 90 E; the last row is missing."""
    found = np.full((ROWS, 2 * ROWS), 0.04, np.float32)
    found[179, 1080] = 0.1
    found[-1] = np.nan
    return found


@pytest.mark.parametrize("first_pixel", [0, 1])
def test_lrocs_mosaic_is_placed_however_its_label_counts(tmp_path: Path, first_pixel: int) -> None:
    (tmp_path / "WAC.IMG").write_bytes(wac_picture(_spot(), first_pixel=first_pixel))
    found = read_ground(tmp_path / "WAC.IMG")
    assert isinstance(found, Picture)
    np.testing.assert_array_equal(found.brightness, _spot())
    assert found.first_lon == pytest.approx(-179.875)


@pytest.fixture
def write_tiff(tmp_path: Path) -> Callable[..., Path]:
    def write(kind: str, count: int = 1, top: float = 90.0) -> Path:
        path, size = tmp_path / "moon.tif", {"height": 180, "width": 360, "count": count}
        place = from_origin(-180.0, top, 1.0, 1.0)
        with rasterio.open(
            path, "w", "GTiff", crs="IAU_2015:30100", transform=place, dtype=kind, **size
        ) as file:
            values = np.random.default_rng(1).integers(0, 255, (count, 180, 360))
            file.write((values * (1 if kind == "uint8" else 20)).astype(kind))
        return path

    return write


def test_a_geotiff_of_bytes_is_a_picture_and_one_of_numbers_heights(write_tiff: Callable[..., Path]) -> None:
    assert isinstance(read_ground(write_tiff("uint8")), Picture)
    assert isinstance(read_ground(write_tiff("int16")), RadiusGrid)
    assert isinstance(read_ground("lola4"), RadiusGrid)


def test_a_picture_that_is_not_of_the_whole_moon_is_refused(
    write_tiff: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(ArchiveError, match="3 bands; a grey picture has one"):
        read_ground(write_tiff("uint8", count=3))
    with pytest.raises(ArchiveError, match="needed is the whole Moon"):
        read_ground(write_tiff("uint8", top=80.0))
    (tmp_path / "WAC.IMG").write_bytes(wac_picture(_spot())[:-4000])
    with pytest.raises(ArchiveError, match=r"WAC\.IMG: not a readable picture"):
        read_ground(tmp_path / "WAC.IMG")
