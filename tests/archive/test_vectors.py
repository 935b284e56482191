"""Polygon files are read as what they are, and lead to no other file."""

import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from lunarcloud.archive.vectors import read_records
from lunarcloud.errors import ArchiveError

BOX = {"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]]}
SECRET = {"type": "Feature", "properties": {"name": "secret"}, "geometry": BOX}


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Polygons that nobody may be led to."""
    (tmp_path / "secret.geojson").write_text(json.dumps(SECRET))
    return tmp_path / "secret.geojson"


def _write(path: Path) -> bytes:
    pyogrio.raw.write(
        path,
        geometry=np.array([shapely.to_wkb(shapely.box(0, 0, 9, 9))], dtype=object),
        field_data=[np.array(["a"], dtype=object)],
        fields=["name"],
        crs="IAU_2015:30100",
        geometry_type="Polygon",
    )
    return path.read_bytes()


def _vrt(source: Path) -> str:
    return (
        f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{source}</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    )


def _pipeline(source: Path) -> str:
    command = f"gdal vector pipeline ! read {source} ! write --output-format=stream streamed_dataset"
    return json.dumps({"type": "gdal_streamed_alg", "command_line": command})


@pytest.mark.parametrize("suffix", ["vrt", "geojson", "json", "gpkg", "shp", "zip"])
@pytest.mark.parametrize("planted", [_vrt, _pipeline])
def test_what_names_another_file_is_refused_whatever_it_is_called(
    tmp_path: Path, secret: Path, suffix: str, planted: Callable[[Path], str]
) -> None:
    path = tmp_path / f"planted.{suffix}"
    path.write_text(planted(secret))
    with pytest.raises(ArchiveError, match=rf"planted\.{suffix}: "):
        read_records(str(path))


def test_a_zipped_file_of_another_kind_is_refused(tmp_path: Path, secret: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.vrt", _vrt(secret))
    with pytest.raises(ArchiveError, match="0 shapefiles in it"):
        read_records(str(tmp_path / "a.zip"))


@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "shp"])
def test_each_format_is_read_by_its_own_name_only(tmp_path: Path, suffix: str) -> None:
    data = _write(tmp_path / f"a.{suffix}")
    records = read_records(str(tmp_path / f"a.{suffix}"))
    assert (records.fields, list(records.values[0]), len(records.shapes)) == (("name",), ["a"], 1)
    other = tmp_path / f"b.{'gpkg' if suffix == 'geojson' else 'geojson'}"
    other.write_bytes(data)
    with pytest.raises(ArchiveError, match=rf"its content is that of a \.{suffix} file"):
        read_records(str(other))


def test_a_shapefile_is_read_zipped_in_a_folder(tmp_path: Path) -> None:
    _write(tmp_path / "a.shp")
    with zipfile.ZipFile(tmp_path / "a.ZIP", "w") as archive:
        for part in ("shp", "shx", "dbf", "prj"):
            archive.write(tmp_path / f"a.{part}", f"folder/A.{part.upper()}")
        archive.write(tmp_path / "a.shp", "__MACOSX/a.shp")
    records = read_records(str(tmp_path / "a.ZIP"))
    assert "30100" in (records.crs or "") or "Moon" in (records.crs or "")
    assert list(records.values[0]) == ["a"]


def test_a_shapefile_without_its_parts_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "a.shp")
    (tmp_path / "a.dbf").unlink()
    with pytest.raises(ArchiveError, match=r"no \.dbf beside the others"):
        read_records(str(tmp_path / "a.shp"))


def test_a_shapefile_of_a_damaged_system_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "a.shp")
    (tmp_path / "a.prj").write_text("somewhere")
    with pytest.raises(ArchiveError, match=r"in its \.prj is not understood"):
        read_records(str(tmp_path / "a.shp"))


def test_a_small_zip_of_a_large_shapefile_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.shp", b"")
    # What its directory says of the size unpacked, of which no more is unpacked than that.
    directory = packed.getvalue().index(b"PK\x01\x02")
    data = bytearray(packed.getvalue())
    data[directory + 24 : directory + 28] = (3 << 30).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(ArchiveError, match="unpacks to more than 1024 MiB"):
        read_records(str(tmp_path / "a.zip"))


@pytest.mark.parametrize(
    "statement", ["CREATE VIEW secret AS SELECT * FROM a", "CREATE VIRTUAL TABLE secret USING fts4(a)"]
)
def test_a_geopackage_of_more_than_tables_is_refused(tmp_path: Path, statement: str) -> None:
    _write(tmp_path / "a.gpkg")
    with closing(sqlite3.connect(tmp_path / "a.gpkg")) as database:
        database.execute(statement)
        database.commit()
    with pytest.raises(ArchiveError, match="'secret' is no plain table"):
        read_records(str(tmp_path / "a.gpkg"))


@pytest.mark.parametrize("name", ["+init=/etc/passwd:root", "+proj=longlat +nadgrids=/etc/passwd", "a b"])
def test_a_system_is_named_and_not_defined(tmp_path: Path, name: str) -> None:
    content = {**SECRET, "crs": {"type": "name", "properties": {"name": name}}}
    (tmp_path / "a.geojson").write_text(json.dumps(content))
    with pytest.raises(ArchiveError, match=r"a name such as IAU_2015:30100 is understood"):
        read_records(str(tmp_path / "a.geojson"))
