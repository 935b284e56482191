"""What is said on every product: by CF for other tools, and of its tiles what nobody may overlook."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import pystac
import pytest
import xarray as xr
from matplotlib.image import imread
from pystac.validation.stac_validator import JsonSchemaSTACValidator

from lunarcloud.api import open_maps, open_mosaic
from lunarcloud.archive import find_tiles
from lunarcloud.engine import Cluster
from lunarcloud.lineage import open_root
from lunarcloud.processes import Outcome
from lunarcloud.quantities import QUANTITIES
from lunarcloud.synthetic import write_tiles
from lunarcloud.synthetic.gravity import write_gravity
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.make import make

# A root with a record of every process is made for it.
pytestmark = pytest.mark.long

NOTE = "SYNTHETIC MOON; NOT CLEMENTINE DATA"


@pytest.mark.parametrize("issue", ["pds3", "pds4"])
def test_both_issues_of_a_tile_say_it(issue: Literal["pds3", "pds4"], tmp_path: Path) -> None:
    write_tiles(tmp_path, ppd=8, product_ids=["UI03N003"], issue=issue)
    (tile,) = find_tiles([str(tmp_path)]).tiles
    assert tile.note == NOTE


def test_every_record_and_every_line_of_the_catalog_says_it(of_synthetic_tiles: dict[str, Outcome]) -> None:
    assert {outcome.record.given.notes for outcome in of_synthetic_tiles.values()} == {(NOTE,)}
    catalog = open_root(of_synthetic_tiles["ingest"].place.url.rpartition("/mosaics")[0]).catalog()
    for outcome in of_synthetic_tiles.values():
        entry = catalog.get(outcome.record.ref)
        assert entry is not None
        assert entry.notes == (NOTE,)


def test_the_title_of_every_dataset_says_it(of_synthetic_tiles: dict[str, Outcome]) -> None:
    for outcome in of_synthetic_tiles.values():
        stores = [key for key in outcome.place.keys("") if key.endswith(".zarr/zarr.json")]
        assert stores
        for key in stores:
            tree = xr.open_datatree(f"{outcome.place.url}/{key.removesuffix('/zarr.json')}", engine="zarr")
            for group in tree.subtree:
                assert group.attrs["note"] == NOTE, (key, group.path)
                assert NOTE in group.attrs["title"], (key, group.path)


def test_every_figure_says_it_below(of_synthetic_tiles: dict[str, Outcome]) -> None:
    for outcome in of_synthetic_tiles.values():
        for key in outcome.place.keys(""):
            if key.endswith(".png"):
                lowest = imread(f"{outcome.place.url}/{key}")[-40:, :, :3]
                red = (np.abs(lowest - np.array([0xA4, 0, 0]) / 255) < 0.01).all(axis=2)
                assert red.sum() > 50, key


def test_model_file_and_tables_in_words_say_it(of_synthetic_tiles: dict[str, Outcome]) -> None:
    loaded = onnx.load_from_string(of_synthetic_tiles["fit"].place.read("model.onnx"))
    assert {entry.key: entry.value for entry in loaded.metadata_props}["note"] == NOTE
    assert NOTE in of_synthetic_tiles["reduce"].place.read("means.md").decode()


def test_stac_does_not_take_it_for_clementines(of_synthetic_tiles: dict[str, Outcome]) -> None:
    root = of_synthetic_tiles["map"].place.url.rpartition("/runs/")[0]
    collection = pystac.Collection.from_file(f"{root}/stac/collection.json")
    item = collection.get_item(of_synthetic_tiles["map"].record.ref.id)
    assert item is not None
    assert NOTE in item.properties["title"]
    assert "UVVIS" not in json.dumps(item.properties)
    assert item.common_metadata.start_datetime is not None
    assert item.common_metadata.start_datetime.year != 1994
    assert NOTE in collection.description
    assert not collection.summaries.to_dict()


def test_lists_and_records_say_it(of_synthetic_tiles: dict[str, Outcome], lunarcloud: Command) -> None:
    root = of_synthetic_tiles["map"].place.url.rpartition("/runs/")[0]
    for words in (("list", "runs"), ("show", of_synthetic_tiles["map"].record.ref.id)):
        code, out, err = lunarcloud(*words, "--root", root)
        assert code == 0, err
        assert NOTE in out


#: Each is parsed by UDUNITS: see tests/packaging/test_cf.py, which asks it.
UNITS = {"1", "percent", "mGal", "1e-9 s-2", "nm", "m", "km", "km2", "degrees_north", "degrees_east"}


@pytest.fixture(scope="module")
def gravity(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    files = write_gravity(tmp_path_factory.mktemp("model"), lmax=24)
    asked = {"gravity": str(files.gravity), "topography": str(files.topography)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lunarcloud.processes.gravity._draw", lambda *_: None)
        return make(
            "gravity",
            tmp_path_factory.mktemp("root"),
            cluster,
            **asked,
            ppd=1,
            shard=128,
            degrees=(6, 24),
            gradient_degrees=(5, 20),
        )


@pytest.fixture(scope="module")
def stores(of_synthetic_tiles: dict[str, Outcome], gravity: Outcome) -> dict[str, xr.DataTree]:
    """Every Zarr store of every product, as plain xarray opens it, nothing decoded; by URL."""
    places = [outcome.place for outcome in (*of_synthetic_tiles.values(), gravity)]
    urls = [
        f"{place.url}/{key.removesuffix('/zarr.json')}"
        for place in places
        for key in place.keys("")
        if key.endswith(".zarr/zarr.json")
    ]
    return {url: xr.open_datatree(url, decode_cf=False) for url in urls}


def groups(stores: dict[str, xr.DataTree]) -> Iterator[tuple[str, xr.Dataset]]:
    for url, tree in stores.items():
        for group in tree.subtree:
            yield f"{url}{group.path}", group.to_dataset(inherit=False)


def test_units_are_those_that_udunits_parses(stores: dict[str, xr.DataTree]) -> None:
    assert len(stores) > 8
    for where, group in groups(stores):
        said = {
            str(name): each.attrs["units"] for name, each in group.variables.items() if "units" in each.attrs
        }
        assert set(said.values()) <= UNITS, where


def test_a_mass_fraction_says_wt_in_words(of_synthetic_tiles: dict[str, Outcome]) -> None:
    maps = xr.open_zarr(f"{of_synthetic_tiles['map'].place.url}/maps.zarr/0")
    for name in QUANTITIES.keys() & maps.keys():
        row = QUANTITIES[name]
        assert maps[name].attrs["units"] == ("percent" if row.units == "wt%" else row.units)
        assert ("wt%" in maps[name].attrs["long_name"]) == (row.units == "wt%")


def test_every_group_says_where_it_comes_from_and_on_what_terms(stores: dict[str, xr.DataTree]) -> None:
    for where, group in groups(stores):
        assert group.attrs["Conventions"] == "CF-1.11", where
        for name in ("title", "source", "references", "license", "history", "record"):
            assert group.attrs[name], (where, name)
        assert "doi 10." in group.attrs["references"]
        assert group.attrs["record"] in group.attrs["history"]


def test_no_coordinate_has_a_missing_value(stores: dict[str, xr.DataTree]) -> None:
    for where, group in groups(stores):
        for name in group.dims:
            if name in group.variables:
                assert "_FillValue" not in group[name].attrs, (where, name)


def test_every_record_is_a_stac_item_whose_parts_open_as_it_says(
    of_synthetic_tiles: dict[str, Outcome], gravity: Outcome
) -> None:
    schema, version = JsonSchemaSTACValidator(), pystac.get_stac_version()
    for name, outcome in {**of_synthetic_tiles, "gravity": gravity}.items():
        root, ref = outcome.place.url.removesuffix(f"/{outcome.record.ref}"), outcome.record.ref
        item = pystac.Collection.from_file(f"{root}/stac/collection.json").get_item(ref.id)
        assert item is not None, name
        schema.validate_core(item.to_dict(), pystac.STACObjectType.ITEM, version)
        assert item.properties["sci:publications"][0]["doi"] == "10.1038/s43247-025-02914-w"
        assert "public domain" in item.properties["description"]
        derived = {link.href.rpartition("/")[2] for link in item.links if link.rel == "derived_from"}
        assert derived == {f"{parent.ref.id}.json" for parent in outcome.record.given.parents.values()}
        for key, asset in item.assets.items():
            url = str(asset.get_absolute_href())
            if "xarray:open_kwargs" in asset.extra_fields:
                read = xr.open_datatree if "overview" in (asset.roles or ()) else xr.open_dataset
                with read(url, **asset.extra_fields["xarray:open_kwargs"]) as opened:
                    assert opened.attrs["record"] == str(ref), (name, key)
            else:
                assert Path(url).exists(), (name, key)
        drawn = any(key.endswith(".png") for key in outcome.record.outputs)
        assert ("preview" in item.assets) == drawn, name


def test_an_item_says_where_a_region_lies(of_synthetic_tiles: dict[str, Outcome]) -> None:
    place = of_synthetic_tiles["polar"].place
    item = pystac.Item.from_file(f"{place.url}/../../stac/items/{place.name}.json")
    assert item.bbox == [-180.0, -90.0, 180.0, -65.0]


def test_a_tree_has_all_levels_and_all_groups(
    of_synthetic_tiles: dict[str, Outcome], gravity: Outcome
) -> None:
    levels = xr.open_datatree(f"{of_synthetic_tiles['map'].place.url}/maps.zarr")
    always = {"0", "1", "2", "3", "north", "south"}
    assert always <= set(levels.children) <= {*always, "intervals"}
    assert levels["south/0"]["feo_equation"].sizes == {"y": 246, "x": 246}
    assert levels["2"]["feo_equation"].sizes == {"lat": 180, "lon": 360}
    parts = xr.open_datatree(f"{gravity.place.url}/gravity.zarr")
    levels_of_it = {"global", "global_1", "global_2"}
    assert set(parts.children) == {*levels_of_it, "north", "south", "dh2", "features", "harmonics"}


def test_show_says_how_to_open_all_groups(gravity: Outcome, lunarcloud: Command) -> None:
    root = gravity.place.url.rpartition("/gravity/")[0]
    code, out, err = lunarcloud("show", gravity.record.ref.id, "--root", root)
    assert code == 0, err
    assert f'xarray.open_datatree("{gravity.place.url}/gravity.zarr")' in out


def test_codes_of_16_bits_open_in_single_precision(of_synthetic_tiles: dict[str, Outcome]) -> None:
    place = of_synthetic_tiles["map"].place
    root = open_root(place.url.rpartition("/runs/")[0]).url
    maps, plain = open_maps(root), xr.open_zarr(f"{place.url}/maps.zarr/0")
    for name in QUANTITIES.keys() & maps.keys():
        assert maps[name].dtype == np.float32
        error = np.abs(maps[name].values - plain[name].values)
        assert np.nanmax(error) < QUANTITIES[name].step / 100
    assert maps["quality"].dtype == np.uint16
    assert open_mosaic(root)["reflectance"].dtype == np.float32
