"""Finding tiles in every kind of place, and saying what is wrong with the others."""

import http.server
import shutil
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

import fsspec
import pytest

from lunarcloud.archive import Tile, TileSearch, find_tiles
from lunarcloud.archive.scheme import cells
from lunarcloud.errors import ArchiveError, InputError, NotFoundError, StoreError
from tests.web import paged


@pytest.fixture
def web(pds3_folder: Path, pds4_folder: Path, tmp_path: Path) -> Iterator[str]:
    """A plain web server of the standard library, which lists folders and knows no byte ranges."""
    for folder in (pds3_folder, pds4_folder):
        shutil.copytree(folder, tmp_path / "served", dirs_exist_ok=True)
    handler = partial(_QuietHandler, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Tests print no requests."""


def ids(search: TileSearch[Tile]) -> list[str]:
    return [tile.product_id for tile in search.tiles]


def test_the_reference_archive_holds_all_996_tiles(lp_tiles: dict[str, Tile]) -> None:
    assert list(lp_tiles) == [cell.product_id for cell in cells()]
    assert len(lp_tiles) == 996


def test_the_same_tiles_from_every_kind_of_place(pds3_folder: Path, tmp_path: Path) -> None:
    expected = find_tiles(str(pds3_folder))
    kinds: tuple[tuple[str, Literal["w", "w:gz"]], ...] = (("tar", "w"), ("tar.gz", "w:gz"), ("tgz", "w:gz"))
    for kind, mode in kinds:
        with tarfile.open(tmp_path / f"tiles.{kind}", mode) as archive:
            archive.add(pds3_folder, "CL_4006/DATA")
    memory = fsspec.filesystem("memory")
    for path in pds3_folder.iterdir():
        memory.pipe_file(f"/tiles/deep/{path.name.upper()}", path.read_bytes())
    listing = tmp_path / "list.txt"
    listing.write_text("# two places\n" + "\n".join(str(path) for path in pds3_folder.iterdir()) + "\n")
    places = [
        f"{pds3_folder}/*.img",
        [str(path) for path in sorted(pds3_folder.iterdir(), reverse=True)],
        str(listing),
        "memory://tiles",
        *(str(tmp_path / f"tiles.{kind}") for kind in ("tar", "tar.gz", "tgz")),
    ]
    where = {"source", "url", "data_offset"}
    for place in places:
        found = find_tiles(place)
        assert not found.problems
        assert [tile.model_dump(exclude=where) for tile in found.tiles] == [
            tile.model_dump(exclude=where) for tile in expected.tiles
        ]
    memory.rm("/tiles", recursive=True)


def test_from_a_web_server_by_folder_and_by_list(web: str) -> None:
    by_folder = find_tiles(f"{web}/")
    by_list = find_tiles([f"{web}/uvvis_87n_030e.xml", f"{web}/ui03n003.img"])
    assert ids(by_list) == ["UI03N003", "UI87N030"]
    assert set(ids(by_list)) < set(ids(by_folder))
    # Both issues of every tile are there: one is used, the other reported.
    assert len(by_folder.problems) == len(by_folder.tiles)


def test_a_cut_tile_on_a_web_server_is_a_problem(web: str, tmp_path: Path) -> None:
    image = tmp_path / "served" / "ui03n003.img"
    image.write_bytes(image.read_bytes()[:-1])
    found = find_tiles(f"{web}/")
    assert any("ui03n003.img: the image is cut short" in problem.message for problem in found.problems)


def test_phase_tiles_and_other_files_are_set_aside(pds3_folder: Path, tmp_path: Path) -> None:
    shutil.copy(pds3_folder / "ui03n003.img", tmp_path / "UI03N003.IMG")
    for name in ("PI03N003.IMG", "uvvis_phase_03n_003e.xml", "uvvis_phase_03n_003e.tif", "readme.md"):
        (tmp_path / name).write_bytes(b"not read")
    found = find_tiles(str(tmp_path))
    assert ids(found) == ["UI03N003"]
    assert not found.problems
    assert [source.rpartition("/")[2] for source in found.phase] == [
        "PI03N003.IMG",
        "uvvis_phase_03n_003e.tif",
        "uvvis_phase_03n_003e.xml",
    ]
    assert [source.rpartition("/")[2] for source in found.ignored] == ["readme.md"]


def test_labels_of_other_products_are_set_aside(pds4_folder: Path, tmp_path: Path) -> None:
    for name in ("uvvis_03n_003e.xml", "uvvis_03n_003e.tif"):
        shutil.copy(pds4_folder / name, tmp_path / name)
    (tmp_path / "collection.xml").write_bytes(b"<Product_Collection/>")
    found = find_tiles(str(tmp_path))
    assert (ids(found), found.problems) == (["UI03N003"], ())
    assert [source.rpartition("/")[2] for source in found.ignored] == ["collection.xml"]
    with pytest.raises(ArchiveError, match="no image tile"):
        find_tiles(str(tmp_path / "collection.xml"))


def test_a_bad_tile_is_a_problem_and_the_others_are_read(pds3_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(pds3_folder, tmp_path, dirs_exist_ok=True)
    whole = (tmp_path / "ui03n003.img").read_bytes()
    (tmp_path / "ui03n003.img").write_bytes(whole[:-1])
    (tmp_path / "ui87n030.img").write_bytes(b"junk")
    found = find_tiles(str(tmp_path))
    assert len(found.tiles) == len(find_tiles(str(pds3_folder)).tiles) - 2
    short, junk = found.problems
    assert f"needs {len(whole)} bytes, the file has {len(whole) - 1}" in short.message
    assert short.source.endswith("ui03n003.img")
    assert "not a PDS3 file" in junk.message


def test_a_cut_member_of_an_archive_is_found_before_it_is_read(pds3_folder: Path, tmp_path: Path) -> None:
    cut = tmp_path / "ui03n003.img"
    cut.write_bytes((pds3_folder / "ui03n003.img").read_bytes()[:-100])
    with tarfile.open(tmp_path / "tiles.tar.gz", "w:gz") as archive:
        archive.add(cut, "data/ui03n003.img")
        archive.add(pds3_folder / "ui87n030.img", "data/ui87n030.img")
    found = find_tiles(str(tmp_path / "tiles.tar.gz"))
    assert ids(found) == ["UI87N030"]
    assert "tiles.tar.gz::data/ui03n003.img: the image is cut short" in found.problems[0].message


def test_an_archive_that_was_replaced_is_read_anew(pds3_folder: Path, tmp_path: Path) -> None:
    for name in ("ui03n003", "ui87n030"):
        with tarfile.open(tmp_path / "tiles.tar.gz", "w:gz") as archive:
            archive.add(pds3_folder / f"{name}.img", f"{name}.img")
        assert ids(find_tiles(str(tmp_path / "tiles.tar.gz"))) == [name.upper()]


def test_a_list_may_not_name_itself(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(f"{tmp_path}/list.txt\n")
    with pytest.raises(ArchiveError, match=r"another \.txt list"):
        find_tiles(str(tmp_path / "list.txt"))


def test_an_image_missing_beside_its_label_is_a_problem(pds4_folder: Path, tmp_path: Path) -> None:
    for name in ("uvvis_03n_003e.xml", "uvvis_03n_357e.xml", "uvvis_03n_357e.tif"):
        shutil.copy(pds4_folder / name, tmp_path / name)
    found = find_tiles(str(tmp_path))
    assert ids(found) == ["UI03N357"]
    assert "uvvis_03n_003e.tif, which is not beside it" in found.problems[0].message


def test_a_short_geotiff_is_a_problem(pds4_folder: Path, tmp_path: Path) -> None:
    for name in ("uvvis_03n_003e.xml", "uvvis_03n_003e.tif"):
        shutil.copy(pds4_folder / name, tmp_path / name)
    image = tmp_path / "uvvis_03n_003e.tif"
    image.write_bytes(image.read_bytes()[:2000])
    with pytest.raises(ArchiveError, match=r"uvvis_03n_003e\.tif: the image is cut short"):
        find_tiles(str(tmp_path))


@pytest.mark.parametrize("name", ["tiles.tar.gz", "tiles.tar"])
def test_a_damaged_archive_is_refused(tmp_path: Path, lp_archive: str, name: str) -> None:
    path = tmp_path / name
    with open(lp_archive, "rb") as whole:  # noqa: PTH123  # a plain copy of its first half
        path.write_bytes(whole.read(2_000_000))
    with pytest.raises(ArchiveError, match="damaged or cut short"):
        find_tiles(str(path))


def test_an_empty_folder_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"no image tile in .*give PDS3"):
        find_tiles(str(tmp_path))


def test_a_place_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        find_tiles(str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="no image tile"):
        find_tiles(str(tmp_path / "*.img"))


def test_a_server_that_does_not_answer() -> None:
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:9"):
        find_tiles("http://127.0.0.1:9/tiles/ui03n003.img")


def test_a_web_address_without_a_tile(web: str) -> None:
    with pytest.raises(NotFoundError):
        find_tiles(f"{web}/ui99n999.img")


def test_an_unknown_protocol() -> None:
    with pytest.raises(StoreError, match="gopher"):
        find_tiles("gopher://tiles")


def test_a_signed_url_is_a_tile_whose_signature_is_said_nowhere(web: str) -> None:
    signed = f"{web}/ui03n003.img?X-Amz-Signature=hunter2&X-Amz-Expires=60"
    [tile] = find_tiles(signed).tiles
    assert (tile.product_id, tile.url) == ("UI03N003", signed)
    assert tile.source == f"{web}/ui03n003.img"


def test_a_signed_label_finds_its_signed_image(web: str, pds4_folder: Path) -> None:
    name = min(path.stem for path in pds4_folder.glob("*.tif") if "phase" not in path.stem)
    pair = [f"{web}/{name}.xml?sig=one", f"{web}/{name}.tif?sig=two"]
    [tile] = find_tiles(pair).tiles
    assert tile.url == pair[1]


def test_a_web_folder_that_names_itself_is_given_up() -> None:
    with (
        paged(lambda path: '<a href="again/">again</a> <a href="x.dat">x</a>') as url,
        pytest.raises(ArchiveError, match="without an end"),
    ):
        find_tiles(f"{url}/tiles/")


def test_a_web_folder_of_ever_more_folders_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lunarcloud.archive.sources._MOST_FOLDERS", 50)
    with (
        paged(lambda path: "".join(f'<a href="{number}/">x</a>' for number in range(9))) as url,
        pytest.raises(ArchiveError, match="more than 50 folders"),
    ):
        find_tiles(f"{url}/tiles/")


@pytest.mark.parametrize(
    "name",
    [
        "../secret.tif",
        "..",
        "[x].txt",
        "*.tif",
        "a?.tif",
        "http://127.0.0.1:9/latest/meta-data",
        "a::b",
        "~",
        "a b",
    ],
)
def test_a_label_leads_to_no_file_but_one_beside_it(pds4_folder: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    label = (pds4_folder / "uvvis_03n_003e.xml").read_text()
    image = pds4_folder / "uvvis_03n_003e.tif"
    (tmp_path / "in" / "uvvis_03n_003e.xml").write_text(label.replace(f">{image.name}<", f">{name}<"))
    for place in ("secret.tif", "in/secret.tif", "in/a1.tif"):
        shutil.copy(image, tmp_path / place)
    # Where patterns are looked for, this finds a list, and that leads anywhere.
    (tmp_path / "in" / "x.txt").write_text(f"{tmp_path}/secret.tif\n")
    with pytest.raises(ArchiveError, match="must be a plain name, beside the label"):
        find_tiles(str(tmp_path / "in"))


def test_a_list_that_a_label_names_is_not_followed(pds4_folder: Path, tmp_path: Path) -> None:
    label = (pds4_folder / "uvvis_03n_003e.xml").read_text().replace(">uvvis_03n_003e.tif<", ">list.txt<")
    (tmp_path / "a.xml").write_text(label)
    (tmp_path / "list.txt").write_text(f"{pds4_folder}/uvvis_03n_003e.tif\n")
    with pytest.raises(ArchiveError, match=r"list\.txt: the image is cut short"):
        find_tiles(str(tmp_path / "a.xml"))


def test_a_label_in_an_archive_names_no_file_outside(pds4_folder: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(pds4_folder / "uvvis_03n_003e.xml", "uvvis_03n_003e.xml")
    shutil.copy(pds4_folder / "uvvis_03n_003e.tif", tmp_path / "a.tar::uvvis_03n_003e.tif")
    with pytest.raises(ArchiveError, match="which is not beside it"):
        find_tiles(str(tmp_path / "a.tar"))
