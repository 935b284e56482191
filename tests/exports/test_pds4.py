"""GeoTIFF and PDS4 label hold the map's own codes, where they say, of what they say."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from defusedxml import ElementTree

from lunarcloud import api
from lunarcloud.errors import NotFoundError
from lunarcloud.moon import RADIUS_M, grid
from lunarcloud.processes.export import Exported
from lunarcloud.storage import folder
from lunarcloud.testing.make import act
from lunarcloud.testing.runs import MakeRun

PDS = "{http://pds.nasa.gov/pds4/pds/v1}"


@pytest.fixture(scope="module")
def root(make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A run of one map, 3 pixels a degree in shards that fit nowhere, with a hole."""
    on, place = grid(3, 200), tmp_path_factory.mktemp("root")
    feo = np.random.default_rng(1).uniform(0, 25, on.shape)
    feo[100:130, 500:700] = np.nan
    make_run(on, {"feo_cnn": feo}, folder(place))
    return str(place)


class Written(NamedTuple):
    image: str
    label: str


def written(root: str, place: Path) -> Written:
    found: Exported = act("export", root, pds4=str(place), maps="feo_cnn")
    return Written(*(each.url for each in found.files))


@pytest.fixture(scope="module")
def exported(root: str, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written(root, tmp_path_factory.mktemp("out"))


def codes(root: str) -> npt.NDArray[Any]:
    return api.open_maps(root)["feo_cnn"].values


def label(exported: Written) -> Mapping[str, str]:
    tree = ElementTree.parse(exported.label)
    return {each.tag.removeprefix(PDS): each.text or "" for each in tree.iter() if not len(each)}


def test_the_geotiff_is_the_map_where_it_lies(root: str, exported: Written) -> None:
    with rasterio.open(exported.image) as image:
        assert (image.shape, image.count, image.nodata) == ((540, 1080), 1, 65535)
        assert image.bounds == (-180, -90, 180, 90)
        assert image.crs.is_geographic
        assert image.crs.to_dict(projjson=True)["datum"]["ellipsoid"]["radius"] == RADIUS_M
        assert image.units == ("percent",)
        assert image.descriptions == ("FeO abundance (wt%), CNN",)
        assert "doi 10.1038" in image.tags()["references"]
        read = image.read(1, masked=True)
        values = read.filled(0) * image.scales[0] + image.offsets[0]
    expected = codes(root)
    assert (read.mask == np.isnan(expected)).all()
    np.testing.assert_allclose(values[~read.mask], expected[~read.mask], atol=1e-6)


def test_gdal_reads_the_same_by_the_label_in_metres(exported: Written) -> None:
    with rasterio.open(exported.image) as image, rasterio.open(exported.label) as labelled:
        assert labelled.driver == "PDS4"
        assert (labelled.read(1) == image.read(1)).all()
        assert (labelled.nodata, labelled.scales) == (image.nodata, image.scales)
        metres = np.radians(RADIUS_M)
        np.testing.assert_allclose(labelled.bounds, np.array(image.bounds) * metres, rtol=1e-9)
        assert "Moon" in labelled.crs.to_wkt()


def test_the_array_is_where_the_label_says_byte_for_byte(root: str, exported: Written) -> None:
    said, stored = label(exported), Path(exported.image).read_bytes()
    assert (said["file_name"], said["data_type"]) == ("feo_cnn.tif", "UnsignedLSB2")
    assert said["md5_checksum"] == hashlib.md5(stored, usedforsecurity=False).hexdigest()
    pixels = np.frombuffer(stored, "<u2", count=540 * 1080, offset=int(said["offset"])).reshape(540, 1080)
    missing = pixels == int(said["missing_constant"])
    expected = codes(root)
    assert (missing == np.isnan(expected)).all()
    np.testing.assert_allclose(
        pixels[~missing] * float(said["scaling_factor"]), expected[~missing], atol=1e-6
    )


def test_the_label_says_of_what_and_by_whose_method(exported: Written) -> None:
    said = label(exported)
    assert said["title"] == "The Moon's FeO abundance (wt%), CNN"
    assert said["doi"] == "10.1038/s43247-025-02914-w"
    assert said["unit"] == "percent"
    assert said["start_date_time"] == "1994-02-26T00:00:00Z"
    assert "mission.deep_space_program_science_experiment" in Path(exported.label).read_text(encoding="utf-8")


def test_the_same_run_gives_the_same_bytes(root: str, exported: Written) -> None:
    before = [Path(path).read_bytes() for path in exported]
    again = written(root, Path(exported.image).parent)
    assert [Path(path).read_bytes() for path in again] == before


def test_a_map_that_is_not_there_is_refused_and_nothing_written(root: str, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no map 'sio2_cnn', only feo_cnn"):
        act("export", root, maps="sio2_cnn", pds4=str(tmp_path))
    assert not list(tmp_path.iterdir())
