"""Labels say how long their file is and what its bytes sum up to, of images that cannot be used too."""

import io
from pathlib import Path

import pytest

from lunarcloud.archive.extents import Extent, require_content, require_length
from lunarcloud.archive.pds3 import pds3_extent
from lunarcloud.archive.pds4 import pds4_extent
from lunarcloud.errors import ArchiveError
from lunarcloud.synthetic import write_tiles


def test_a_pds3_label_says_where_its_file_ends(one_tile: bytes) -> None:
    extent = pds3_extent(one_tile, source="tile.img")
    assert extent.length == extent.stop == len(one_tile)
    assert extent.checksum == sum(one_tile[extent.start :])
    require_length(extent, len(one_tile), source="tile.img")
    require_content(extent, io.BytesIO(one_tile), source="tile.img")


def test_an_image_of_another_projection_may_be_whole(one_tile: bytes) -> None:
    polar = one_tile.replace(b'"SINUSOIDAL"', b'"STEREO"    ')
    assert polar != one_tile
    assert pds3_extent(polar, source="tile.img") == pds3_extent(one_tile, source="tile.img")


@pytest.mark.parametrize(
    ("keyword", "other", "words"),
    [
        (b"LINE_SAMPLES ", b"LINE_SIMPLES ", "LINE_SAMPLES is None; a number from 1"),
        (b"^IMAGE ", b"^IMAGO ", r"has no \^IMAGE"),
        (b"PDS_VERSION_ID", b"<html><body>  ", "must begin with PDS_VERSION_ID"),
    ],
)
def test_what_is_no_label_of_an_image_is_refused(
    one_tile: bytes, keyword: bytes, other: bytes, words: str
) -> None:
    with pytest.raises(ArchiveError, match=rf"tile\.img: .*{words}"):
        pds3_extent(one_tile.replace(keyword, other, 1), source="tile.img")


def test_a_pds4_label_says_how_long_its_image_is_at_least(tmp_path: Path) -> None:
    (label,) = write_tiles(tmp_path, ppd=1, issue="pds4", product_ids=["UI87N030"]).files
    extent, image = pds4_extent(label.read_bytes(), source="label"), label.with_suffix(".tif").read_bytes()
    assert (extent.length, extent.checksum) == (None, None)
    assert 0 < extent.start < extent.stop <= len(image)
    require_content(extent, io.BytesIO(image), source="image")


@pytest.mark.parametrize(
    ("extent", "size"), [(Extent(2, 9), 8), (Extent(2, 9, length=9), 10), (Extent(2, 9, length=12), 9)]
)
def test_a_file_of_another_length_is_refused(extent: Extent, size: int) -> None:
    with pytest.raises(ArchiveError, match=rf"its label says \d+ bytes, the file has {size}"):
        require_length(extent, size, source="tile.img")


def test_a_file_may_have_more_than_a_label_tells_of() -> None:
    require_length(Extent(2, 9), 10, source="tile.img")


def test_sums_are_numbers_of_32_bits() -> None:
    require_content(Extent(0, 4, checksum=6 + (1 << 32)), io.BytesIO(b"\x00\x01\x02\x03"), source="tile.img")


def test_other_bytes_than_a_labels_are_refused() -> None:
    with pytest.raises(ArchiveError, match="CHECKSUM is 7, that of the pixels 6; the file is damaged"):
        require_content(Extent(1, 4, checksum=7), io.BytesIO(b"\xff\x01\x02\x03"), source="tile.img")
    with pytest.raises(ArchiveError, match="MD5 is 00, the file's "):
        require_content(Extent(0, 1, md5="00"), io.BytesIO(b"a"), source="tile.tif")
