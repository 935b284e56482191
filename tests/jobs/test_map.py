"""Job map: what it publishes opens anywhere, is the same however computed, and bad input changes nothing."""

import json
import shutil
from pathlib import Path
from typing import Any

import fsspec
import pystac
import pytest
import xarray as xr
import zarr
from lunarcloud.jobs.map import MapInputs, estimate_map, map_oxides
from lunarcloud.jobs.stac import publish_stac
from pyproj import CRS
from pystac.validation.stac_validator import JsonSchemaSTACValidator

from lunarcloud.engine import Cluster
from lunarcloud.errors import InputError
from lunarcloud.maps import FLAGS, QUANTITIES, find_run
from lunarcloud.models import QIU2025, Card
from lunarcloud.models.package import model_place, save
from lunarcloud.moon import grid
from lunarcloud.storage import Published, folder, publish, read_catalog
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.s3_server import S3
from lunarcloud.testing.small_root import write_model, write_mosaic

#: Nobody answers there: a job that needs no cluster does not mind.
NOWHERE = Cluster(scheduler="tcp://127.0.0.1:9")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a mosaic of 2 pixels per degree and a model, nothing mapped."""
    place = tmp_path_factory.mktemp("template")
    write_mosaic(folder(place), grid(2, 180))
    write_model(folder(place))
    return place


@pytest.fixture(scope="module")
def mapped(template: Path, scheduler: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same, mapped by the shared cluster of two workers."""
    root = str(shutil.copytree(template, tmp_path_factory.mktemp("mapped") / "root"))
    map_oxides(MapInputs(root=root), Cluster(scheduler=scheduler))
    return root


@pytest.fixture
def root(template: Path, tmp_path: Path) -> str:
    return str(shutil.copytree(template, tmp_path / "root"))


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lunarcloud.jobs.map._draw", lambda run: None)


def _objects(root: str) -> dict[str, bytes]:
    (run,) = read_catalog(folder(root)).of("run")
    return (folder(root) / run.path).read_all()


@pytest.mark.parametrize("workers", [1, 4])
def test_the_bytes_are_the_same_for_any_number_of_workers(
    workers: int, root: str, mapped: str, no_figures: None
) -> None:
    map_oxides(MapInputs(root=root), Cluster(workers=workers))
    assert _objects(root) == _objects(mapped)


def test_a_repeated_map_computes_nothing_and_starts_no_cluster(mapped: str) -> None:
    before = folder(mapped).read_all()
    assert map_oxides(MapInputs(root=mapped), NOWHERE).shards_computed == 0
    assert folder(mapped).read_all() == before
    assert {step.tasks for step in estimate_map(MapInputs(root=mapped))} == {0}


def test_every_map_opens_in_plain_xarray_with_units_and_reference_system(mapped: str) -> None:
    maps = xr.open_zarr(find_run(folder(mapped)).group().url)
    assert set(maps.data_vars) == {*QUANTITIES, "quality"}
    for name, quantity in QUANTITIES.items():
        assert maps[name].attrs["units"] == quantity.units
        assert maps[name].dims == ("lat", "lon")
        assert maps[name].dtype.kind == "f"
        assert 0 < int(maps[name].notnull().sum()) < maps[name].size
    assert "Moon" in maps["crs"].attrs["crs_wkt"]


def test_quality_decodes_by_its_flag_attributes(mapped: str) -> None:
    quality = xr.open_zarr(find_run(folder(mapped)).group().url)["quality"]
    assert quality.dtype == "uint8"
    meanings = dict(zip(quality.attrs["flag_meanings"].split(), quality.attrs["flag_masks"], strict=True))
    assert meanings == FLAGS
    counts = find_run(folder(mapped)).card.counts
    for meaning, mask in meanings.items():
        assert int(((quality & mask) > 0).sum()) == counts[meaning] > 0
    assert int((quality == 0).sum()) == counts["ok"]


def test_the_overviews_are_found_from_the_one_consolidated_object(mapped: str) -> None:
    group = zarr.open_group(find_run(folder(mapped)).group().url, mode="r", use_consolidated=True)
    attrs: dict[str, Any] = group.attrs.asdict()
    layout = attrs["multiscales"]["layout"]
    assert [level["asset"] for level in layout] == [".", "level_1"]
    coarse_omat = group["level_1/omat"]
    assert isinstance(coarse_omat, zarr.Array)
    assert coarse_omat.shape == (180, 360)
    coarse = xr.open_zarr(f"{find_run(folder(mapped)).group().url}/level_1")
    assert coarse["omat"].attrs["units"] == "1"
    fine = xr.open_zarr(find_run(folder(mapped)).group().url)["omat"]
    assert float(coarse["omat"].mean()) == pytest.approx(float(fine.mean()), rel=0.01)


def test_two_models_are_two_runs_side_by_side(mapped: str, scheduler: str, no_figures: None) -> None:
    first = find_run(folder(mapped)).card.id
    second = map_oxides(MapInputs(root=mapped, model="qiu2025"), Cluster(scheduler=scheduler))
    assert second.maps == ("feo_equation", "tio2_equation", "omat")
    assert [run.id for run in read_catalog(folder(mapped)).of("run")] == [first, second.run]
    assert find_run(folder(mapped), first).open().sizes["lat"] == 360


def test_runs_are_a_valid_stac_collection(mapped: str) -> None:
    collection = pystac.Collection.from_file(f"{mapped}/stac/collection.json")
    schema = JsonSchemaSTACValidator()
    version = pystac.get_stac_version()
    schema.validate_core(collection.to_dict(), pystac.STACObjectType.COLLECTION, version)
    items = list(collection.get_items())
    assert {item.id for item in items} == {run.id for run in read_catalog(folder(mapped)).of("run")}
    for item in items:
        schema.validate_core(item.to_dict(), pystac.STACObjectType.ITEM, version)
        assert item.properties["ssys:targets"] == ["Moon"]
        assert item.properties["proj:code"] == "IAU_2015:30100"
        assert item.properties["proj:shape"] == [360, 720]
        assert item.properties["processing:software"]["zarr"]
        maps = xr.open_zarr(item.assets["maps"].get_absolute_href())
        assert set(maps.data_vars) == {band["name"] for band in item.assets["maps"].extra_fields["bands"]} | {
            "quality"
        }


def test_a_collection_that_lost_a_race_is_rebuilt_with_every_run(mapped: str) -> None:
    root = folder(mapped)
    (root / "stac").write("collection.json", b"{}")
    publish_stac(root, find_run(root))
    listed = pystac.Collection.from_file(f"{mapped}/stac/collection.json").get_item_links()
    assert len(listed) == len(read_catalog(root).of("run"))


def test_a_model_for_other_bands_is_refused(root: str) -> None:
    other = QIU2025.model_copy(update={"wavelengths_nm": (415.0, 750.0, 950.0)})
    save(model_place(folder(root), "three"), Card(id="three", equations=other), {})
    publish(folder(root), Published(kind="model", id="three", path="models/three"))
    with pytest.raises(InputError, match=r"model three was made for bands at .*\(415.0, 750.0, 950.0\)"):
        map_oxides(MapInputs(root=root, model="three"), NOWHERE)


def test_a_mosaic_of_another_body_is_refused(root: str, lunarcloud: Command) -> None:
    (mosaic,) = read_catalog(folder(root)).of("mosaic")
    reference = Path(root) / mosaic.path / "crs/zarr.json"
    described = json.loads(reference.read_text())
    described["attributes"]["crs_wkt"] = CRS("IAU_2015:49900").to_wkt()
    reference.write_text(json.dumps(described))
    code, _, error = lunarcloud("map", "--root", root)
    assert code == 2
    assert mosaic.path in error
    assert "3396.2 km, the Moon's is 1737.4 km" in error


def test_a_damaged_card_is_named_with_its_field(root: str, lunarcloud: Command) -> None:
    (mosaic,) = read_catalog(folder(root)).of("mosaic")
    card = Path(root) / f"mosaic/{mosaic.id}.json"
    card.write_text(card.read_text().replace('"ppd":2', '"ppd":"two"'))
    code, _, error = lunarcloud("map", "--root", root)
    assert code == 2
    assert f"{mosaic.id}.json is damaged: ppd" in error


def test_a_damaged_shard_of_the_mosaic_is_named(root: str, scheduler: str, lunarcloud: Command) -> None:
    (mosaic,) = read_catalog(folder(root)).of("mosaic")
    shard = Path(root) / mosaic.path / "reflectance/c/0/1/2"
    shard.write_bytes(shard.read_bytes()[:-100])
    code, _, error = lunarcloud("map", "--root", root, "--scheduler", scheduler)
    assert code == 2
    assert "reflectance/c/0/1/2: the stored shard is damaged" in error
    assert read_catalog(folder(root)).of("run") == []


@pytest.mark.parametrize(
    ("bucket", "account", "says"),
    [
        ("no-such-bucket", {}, "the bucket does not exist"),
        ("moon", {"AWS_ACCESS_KEY_ID": "stranger"}, "check AWS_ACCESS_KEY_ID"),
        ("moon", {"AWS_SECRET_ACCESS_KEY": "wrong"}, "check AWS_ACCESS_KEY_ID"),
    ],
)
def test_a_store_that_cannot_be_used_is_said_with_exit_code_2(
    bucket: str,
    account: dict[str, str],
    says: str,
    s3_environment: S3,
    monkeypatch: pytest.MonkeyPatch,
    lunarcloud: Command,
) -> None:
    for name, value in account.items():
        monkeypatch.setenv(name, value)
    fsspec.filesystem("s3").clear_instance_cache()
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
    fsspec.filesystem("s3").clear_instance_cache()
    code, _, error = lunarcloud(
        "map", "--root", root.url, "--model", "qiu2025", "--scheduler", NOWHERE.scheduler
    )
    assert (code, "not permitted" in error) == (2, True), error
    assert root.keys() == before


def test_no_mosaic_is_bad_input(tmp_path: Path, lunarcloud: Command) -> None:
    code, _, error = lunarcloud("map", "--root", tmp_path / "empty")
    assert code == 2
    assert "mosaic 'latest'" in error
    assert not (tmp_path / "empty").exists()
