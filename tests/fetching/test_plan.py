"""Plans: what is there, what is to come, and what is not asked for."""

from pathlib import Path

import pytest

from lunarcloud.errors import InputError
from lunarcloud.fetching import box_of, plan_fetch
from lunarcloud.testing.bad_archive import BadArchive
from tests.fetching.small_archive import fetched, originals, planned


def test_a_plan_says_how_much_is_to_come_and_writes_nothing(archive: BadArchive, tmp_path: Path) -> None:
    text = str(planned(archive, tmp_path / "to"))
    assert text.startswith("the Clementine UVVIS mosaic: 12 wanted, 0 there, 12 to come: about 470.3 MB ")
    assert f"into {tmp_path / 'to'}, where 1,000.0 GB are free" in text
    assert not (tmp_path / "to").exists()
    assert archive.asked == []


def test_a_plan_of_a_store_knows_no_room(archive: BadArchive) -> None:
    assert planned(archive, "memory://nothing").free_bytes is None


def test_what_is_there_is_found_in_folders_and_capitals_too(
    archive: BadArchive, published: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "UI03N003.IMG").write_bytes(originals(published)["ui03n003.img"])
    plan = planned(archive, tmp_path)
    assert plan.there == (str(tmp_path / "mine" / "UI03N003.IMG"),)
    assert len(plan.pieces) == 11


def test_a_part_of_a_file_is_not_there(archive: BadArchive, published: Path, tmp_path: Path) -> None:
    (tmp_path / "ui03n003.img.%22tag%22.partial").write_bytes(originals(published)["ui03n003.img"])
    assert planned(archive, tmp_path).there == ()


def test_an_image_without_its_label_is_not_there(
    archive: BadArchive, published: Path, tmp_path: Path
) -> None:
    (tmp_path / "uvvis_03n_003e.tif").write_bytes(originals(published, ".tif")["uvvis_03n_003e.tif"])
    plan = plan_fetch("clementine", tmp_path, region=box_of("1,1,2,2"), issue="pds4", mirror=archive.url)
    assert (plan.there, len(plan.pieces)) == ((), 1)


def test_all_there_is_said_so(archive: BadArchive, tmp_path: Path) -> None:
    fetched(archive, tmp_path)
    assert str(planned(archive, tmp_path)) == f"the Clementine UVVIS mosaic: 12 wanted, all are in {tmp_path}"


@pytest.mark.parametrize("mirror", ["ftp://there/img", "/a/folder", "there.org"])
def test_a_mirror_is_an_address_of_the_web(tmp_path: Path, mirror: str) -> None:
    with pytest.raises(InputError, match="give an address that begins with http"):
        plan_fetch("clementine", tmp_path, mirror=mirror)


def test_a_region_is_of_tiles(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="wac is one file, which has no parts"):
        plan_fetch("wac", tmp_path, region=box_of("1,1,2,2"))
