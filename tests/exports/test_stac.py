"""The runs under a root as a STAC collection, valid and never short of one."""

import json
from pathlib import Path

import pystac
import pytest
import xarray as xr
from pystac.validation.stac_validator import JsonSchemaSTACValidator

from lunarcloud import exports
from lunarcloud.engine import Cluster
from lunarcloud.lineage import Root, open_root
from lunarcloud.moon import grid
from lunarcloud.storage import folder
from lunarcloud.testing.make import make
from lunarcloud.testing.many_records import write_many_records
from lunarcloud.testing.small_root import write_model, write_mosaic


@pytest.fixture(scope="module")
def mapped(scheduler: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A root with two runs."""
    root = folder(tmp_path_factory.mktemp("mapped"))
    write_mosaic(root, grid(2, 180))
    write_model(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lunarcloud.processes.map._draw", lambda *_: {})
        for model in ("qiu2025", "untrained"):
            make("map", root.url, Cluster(scheduler=scheduler), model=model)
    return root.url


def _collection(root: str) -> pystac.Collection:
    return pystac.Collection.from_file(f"{root}/stac/collection.json")


def _runs(root: str) -> set[str]:
    return {entry.ref.id for entry in open_root(root).catalog().of("runs")}


def test_what_was_published_before_its_kind_had_items_is_not_listed(mapped: str) -> None:
    """The root's mosaic and models were published without: a link would lead nowhere."""
    assert {entry.ref.kind for entry in open_root(mapped).catalog().of()} > {"runs"}
    for item in _collection(mapped).get_items():
        assert not [link for link in item.links if link.rel == "derived_from"]


def test_under_a_url_an_item_names_itself(mapped: str) -> None:
    memory = folder("memory://named")
    for key, data in folder(mapped).read_all().items():
        if not key.startswith("stac/"):
            memory.write(key, data)
    id_ = make("map", memory.url, model="qiu2025").record.ref.id
    links = json.loads(memory.read(f"stac/items/{id_}.json"))["links"]
    assert [link["href"] for link in links if link["rel"] == "self"] == [
        f"memory://named/stac/items/{id_}.json"
    ]
    own = json.loads(folder(mapped).read(f"stac/items/{id_}.json"))["links"]
    assert "self" not in {link["rel"] for link in own}


def test_runs_are_a_valid_stac_collection(mapped: str) -> None:
    collection = _collection(mapped)
    schema = JsonSchemaSTACValidator()
    version = pystac.get_stac_version()
    schema.validate_core(collection.to_dict(), pystac.STACObjectType.COLLECTION, version)
    items = list(collection.get_items())
    assert {item.id for item in items} == _runs(mapped)
    for item in items:
        schema.validate_core(item.to_dict(), pystac.STACObjectType.ITEM, version)
        assert item.properties["ssys:targets"] == ["Moon"]
        assert item.properties["proj:code"] == "IAU_2015:30100"
        assert item.properties["proj:shape"] == [360, 720]
        assert item.properties["processing:software"]["zarr"]


def test_an_item_names_no_folder_of_the_machine_that_made_it(mapped: str) -> None:
    assert [path for path in Path(mapped, "stac").rglob("*.json") if mapped in path.read_text()] == []


def test_the_maps_of_an_item_open_in_plain_xarray(mapped: str) -> None:
    for item in _collection(mapped).get_items():
        asset = item.assets["maps"]
        maps = xr.open_zarr(asset.get_absolute_href())
        assert set(maps.data_vars) == {band["name"] for band in asset.extra_fields["bands"]} | {"quality"}
        levels = xr.open_datatree(str(item.assets["levels"].get_absolute_href()), engine="zarr")
        assert levels["0"].to_dataset().identical(maps)


def test_a_collection_that_lost_a_race_is_rebuilt_with_every_run(mapped: str) -> None:
    (folder(mapped) / "stac").write("collection.json", b"{}")
    make("map", mapped, model="qiu2025")
    assert len(_collection(mapped).get_item_links()) == len(_runs(mapped)) == 2


def test_pages_of_many_items_change_with_what_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lunarcloud.exports.stac._PAGE", 4)
    monkeypatch.setattr("lunarcloud.exports.stac._KEPT", 2)
    write_many_records(tmp_path, 12, 5)
    (tmp_path / "stac/collection.json").write_text("{}")
    root = open_root(tmp_path)
    exports.relist(root)
    before = _pages(root)
    assert _listed(root) == {entry.ref.id for entry in root.catalog().of()}
    assert len(before) == 2
    # Children first: the second page is dissolved, and the first is another one.
    newest = list(reversed(root.catalog().of()))
    for entry in newest[:-1]:
        root.remove(entry)
        if len(root.catalog().of()) == 6:
            exports.relist(root)
            assert _pages(root) == before[:1]
            assert _listed(root) == {each.ref.id for each in newest[6:]}
    exports.relist(root)
    assert (_pages(root), _listed(root)) == ([], {newest[-1].ref.id})
    assert sorted(exports.unlinked(root)) == sorted(before)


def _pages(root: Root) -> list[str]:
    """Keys of the pages of a root, the first ones first."""
    children = _collection(root.url).get_child_links()
    return [f"stac/{link.href.removeprefix('./')}" for link in children]


def _listed(root: Root) -> set[str]:
    collection = _collection(root.url)
    links = [link for each in (collection, *collection.get_children()) for link in each.get_item_links()]
    return {Path(link.href).stem for link in links}


def test_a_removed_run_is_listed_no_longer(mapped: str) -> None:
    root = open_root(mapped)
    gone = root.catalog().of("runs")[-1]
    root.remove(gone)
    exports.relist(root)
    assert [link.href for link in _collection(mapped).get_item_links()] == [
        f"./items/{each}.json" for each in _runs(mapped)
    ]
    assert not root.folder.exists(f"stac/items/{gone.ref.id}.json")
