"""Synthetic tiles are the archive's tiles: names, labels, bytes, placement, planted defects."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from lunarcloud.archive import MISSING_KINDS, Tile, find_tiles, missing_kind, read_rows
from lunarcloud.archive.pds3 import parse_pds3_label
from lunarcloud.errors import InputError
from lunarcloud.moon import grid
from lunarcloud.synthetic import DEFECTS, frames, reflectance, truth, write_tiles
from lunarcloud.synthetic.writing import Written

SCALE = 1.35e-4


@pytest.fixture(scope="module")
def whole_moon(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Written]:
    """All 996 tiles at 2 pixels per degree, without noise, with every kind of defect."""
    folder = tmp_path_factory.mktemp("moon")
    return folder, write_tiles(folder, ppd=2, noise=0.0, defects=DEFECTS)


def image(tile: Tile) -> npt.NDArray[np.int16]:
    return read_rows(tile, row_start=0, row_stop=tile.lines, col_start=0, col_stop=tile.samples)


def test_the_real_tile_is_framed_as_its_label_says() -> None:
    """UI03N003 at full resolution against the archive's printed label."""
    frame = next(frame for frame in frames() if frame.product_id == "UI03N003")
    assert (frame.lines, frame.samples, frame.center_longitude) == (2127, 1844, 15.0)
    assert frame.line_projection_offset == pytest.approx(2123.6345297, abs=1e-5)
    assert frame.sample_projection_offset == pytest.approx(4549.5024429, abs=1e-4)
    assert frame.east == pytest.approx(6.0131998, abs=1e-6)


def test_a_label_says_where_the_image_is_and_what_it_sums_to(whole_moon: tuple[Path, Written]) -> None:
    data = (whole_moon[0] / "ui87n330.img").read_bytes()
    label = parse_pds3_label(data)
    assert label["IMAGE_MAP_PROJECTION"]["EASTERNMOST_LONGITUDE"] > 360.0
    assert label["IMAGE"]["CHECKSUM"] == sum(data[label["LABEL_RECORDS"] * label["RECORD_BYTES"] :])
    assert label["^IMAGE"] == label["LABEL_RECORDS"] + 1
    assert label["FILE_RECORDS"] * label["RECORD_BYTES"] == len(data)


def test_every_place_is_measured_as_its_truth(whole_moon: tuple[Path, Written]) -> None:
    """Through the reader: every position has a tile, whose value is the truth half a pixel away."""
    search = find_tiles(str(whole_moon[0]))
    assert not search.problems
    there = grid(1)
    lat, lon = there.lat()[:, None], there.lon()[None, :]
    mosaic = np.full((5, *there.shape), -32768, dtype=np.int16)
    covered = np.zeros(there.shape, dtype=bool)
    for tile in search.tiles:
        found = tile.pixel(lat=lat, lon=lon)
        rows, cols = np.nonzero(found.inside)
        dn = image(tile)[:, found.row[rows, 0], found.col[rows, cols]]
        known = np.any(dn != -32768, axis=0)
        mosaic[:, rows[known], cols[known]] = dn[:, known]
        covered[rows, cols] = True
    assert covered.all()
    gap = (lat > -20.6) & (lat < -14.4) & (lon > 99.4) & (lon < 103.6)
    assert np.all((mosaic != -32768) | gap)
    true = reflectance(truth(lat=lat, lon=lon))
    # The pixels' centres are a quarter degree away both ways: ground differs a little, a shore much.
    error = np.abs(mosaic[1] * SCALE / true[1] - 1.0)
    assert np.median(error) < 0.02
    assert np.quantile(error[~gap], 0.95) < 0.10


def test_without_noise_a_pixel_is_the_truth_at_its_centre(whole_moon: tuple[Path, Written]) -> None:
    frame = next(frame for frame in frames(2) if frame.product_id == "UI24N219")
    (tile,) = find_tiles(str(whole_moon[0] / "ui24n219.img")).tiles
    where, within = frame.positions(0, frame.lines)
    true = reflectance(truth(lat=where.lat, lon=where.lon))
    error = np.abs(image(tile) * SCALE - true)
    assert np.all(error[:, within] <= SCALE / 2 + 1e-12)
    assert np.all(image(tile)[:, ~within] == -32768)


def test_noise_has_the_stated_size_and_no_pattern(whole_moon: tuple[Path, Written], tmp_path: Path) -> None:
    write_tiles(tmp_path, ppd=8, noise=0.0, product_ids=["UI24N219"], seed=0)
    (clean,) = find_tiles(str(tmp_path)).tiles
    exact = image(clean).astype(float)
    write_tiles(tmp_path, ppd=8, noise=0.05, product_ids=["UI24N219"], seed=0)
    noise = image(find_tiles(str(tmp_path)).tiles[0]) / exact - 1.0
    noise = noise[:, np.all(exact > 0, axis=0)]
    # 2500 values a band: the deviation's own error is 1.5 %, a correlation's 0.02.
    np.testing.assert_allclose(noise.std(axis=1), 0.05, rtol=0.07)
    assert np.all(np.abs(noise.mean(axis=1)) < 0.004)
    assert np.all(np.abs(np.corrcoef(noise) - np.eye(5)) < 0.09)
    assert abs(np.corrcoef(noise[0, 1:], noise[0, :-1])[0, 1]) < 0.09


def test_defects_are_planted_and_listed(whole_moon: tuple[Path, Written]) -> None:
    folder, written = whole_moon
    listed = dict.fromkeys(MISSING_KINDS, 0)
    for planted in written.planted:
        listed[planted.defect.kind] += planted.values
    counted = dict.fromkeys(MISSING_KINDS, 0)
    for name in {planted.product_id for planted in written.planted}:
        (tile,) = find_tiles(str(folder / f"{name.lower()}.img")).tiles
        frame = next(frame for frame in frames(2) if frame.product_id == name)
        _, within = frame.positions(0, frame.lines)
        kinds = missing_kind(image(tile), tile)[:, within]
        for index, kind in enumerate(MISSING_KINDS):
            counted[kind] += int(np.count_nonzero(kinds == index + 1))
    assert counted == listed
    assert {kind for kind, number in listed.items() if number} == set(MISSING_KINDS) - {"below_valid_minimum"}


def test_a_tile_does_not_depend_on_the_others(whole_moon: tuple[Path, Written], tmp_path: Path) -> None:
    folder, _ = whole_moon
    names = ["UI87S330", "UI03N003", "UI17S099"]
    write_tiles(tmp_path, ppd=2, noise=0.0, defects=DEFECTS, product_ids=names)
    for name in names:
        path = f"{name.lower()}.img"
        assert (tmp_path / path).read_bytes() == (folder / path).read_bytes()


def test_a_tile_in_blocks_is_the_tile_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments: dict[str, Any] = {"ppd": 16, "product_ids": ["UI87N330"], "defects": DEFECTS}
    whole = write_tiles(tmp_path / "whole", **arguments).files[0].read_bytes()
    monkeypatch.setattr("lunarcloud.synthetic.writing._BLOCK_PIXELS", 700)
    assert write_tiles(tmp_path / "blocks", **arguments).files[0].read_bytes() == whole


def test_a_full_resolution_tile_reaches_its_pole(tmp_path: Path) -> None:
    """A tile of 3.5 million pixels, as large as the archive's, found whole by the reader."""
    (path,) = write_tiles(tmp_path, product_ids=["ui87n030"]).files
    (tile,) = find_tiles(str(path)).tiles
    assert tile.map_resolution == 303.23349
    assert path.stat().st_size == tile.end_offset
    pole = tile.pixel(lat=90.0, lon=0.0)
    assert pole.inside
    window = read_rows(
        tile, row_start=int(pole.row), row_stop=int(pole.row) + 1, col_start=0, col_stop=tile.samples
    )
    assert np.all(window[:, 0, int(pole.col)] > 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ppd": 0}, "0 pixels per degree"),
        ({"ppd": 5000}, "5000 pixels per degree"),
        ({"ppd": 2, "noise": -0.1}, "noise -0.1"),
        ({"ppd": 2, "product_ids": ["UI00N000"]}, "'UI00N000' is not a tile"),
    ],
)
def test_bad_arguments_are_refused(tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        write_tiles(tmp_path, **arguments)
