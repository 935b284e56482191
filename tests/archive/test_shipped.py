"""Data in the repository: known by name, listed with origin and terms, unchanged."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from lunarcloud.archive.gravity import read_gravity
from lunarcloud.archive.lpgrs import read_prospector
from lunarcloud.archive.shipped import DATA, GRAVITY, PROSPECTOR, TOPOGRAPHY, place_of
from lunarcloud.archive.topography import read_topography
from lunarcloud.errors import NotFoundError

FOLDERS = (Path(str(DATA)), Path(__file__).parents[1] / "data", Path(__file__).parents[2] / "tools" / "data")
ROW = re.compile(r"^\| `(?P<file>\S+)` \| .+ \| .+ \| .+ \| `(?P<digest>[0-9a-f]{64})` \|$", re.MULTILINE)


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_every_file_is_listed_with_origin_terms_and_its_digest(folder: Path) -> None:
    listed = {row["file"]: row["digest"] for row in ROW.finditer((folder / "README.md").read_text("utf-8"))}
    there = [path for path in folder.iterdir() if path.name != "README.md"]
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in there} == listed


def test_every_name_has_its_file() -> None:
    for name, file in {**PROSPECTOR, **GRAVITY, **TOPOGRAPHY}.items():
        assert (DATA / file).is_file(), name


@pytest.mark.parametrize("read", [read_prospector, read_gravity, read_topography])
def test_an_unknown_name_is_refused_with_those_that_are_known(read: Callable[[str], object]) -> None:
    with pytest.raises(NotFoundError, match=r"named '9deg'.*shipped: (2deg, 5deg|lp165p|lola4)\. .*\./9deg"):
        read("9deg")


@pytest.mark.parametrize("place", ["model.cof", "./model", "/data/model", "s3://bucket/model", "C:\\model"])
def test_a_path_or_url_stays_what_it_is(place: str) -> None:
    assert place_of(place, GRAVITY, "gravity model") == place


def test_case_does_not_matter_in_a_name() -> None:
    assert place_of("LOLA4", TOPOGRAPHY, "topography") == str(DATA / "LDEM_4.IMG")
