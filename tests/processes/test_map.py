"""Process map: what it publishes opens anywhere, is the same however computed; bad input changes nothing."""

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
import zarr
from pyproj import CRS

from lunarcloud.engine import Cluster
from lunarcloud.errors import InputError
from lunarcloud.lineage import Ref, open_root
from lunarcloud.maps import Run, flags
from lunarcloud.models import QIU2025, Card
from lunarcloud.moon import grid
from lunarcloud.processes import load_process, run_of
from lunarcloud.quantities import OXIDES, QUANTITIES, udunits
from lunarcloud.storage import folder
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.make import NOWHERE, dry_run, make
from lunarcloud.testing.s3_server import S3, reconnect
from lunarcloud.testing.small_root import publish, write_model, write_mosaic
from tests.planted import Planted


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a mosaic of 2 pixels per degree and a model, nothing mapped."""
    place = tmp_path_factory.mktemp("template")
    write_mosaic(folder(place), grid(2, 180))
    write_model(folder(place))
    return place


@pytest.fixture(scope="module")
def mapped(template: Path, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same, mapped by the shared cluster of two workers."""
    root = str(shutil.copytree(template, tmp_path_factory.mktemp("mapped") / "root"))
    make("map", root, cluster)
    return root


@pytest.fixture
def root(template: Path, tmp_path: Path) -> str:
    """A copy to be mapped, or damaged."""
    return str(shutil.copytree(template, tmp_path / "root"))


def _run(root: str) -> Run:
    home = open_root(root)
    return run_of(home, home.find("runs"))


def _opens(root: str) -> str:
    return f"{_run(root).place.url}/{load_process('map').opens}"


def _mosaic(root: str) -> Path:
    return Path(root, open_root(root).find("mosaics").ref.path)


@pytest.mark.usefixtures("no_figures")
@pytest.mark.parametrize("workers", [1, 4])
def test_the_bytes_are_the_same_for_any_number_of_workers(workers: int, root: str, mapped: str) -> None:
    make("map", root, Cluster(workers=workers))
    assert _run(root).place.url.removeprefix(root) == _run(mapped).place.url.removeprefix(mapped)
    assert _run(root).store.read_all() == _run(mapped).store.read_all()


def test_a_repeated_map_computes_nothing_and_starts_no_cluster(mapped: str) -> None:
    before = folder(mapped).read_all()
    assert make("map", mapped, NOWHERE).shards_computed is None
    assert folder(mapped).read_all() == before
    assert {step.tasks for step in dry_run("map", mapped)} == {0}


def test_every_map_opens_in_plain_xarray_with_units_and_reference_system(mapped: str) -> None:
    maps = xr.open_zarr(_opens(mapped))
    told = xr.open_zarr(_opens(mapped).removesuffix("0") + "intervals")
    assert {*maps.data_vars, *told.data_vars} == {*QUANTITIES, "quality"}
    for name, quantity in QUANTITIES.items():
        found = (told if quantity.method == "interval" else maps)[name]
        assert found.attrs["units"] == udunits(quantity.units)
        assert found.dims == ("lat", "lon")
        assert found.dtype.kind == "f"
        assert 0 < int(found.notnull().sum()) < found.size
    assert "Moon" in maps["crs"].attrs["crs_wkt"]


def test_the_card_says_which_values_every_map_has(mapped: str) -> None:
    run = _run(mapped)
    maps, ranges = run.open().load(), run.card.ranges
    assert {*ranges} == {*run.card.maps, *run.card.intervals}
    for name in run.card.maps:
        found, step = ranges[name], QUANTITIES[name].step
        assert found.least == pytest.approx(float(maps[name].min()), abs=step)
        assert found.most == pytest.approx(float(maps[name].max()), abs=step)
        assert found.least <= found.low <= found.high <= found.most
        assert (found.colours, found.group) == (QUANTITIES[name].colours, "maps.zarr/0")


def test_every_map_has_its_picture(mapped: str) -> None:
    assert {*(_run(mapped).place / "figures").keys()} == {
        "uncertainty.png",
        *(f"{name}.png" for name, row in QUANTITIES.items() if row.about is None),
    }


def test_quality_decodes_by_its_flag_attributes(mapped: str) -> None:
    quality = xr.open_zarr(_opens(mapped))["quality"]
    assert quality.dtype == "uint16"
    meanings = dict(zip(quality.attrs["flag_meanings"].split(), quality.attrs["flag_masks"], strict=True))
    assert meanings == flags()
    counts = _run(mapped).card.counts
    for meaning, mask in meanings.items():
        assert int(((quality & mask) > 0).sum()) == counts[meaning]
    # Networks that were not trained stay near the middle of soils.
    assert {meaning for meaning, count in counts.items() if not count} <= {
        f"{oxide}_cnn_clipped" for oxide in OXIDES
    }
    assert int((quality == 0).sum()) == counts["ok"]


def test_the_overviews_are_found_from_the_one_consolidated_object(mapped: str) -> None:
    store = _run(mapped).store.url
    group = zarr.open_group(store, mode="r", use_consolidated=True)
    # Whatever JSON holds.
    multiscales: Any = group.attrs["multiscales"]
    assert [level["asset"] for level in multiscales["layout"]] == ["0", "1", "2"]
    omat = group["1/omat"]
    assert isinstance(omat, zarr.Array)
    assert omat.shape == (180, 360)
    coarse = xr.open_zarr(f"{store}/1")
    assert coarse["omat"].attrs["units"] == "1"
    fine = xr.open_zarr(f"{store}/0")["omat"]
    assert float(coarse["omat"].mean()) == pytest.approx(float(fine.mean()), rel=0.01)


def test_all_levels_open_as_one_tree(mapped: str) -> None:
    tree = xr.open_datatree(_run(mapped).store.url, engine="zarr")
    sizes = {path: len(tree[path]["lat"]) for path in ("0", "1", "2", "intervals")}
    assert sizes == {"0": 360, "1": 180, "2": 90, "intervals": 360}
    assert {*tree.children} == {*sizes, "north", "south"}
    assert tree["north/0"]["omat"].sizes == {"y": 124, "x": 124}


@pytest.mark.usefixtures("no_figures")
def test_two_models_are_two_runs_side_by_side(mapped: str, cluster: Cluster) -> None:
    first = open_root(mapped).find("runs")
    second = make("map", mapped, cluster, model="qiu2025").record
    assert second.card.maps == ("feo_equation", "tio2_equation", "omat")
    assert [entry.ref.id for entry in open_root(mapped).catalog().of("runs")] == [
        first.ref.id,
        second.ref.id,
    ]
    assert open_root(mapped).find("runs") == first
    assert _run(mapped).open().sizes["lat"] == 360


def test_a_model_for_other_bands_is_refused(root: str) -> None:
    other = QIU2025.model_copy(update={"wavelengths_nm": (415.0, 750.0, 950.0)})
    publish(folder(root), Ref(kind="models", id="three"), "fit", Card(equations=other), content="three")
    with pytest.raises(InputError, match="model three was made for bands at 415, 750, 950 nm"):
        make("map", root, model="three")


def test_a_mosaic_of_another_body_is_refused(root: str, lunarcloud: Command) -> None:
    reference = _mosaic(root) / "mosaic.zarr/crs/zarr.json"
    described = json.loads(reference.read_text())
    described["attributes"]["crs_wkt"] = CRS("IAU_2015:49900").to_wkt()
    reference.write_text(json.dumps(described))
    code, _, error = lunarcloud("map", "--root", root)
    assert code == 2
    assert str(_mosaic(root)) in error
    assert "3396.2 km, the Moon's is 1737.4 km" in error


def test_a_model_without_a_name_is_bad_input(root: str, lunarcloud: Command) -> None:
    code, _, error = lunarcloud("map", "--root", root, "--model", "")
    assert (code, "models ''" in error) == (2, True), error


@pytest.mark.parametrize(("kind", "number"), [("mosaics", '"ppd": 2'), ("models", '"reach": ')])
def test_a_damaged_record_is_named(root: str, kind: str, number: str, lunarcloud: Command) -> None:
    record = Path(root, open_root(root).find(kind).ref.path, "record.json")
    before = record.read_text()
    record.write_text(before.replace(number, f"{number}1"))
    assert record.read_text() != before
    code, _, error = lunarcloud("map", "--root", root)
    assert code == 2
    assert f"{record} is not the record that was published" in error


@pytest.mark.parametrize(
    "planted",
    [
        "catalog.json",
        "mosaics/*/record.json",
        "mosaics/*/ledger/0-0.json",
        "mosaics/*/mosaic.zarr/zarr.json",
        "mosaics/*/mosaic.zarr/lat/c/0",
        "mosaics/*/mosaic.zarr/reflectance/c/0/0/0",
        "models/*/record.json",
        "models/*/*.onnx",
    ],
)
@pytest.mark.usefixtures("no_figures")
def test_a_pickle_in_place_of_an_object_is_not_unpickled(
    root: str, scheduler: str, tmp_path: Path, lunarcloud: Command, planted: str
) -> None:
    mark = tmp_path / "unpickled"
    for path in Path(root).glob(planted):
        path.write_bytes(pickle.dumps(Planted(mark)))
    words = ("--root", root, "--scheduler", scheduler)
    lunarcloud("map", *words)
    lunarcloud("verify", "mosaics", *words)
    assert not mark.exists()
    pickle.loads(path.read_bytes())  # noqa: S301 - ours: what would have happened
    assert mark.exists()


def test_a_damaged_shard_of_the_mosaic_is_named(root: str, scheduler: str, lunarcloud: Command) -> None:
    shard = _mosaic(root) / "mosaic.zarr/reflectance/c/0/1/2"
    shard.write_bytes(shard.read_bytes()[:-100])
    code, _, error = lunarcloud("map", "--root", root, "--scheduler", scheduler)
    assert code == 2
    assert "reflectance/c/0/1/2: the stored shard is damaged" in error
    assert open_root(root).catalog().of("runs") == []


@pytest.mark.parametrize(
    ("bucket", "account", "says"),
    [
        ("no-such-bucket", {}, "the bucket does not exist"),
        ("moon", {"AWS_ACCESS_KEY_ID": "stranger"}, "check AWS_ACCESS_KEY_ID"),
        ("moon", {"AWS_SECRET_ACCESS_KEY": "wrong"}, "check AWS_SECRET_ACCESS_KEY"),
    ],
)
@pytest.mark.usefixtures("s3_environment")
def test_a_store_that_cannot_be_used_is_said_with_exit_code_2(
    bucket: str, account: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch, lunarcloud: Command
) -> None:
    for name, value in account.items():
        monkeypatch.setenv(name, value)
    reconnect()
    code, _, error = lunarcloud("map", "--root", f"s3://{bucket}/root", "--model", "qiu2025")
    assert (code, says in error) == (2, True), error


def test_a_read_only_bucket_is_said_before_anything_is_computed(
    s3_environment: S3, monkeypatch: pytest.MonkeyPatch, lunarcloud: Command
) -> None:
    root = folder("s3://moon/read-only")
    write_mosaic(root, grid(1, 180))
    before = root.keys()
    for name, value in s3_environment.account("reader").items():
        monkeypatch.setenv(name, value)
    reconnect()
    words = ("--root", root.url, "--model", "qiu2025", "--scheduler", NOWHERE.scheduler)
    code, _, error = lunarcloud("map", *words)
    assert (code, "not permitted" in error) == (2, True), error
    assert root.keys() == before


def test_no_mosaic_is_bad_input(tmp_path: Path, lunarcloud: Command) -> None:
    code, _, error = lunarcloud("map", "--root", tmp_path / "empty")
    assert code == 2
    assert "mosaics 'latest'" in error
    assert not (tmp_path / "empty").exists()
