"""Process ingest: the reference Moon, reruns, both issues of the archive, order and workers."""

import itertools
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from lunarcloud.archive import find_tiles
from lunarcloud.archive.shipped import DATA, PROSPECTOR
from lunarcloud.lineage import Entry, open_root
from lunarcloud.synthetic import DEFECTS, write_tiles
from lunarcloud.testing.bad_archive import bad_archive
from lunarcloud.testing.fixtures import Command

SOME = [f"UI{code}{half}{lon:03d}" for code, lon in (("03", 3), ("10", 45), ("17", 99)) for half in "NS"]


@pytest.fixture(scope="module")
def some_tiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six tiles at 8 pixels per degree with planted defects."""
    place = tmp_path_factory.mktemp("tiles")
    write_tiles(place, ppd=8, product_ids=SOME, defects=DEFECTS)
    return place


def _totals(card: dict[str, Any]) -> Counter[str]:
    """Values found missing by kind, over all tiles."""
    totals: Counter[str] = Counter()
    for name, count in card["missing"].items():
        totals[name.split("/")[1]] += count
    return totals


def _mosaic(root: Path) -> Entry:
    return open_root(root).find("mosaics")


def test_the_reference_moon_maps_to_lunar_prospector(
    lunarcloud: Command, lp_archive: str, tmp_path: Path, scheduler: str
) -> None:
    """99.9 % of pixel centres within 0.25 wt% FeO and 0.15 wt% TiO2; missing counts as a miss."""
    to = ("--root", tmp_path, "--scheduler", scheduler)
    code, out, err = lunarcloud("ingest", lp_archive, "--ppd", 4, "--json", *to)
    assert code == 0, err
    made = json.loads(out)
    report = _totals(made["record"]["card"])
    code, out, err = lunarcloud("map", "--model", "qiu2025", "--json", *to)
    assert code == 0, err
    maps = xr.open_zarr(f"{json.loads(out)['url']}/maps.zarr/0")
    table = pd.read_csv(str(DATA / PROSPECTOR["2deg"]))
    gap = table["lon"].between(100, 103) & table["lat"].between(-20, -15)
    table = table[~gap]
    at = {name: xr.DataArray(table[name].values, dims="pixel") for name in ("lat", "lon")}
    there = maps.sel(**at, method="nearest")
    for name, column, tolerance in (("feo_equation", "FeO", 0.25), ("tio2_equation", "TiO2", 0.15)):
        close = np.abs(there[name].values - table[column].values) <= tolerance
        assert close.mean() >= 0.999
    assert np.isnan(maps["feo_equation"].sel(lat=slice(-15.2, -19.8), lon=slice(100.2, 102.8))).all()
    planted = ("null", "high_repr_saturation", "low_repr_saturation", "unflagged_saturation")
    assert all(report[kind] > 0 for kind in planted)
    mosaic = xr.open_zarr(f"{made['url']}/mosaic.zarr", mask_and_scale=False)["reflectance"]
    uncovered = made["record"]["card"]["uncovered"]
    assert int((mosaic == -32768).sum()) == sum(report.values()) + 5 * uncovered


def test_planted_defects_are_missing_and_counted_by_tile(
    lunarcloud: Command, some_tiles: Path, tmp_path: Path, scheduler: str
) -> None:
    code, out, _ = lunarcloud(
        "ingest", some_tiles, "--root", tmp_path, "--ppd", 8, "--json", "--scheduler", scheduler
    )
    card = json.loads(out)["record"]["card"]
    assert code == 0
    kinds = {defect.kind for defect in DEFECTS}
    for name in ("UI10N045", "UI17S099"):
        assert any(entry.startswith(name) for entry in card["missing"])
    assert {kind for kind in _totals(card) if kind != "null"} <= kinds
    assert len(card["missing_tiles"]) == 996 - len(SOME)


def test_a_second_ingest_computes_nothing(
    lunarcloud: Command, some_tiles: Path, tmp_path: Path, scheduler: str
) -> None:
    command = ("ingest", some_tiles, "--root", tmp_path, "--ppd", 4, "--json")
    first = json.loads(lunarcloud(*command, "--scheduler", scheduler)[1])
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    second = json.loads(lunarcloud(*command, "--scheduler", "tcp://127.0.0.1:9")[1])  # nobody is there
    assert (second["record"], second["shards_computed"]) == (first["record"], None)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}


def test_a_mosaic_straight_from_a_server_is_that_of_the_files(
    lunarcloud: Command, some_tiles: Path, tmp_path: Path, scheduler: str
) -> None:
    """Workers ask for ranges; a server that is busy now and then costs patience, not pixels."""
    asked = itertools.count()
    with bad_archive(some_tiles, lambda path: "busy" if next(asked) % 5 == 4 else None) as server:
        places = [f"{server.url}/{name.lower()}.img?signature=secret" for name in SOME]
        for tiles, root in ((places, tmp_path / "a"), ([some_tiles], tmp_path / "b")):
            code, _, err = lunarcloud("ingest", *tiles, "--root", root, "--ppd", 5, "--scheduler", scheduler)
            assert code == 0, err
        # Two workers may need the same tile, and the command has read its label.
        whole = sum(path.stat().st_size for path in some_tiles.iterdir())
        assert server.sent_bytes <= 2 * whole + len(SOME) * 32_768
        assert server.done["busy"] > 0
    assert _mosaic(tmp_path / "a").digest == _mosaic(tmp_path / "b").digest
    assert b"secret" not in b"".join(path.read_bytes() for path in (tmp_path / "a").rglob("*.json"))


def test_both_issues_of_the_archive_give_the_same_bytes(
    lunarcloud: Command, some_tiles: Path, tmp_path: Path, scheduler: str
) -> None:
    write_tiles(tmp_path / "pds4", ppd=8, product_ids=SOME, defects=DEFECTS, issue="pds4")
    for tiles, root in ((some_tiles, tmp_path / "a"), (tmp_path / "pds4", tmp_path / "b")):
        code, _, err = lunarcloud("ingest", tiles, "--root", root, "--ppd", 5, "--scheduler", scheduler)
        assert code == 0, err
    assert _mosaic(tmp_path / "a").digest == _mosaic(tmp_path / "b").digest


def test_one_and_four_workers_and_any_order_of_tiles_give_the_same_bytes(
    lunarcloud: Command, some_tiles: Path, tmp_path: Path
) -> None:
    files = sorted(map(str, some_tiles.glob("*.img")))
    for listed, workers, root in ((files, 1, tmp_path / "a"), (files[::-1], 4, tmp_path / "b")):
        words = ("ingest", *listed, "--root", root, "--ppd", 3, "--shard", 97, "--workers", workers)
        code, _, err = lunarcloud(*words)
        assert code == 0, err
    names = {path.relative_to(tmp_path / "a") for path in (tmp_path / "a" / "mosaics").rglob("c/0/*/*")}
    assert names
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_bad_tiles_leave_missing_pixels_and_strict_refuses_them(
    lunarcloud: Command, some_tiles: Path, tmp_path: Path, scheduler: str
) -> None:
    shutil.copytree(some_tiles, tmp_path / "tiles")
    whole = (tmp_path / "tiles" / "ui03n003.img").read_bytes()
    (tmp_path / "tiles" / "ui03n003.img").write_bytes(whole[:-1000])
    words = ("ingest", tmp_path / "tiles", "--ppd", 4, "--scheduler", scheduler)
    code, out, _ = lunarcloud(*words, "--root", tmp_path / "a", "--json")
    assert code == 0
    made = json.loads(out)
    ((where, problem),) = made["record"]["card"]["problems"]
    assert where == "../tiles/ui03n003.img"
    assert where in problem
    assert str(tmp_path) not in problem
    assert str(len(whole)) in problem.replace(",", "")
    data = xr.open_zarr(f"{made['url']}/mosaic.zarr")["reflectance"]
    assert np.isnan(data.sel(lat=3.0, lon=3.0, method="nearest")).all()
    code, _, err = lunarcloud(*words, "--root", tmp_path / "b", "--strict")
    assert code == 2
    assert "ui03n003.img" in err
    assert not (tmp_path / "b").exists()


def test_tiles_that_moved_are_the_same_mosaic(
    lunarcloud: Command, some_tiles: Path, tmp_path: Path, scheduler: str
) -> None:
    words = ("--root", tmp_path / "root", "--ppd", 2, "--json")
    first = json.loads(lunarcloud("ingest", some_tiles, *words, "--scheduler", scheduler)[1])
    shutil.copytree(some_tiles, tmp_path / "moved")
    second = json.loads(lunarcloud("ingest", tmp_path / "moved", *words)[1])
    assert (second["record"], second["shards_computed"]) == (first["record"], None)


@pytest.mark.parametrize(("ppd", "shard"), [(1, 256), (1, 61), (2, 720), (3, 1080)])
def test_odd_grids_are_whole(
    lunarcloud: Command, some_tiles: Path, tmp_path: Path, scheduler: str, ppd: int, shard: int
) -> None:
    """One pixel per degree, a prime shard edge, one row of shards, one shard larger than the grid."""
    words = ("--root", tmp_path, "--scheduler", scheduler)
    assert lunarcloud("ingest", some_tiles, "--ppd", ppd, "--shard", shard, *words)[0] == 0
    code, out, err = lunarcloud("map", "--model", "qiu2025", "--json", *words)
    assert code == 0, err
    maps = xr.open_zarr(f"{json.loads(out)['url']}/maps.zarr/0")
    assert maps["feo_equation"].shape == (180 * ppd, 360 * ppd)
    assert int(maps["feo_equation"].notnull().sum()) > 0


def test_a_dry_run_says_what_it_would_take_and_writes_nothing(
    lunarcloud: Command, some_tiles: Path, tmp_path: Path
) -> None:
    code, out, _ = lunarcloud(
        "ingest", some_tiles, "--root", tmp_path / "r", "--ppd", 8, "--dry-run", "--json"
    )
    (step,) = json.loads(out)
    assert code == 0
    assert step["pixels"] == 180 * 360 * 64
    assert step["bytes_at_most"] == step["pixels"] * 10
    assert not (tmp_path / "r").exists()


def test_a_tile_read_through_find_tiles_covers_what_its_label_says(some_tiles: Path) -> None:
    assert sorted(tile.product_id for tile in find_tiles(str(some_tiles)).tiles) == sorted(SOME)
