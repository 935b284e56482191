"""What a tile's label says that nobody may overlook stands on everything made from the tile."""

import json
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import pystac
import pytest
import xarray as xr
from matplotlib.image import imread

from lunarcloud.archive import find_tiles
from lunarcloud.lineage import open_root
from lunarcloud.processes import Outcome
from lunarcloud.synthetic import write_tiles
from lunarcloud.testing.fixtures import Command

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
