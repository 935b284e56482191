"""Every reader over damaged files: what comes is read, or refused in our words.

``LUNARCLOUD_FUZZ=6100`` tries as many files a reader, 231 800 in all; by default few.
"""

import gzip
import io
import json
import math
import os
import pickle
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely
import xarray as xr
from hypothesis import given, settings
from pyproj import CRS
from rasterio.transform import from_origin

from lunarcloud.archive import (
    find_cubes,
    find_tiles,
    read_bands,
    read_gravity,
    read_ground,
    read_outlines,
    read_points,
    read_prospector,
    read_rows,
    read_stations,
    read_topography,
)
from lunarcloud.archive.gridded import Gridded
from lunarcloud.archive.shipped import DATA
from lunarcloud.errors import LunarcloudError
from lunarcloud.moon import RADIUS_M
from lunarcloud.synthetic import write_map_tiles
from lunarcloud.testing.wac import wac_picture
from tests.archive.cube_files import EIGHT_NM, KAGUYA, write_raster
from tests.damage import CASES, EDITS, HANGS, Edit, damaged
from tests.planted import Planted


class Reader(NamedTuple):
    """The name of a whole file, what reads it, and the files beside it; all, if it is in a folder."""

    name: str
    read: Callable[[str], object]
    beside: tuple[str, ...] = ()


def _rows_of_tiles(place: str) -> None:
    for tile in find_tiles(place).tiles:
        read_rows(tile, row_start=0, row_stop=min(tile.lines, 4), col_start=0, col_stop=tile.samples)


def _rows_of_cubes(place: str) -> None:
    for image in find_cubes(place, KAGUYA).tiles:
        read_rows(image, row_start=0, row_stop=min(image.lines, 4), col_start=0, col_stop=image.samples)


def _rows_of_group(place: str) -> None:
    _rows_of_cubes(_group(place))


def _at(variable: str | None = None) -> Callable[[str], object]:
    return lambda place: Gridded(place, variable).at(np.array([5.0, -80.0]), np.array([5.0, 170.0]))


def _at_group(place: str) -> None:
    _at("feo")(_group(place))


def _group(place: str) -> str:
    """The Zarr group that an object is of."""
    return f"{place.rpartition('.zarr/')[0]}.zarr"


_SHAPEFILE = ("a.shp", "a.shx", "a.dbf", "a.prj")
READERS = {
    "PDS3 tile": Reader("ui03n003.img", _rows_of_tiles),
    "PDS4 label": Reader("uvvis_03n_003e.xml", _rows_of_tiles, ("uvvis_03n_003e.tif",)),
    "tar": Reader("tiles.tar", _rows_of_tiles),
    "packed tar": Reader("tiles.tar.gz", _rows_of_tiles),
    "ICGEM": Reader("a.gfc", read_gravity),
    "PDS harmonics": Reader("a.tab", read_gravity),
    "GEODYN": Reader("a.cof", read_gravity),
    "packed harmonics": Reader("a.gfc.gz", read_gravity),
    "LOLA label": Reader("LDEM_4.LBL", read_topography, ("LDEM_4.IMG",)),
    "GeoTIFF of heights": Reader("heights.tif", read_topography),
    "text of a shape": Reader("a.sh", read_topography),
    "binary shape": Reader("a.bshc", read_topography),
    "PDS3 picture": Reader("wac.img", read_ground),
    "GeoTIFF picture": Reader("grey.tif", read_ground),
    "stations": Reader("stations.csv", read_stations),
    "points": Reader("points.csv", read_points),
    "Lunar Prospector, CSV": Reader("lpgrs.csv", read_prospector),
    "Lunar Prospector, PDS": Reader("lpgrs.tab", read_prospector),
    "GeoJSON": Reader("maria.geojson", read_outlines),
    "GeoJSON with a system": Reader("system.geojson", read_outlines),
    "GeoPackage": Reader("a.gpkg", read_outlines),
    "zipped shapefile": Reader("a.zip", read_outlines),
    **{
        f"shapefile {name[1:]}": Reader(name, lambda place: read_outlines(f"{place[:-3]}shp"), _SHAPEFILE)
        for name in _SHAPEFILE
    },
    "label of a map": Reader("map.lbl", _rows_of_cubes, ("map.img",)),
    "GeoTIFF cube": Reader("cube.tif", _rows_of_cubes),
    "ISIS cube": Reader("cube.cub", _rows_of_cubes),
    "table of bands": Reader("bands.csv", read_bands),
    "gridded GeoTIFF": Reader("heights.tif", _at()),
    "gridded matrix": Reader("matrix.csv", _at()),
    "gridded table": Reader("table.csv", _at("feo")),
    "gridded Zarr, metadata": Reader("grid.zarr/feo/zarr.json", _at_group),
    "gridded Zarr, values": Reader("grid.zarr/feo/c/0/0", _at_group),
    "gridded Zarr 2, metadata": Reader("old.zarr/.zmetadata", _at_group),
    "Zarr cube, metadata": Reader("cube.zarr/cube/zarr.json", _rows_of_group),
    "Zarr cube, values": Reader("cube.zarr/cube/c/0/0/0", _rows_of_group),
}


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory, pds3_folder: Path, pds4_folder: Path) -> Path:
    """A folder of whole files: the package's, and small ones of every other kind."""
    folder = tmp_path_factory.mktemp("whole")
    for made in (pds3_folder / "ui03n003.img", *pds4_folder.glob("uvvis_03n_003e.*"), *DATA_FILES):
        shutil.copy(made, folder / made.name)
    for name, mode in (("tiles.tar", "w"), ("tiles.tar.gz", "w:gz")):
        with tarfile.open(folder / name, mode) as archive:  # type: ignore[call-overload]  # a mode of both
            archive.add(folder / "ui03n003.img", "data/ui03n003.img")
            archive.add(folder / "uvvis_03n_003e.xml", "data/uvvis_03n_003e.xml")
    _write_harmonics(folder)
    _write_rasters(folder)
    _write_cubes(folder)
    _write_tables(folder)
    _write_groups(folder)
    _write_polygons(folder)
    return folder


DATA_FILES = [Path(str(DATA / name)) for name in ("LDEM_4.LBL", "LDEM_4.IMG", "stations.csv")]


def _coefficients(first: int, size: float) -> str:
    rows = [(degree, order) for degree in range(first, 9) for order in range(degree + 1)]
    return "\n".join(f"{one} {other} {size / (1 + one + other):.6E} {size / 7:.6E}" for one, other in rows)


def _write_harmonics(folder: Path) -> None:
    head = "modelname a\ngravity_constant 4.9028e12\nradius 1738000.0\nmax_degree 8\nend_of_head ==\n"
    gfc = head + "\n".join(f"gfc {row}" for row in _coefficients(2, 1e-5).splitlines()) + "\n"
    (folder / "a.gfc").write_text(gfc)
    (folder / "a.gfc.gz").write_bytes(gzip.compress(gfc.encode(), mtime=0))
    (folder / "a.tab").write_text(f"1738.0 4902.8 0.0 8 8 1 0.0 0.0\n{_coefficients(2, 1e-5)}\n")
    lines = (DATA / "LP165P.cof").read_text("latin-1").splitlines()
    kept = [each for each in lines if not each.startswith("RECOEF") or int(each[6:11]) <= 8]
    cof = "\n".join(kept).replace("POTFIELD165165", "POTFIELD  8  8")
    (folder / "a.cof").write_text(cof, "latin-1")
    (folder / "a.sh").write_text(f"0 0 1737400.0 0\n{_coefficients(1, 2000.0)}\n")
    cosine = np.full(45, 500.0)
    cosine[0] = 1737400.0
    (folder / "a.bshc").write_bytes(
        np.concatenate([[0.0, 8.0], cosine, np.full(45, 10.0)]).astype("<f8").tobytes()
    )


def _write_rasters(folder: Path) -> None:
    place, size = from_origin(-180.0, 90.0, 5.0, 5.0), {"height": 36, "width": 72, "count": 1}
    values = np.random.default_rng(1).integers(0, 250, (1, 36, 72))
    for name, kind in (("heights.tif", "int16"), ("grey.tif", "uint8")):
        with rasterio.open(
            folder / name, "w", "GTiff", crs="IAU_2015:30100", transform=place, dtype=kind, **size
        ) as stored:
            stored.write((values * (40 if kind == "int16" else 1)).astype(kind))
    (folder / "wac.img").write_bytes(wac_picture(np.full((36, 72), 0.1, np.float32)))


def _write_cubes(folder: Path) -> None:
    degrees = math.radians(RADIUS_M) * 20.0
    for name, system, step in (("cube.tif", "IAU_2015:30100", 20.0), ("cube.cub", "IAU_2015:30110", degrees)):
        write_raster(folder / name, system, step, (-9 * step, 4.5 * step), (9, 18))
    (label, *_) = write_map_tiles(folder / "maps", ppd=1)
    text = label.read_bytes().replace(label.stem.encode() + b".img", b"map.img")
    (folder / "map.lbl").write_bytes(text)
    shutil.copy(label.with_suffix(".img"), folder / "map.img")
    lines = (f"{at},{nm},B{at},2e-5,0" for at, nm in enumerate(EIGHT_NM, start=1))
    (folder / "bands.csv").write_text("\n".join(["band,wavelength_nm,name,scale_factor,add_offset", *lines]))


def _write_tables(folder: Path) -> None:
    (folder / "points.csv").write_text("lat,lon,what\n" + "1.5,-20,a\n3,359,b\n" * 4)
    south, west = np.meshgrid(np.arange(-90.0, 90, 20), np.arange(-180.0, 180, 20), indexing="ij")
    edges = (south, south + 20, west, west + 20)
    bounds = dict(zip(("min_lat", "max_lat", "min_lon", "max_lon"), map(np.ravel, edges), strict=True))
    pd.DataFrame({"pixel_id": 1, **bounds, "FeO": 8.5, "Th": 1.5}).to_csv(folder / "lpgrs.csv", index=False)
    filler = {str(column): 1.4e-6 for column in range(56)}
    pd.DataFrame({"pixel_id": 1, **bounds, **filler}).to_csv(
        folder / "lpgrs.tab", sep=" ", header=False, index=False
    )
    values = np.round(np.random.default_rng(2).uniform(0, 20, (18, 36)), 2)
    np.savetxt(folder / "matrix.csv", values, delimiter=",", fmt="%.2f")
    lat, lon = np.meshgrid(np.arange(85.0, -90, -10), np.arange(-175.0, 180, 10), indexing="ij")
    rows = {"lat": lat.ravel(), "lon": lon.ravel(), "feo": values.ravel()}
    pd.DataFrame(rows).to_csv(folder / "table.csv", index=False)


def _write_groups(folder: Path) -> None:
    values = np.loadtxt(folder / "matrix.csv", delimiter=",")
    axes = {"lat": np.arange(85.0, -90, -10), "lon": np.arange(-175.0, 180, 10)}
    grid = xr.Dataset({"feo": (("lat", "lon"), values)}, axes)
    grid.to_zarr(folder / "grid.zarr", zarr_format=3, consolidated=False)
    grid.to_zarr(folder / "old.zarr", zarr_format=2, consolidated=True)
    bands = {"wavelength": ("band", list(EIGHT_NM), {"units": "nm"})}
    cube = grid.expand_dims(band=8).rename(feo="cube").assign_coords(bands)
    cube["crs"] = ((), 0, {"crs_wkt": CRS.from_user_input("IAU_2015:30100").to_wkt()})
    cube["cube"].attrs["grid_mapping"] = "crs"
    cube.to_zarr(folder / "cube.zarr", zarr_format=3, consolidated=False)


def _write_polygons(folder: Path) -> None:
    shipped = json.loads((DATA / "maria.geojson").read_text("utf-8"))
    few = {"type": "FeatureCollection", "features": shipped["features"][:3]}
    (folder / "maria.geojson").write_text(json.dumps(few, indent=1))
    system = {"crs": {"type": "name", "properties": {"name": "IAU_2015:30100"}}}
    (folder / "system.geojson").write_text(json.dumps({**system, **few}))
    for suffix in ("gpkg", "shp"):
        pyogrio.raw.write(
            folder / f"a.{suffix}",
            geometry=np.array(
                [shapely.to_wkb(shapely.box(west, 0, west + 9, 9)) for west in (0, 20)], object
            ),
            field_data=[np.array(["a", "b"], object)],
            fields=["name"],
            crs="IAU_2015:30100",
            geometry_type="Polygon",
        )
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in _SHAPEFILE:
            archive.write(folder / name, name)


@pytest.mark.parametrize("name", READERS)
def test_a_whole_file_is_read(whole: Path, name: str) -> None:
    READERS[name].read(str(whole / READERS[name].name))


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=CASES, deadline=HANGS)
@given(edits=EDITS)
def test_a_damaged_file_is_read_or_refused_in_words(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, name: str, edits: list[Edit]
) -> None:
    reader = READERS[name]
    # A folder each, since some libraries keep what they opened by its name.
    folder = tmp_path_factory.mktemp("damaged")
    _lay_beside(reader, whole, folder)
    (folder / reader.name).write_bytes(damaged((whole / reader.name).read_bytes(), edits))
    code = 0
    try:
        reader.read(str(folder / reader.name))
    except LunarcloudError as error:
        code = error.exit_code
    assert code in (0, 2)
    shutil.rmtree(folder)


def _lay_beside(reader: Reader, whole: Path, folder: Path) -> None:
    """Lay what belongs to a file, but not the file itself."""
    top, slash, _ = reader.name.partition("/")
    if slash:
        shutil.copytree(whole / top, folder / top, copy_function=os.link)
    for each in reader.beside:
        (folder / each).hardlink_to(whole / each)
    # A link to the whole file is not written through.
    (folder / reader.name).unlink(missing_ok=True)


@pytest.mark.parametrize("name", READERS)
def test_a_pickle_in_place_of_a_file_is_not_unpickled(whole: Path, tmp_path: Path, name: str) -> None:
    reader, mark = READERS[name], tmp_path / "unpickled"
    array = io.BytesIO()
    np.save(array, np.array([Planted(mark)], object), allow_pickle=True)
    _lay_beside(reader, whole, tmp_path)
    for data in (pickle.dumps(Planted(mark)), array.getvalue()):
        (tmp_path / reader.name).write_bytes(data)
        # A shapefile is read without its attributes, if they are damaged.
        with suppress(LunarcloudError):
            reader.read(str(tmp_path / reader.name))
    assert not mark.exists()
