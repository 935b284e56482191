"""Files on their way have another name, of one version, until they are whole."""

from pathlib import Path

import fsspec
import pytest

from lunarcloud.errors import StoreError
from lunarcloud.fetching.parts import part_of
from lunarcloud.storage import folder


def test_a_part_on_a_disk_has_its_name_only_when_it_is_kept(tmp_path: Path) -> None:
    part = part_of(folder(tmp_path), "tile.img")
    part.restart('"5f2/61a"')
    part.append(b"whole")
    with part.open() as stream:
        assert stream.read() == b"whole"
    assert [path.name for path in tmp_path.iterdir()] == ["tile.img.%225f2%2F61a%22.partial"]
    part.keep()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"tile.img": b"whole"}


def test_a_part_is_found_again_with_the_version_that_it_is_of(tmp_path: Path) -> None:
    part = part_of(folder(tmp_path), "tile.img")
    part.restart('"a"')
    part.append(b"who")
    part.close()
    again = part_of(folder(tmp_path), "tile.img")
    assert (again.size, again.validator) == (3, '"a"')
    again.append(b"le")
    again.close()
    again.keep()
    assert (tmp_path / "tile.img").read_bytes() == b"whole"


def test_bytes_of_two_versions_do_not_meet(tmp_path: Path) -> None:
    part = part_of(folder(tmp_path), "tile.img")
    for version in ('"a"', '"b"', "x" * 300):
        part.restart(version)
        part.append(version.encode())
    part.close()
    assert [path.name for path in tmp_path.iterdir()] == ["tile.img.partial"]
    assert (part_of(folder(tmp_path), "tile.img").size, list(tmp_path.iterdir())) == (0, [])


def test_a_part_of_another_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "tile.img2.%22a%22.partial").write_bytes(b"other")
    assert part_of(folder(tmp_path), "tile.img").size == 0


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match=r"file/below"):
        part_of(folder(tmp_path / "file" / "below"), "tile.img")


def test_a_part_for_a_store_is_there_only_when_it_is_kept() -> None:
    place = folder("memory://parts")
    part = part_of(place, "tile.img")
    part.restart('"a"')
    part.append(b"whole")
    assert place.keys() == []
    part.keep()
    part.close()
    assert place.read("tile.img") == b"whole"
    fsspec.filesystem("memory").rm("/parts", recursive=True)
