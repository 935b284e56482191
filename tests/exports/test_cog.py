"""COGs hold the map's values where they lie, in its units, as other people's GDAL reads them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from rasterio.warp import transform

from lunarcloud.archive import feature
from lunarcloud.engine import Event, ShardDone, quiet
from lunarcloud.errors import StoreError
from lunarcloud.exports.cog import Wanted, scratch, write_cog
from lunarcloud.exports.layers import Layer
from lunarcloud.exports.rasters import Stored, box_named
from lunarcloud.lineage import Ref
from lunarcloud.maps import Run
from lunarcloud.moon import GEOGRAPHIC, RADIUS_M, grid, lunar_crs
from lunarcloud.mosaic import load_mosaic
from lunarcloud.quantities import QUANTITIES
from lunarcloud.storage import Folder, folder
from lunarcloud.testing.runs import MakeRun
from lunarcloud.testing.s3_server import S3
from lunarcloud.testing.small_root import write_mosaic

HALF = QUANTITIES["feo_cnn"].step / 2


def levels(run: Run) -> list[Stored]:
    return [Stored(run.store / str(number)) for number in range(run.levels)]


def write(run: Run, target: Folder, name: str = "feo_cnn", **wanted: Any) -> str:
    write_cog(target, "map.tif", Layer(levels(run), name, {"source": "us"}), Wanted(**wanted), quiet)
    return f"{target.url}/map.tif"


def truth(run: Run, level: int = 0) -> npt.NDArray[Any]:
    return run.open(level)["feo_cnn"].values


def test_values_are_the_maps_in_its_unit_and_missing_where_it_is(run: Run, target: Folder) -> None:
    with rasterio.open(write(run, target)) as image:
        np.testing.assert_array_equal(image.read(1), truth(run))
        assert (image.count, image.dtypes, image.units) == (1, ("float32",), ("wt%",))
        assert np.isnan(image.nodata)
        assert image.descriptions == ("FeO abundance (wt%), CNN",)
        assert image.tags()["source"] == "us"


def test_it_is_a_cog_by_gdals_own_mark_with_tiles_and_overviews_first(run: Run, target: Folder) -> None:
    path = write(run, target)
    with rasterio.open(path) as image:
        assert image.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert image.profile["tiled"]
        assert image.block_shapes == [(512, 512)]
        assert image.overviews(1) == [2, 4, 8]
    assert b"GDAL_STRUCTURAL_METADATA_SIZE" in Path(path).read_bytes()[:64]
    assert list(folder(target.url).keys()) == ["map.tif"]


def test_overviews_are_the_stores_own_levels(run: Run, target: Folder) -> None:
    with rasterio.open(write(run, target), overview_level=0) as image:
        np.testing.assert_array_equal(image.read(1), truth(run, 1))


def test_levels_by_thirds_are_overviews_too(make_run: MakeRun, target: Folder) -> None:
    on = grid(3, 256)
    run = make_run(on, {"feo_cnn": np.random.default_rng(0).uniform(0.0, 25.0, on.shape)})
    path = write(run, target)
    with rasterio.open(path) as image:
        assert image.overviews(1) == [2, 4, 12]
    for level in range(run.levels):
        with rasterio.open(path, **({"overview_level": level - 1} if level else {})) as image:
            np.testing.assert_array_equal(image.read(1), truth(run, level))
            assert image.bounds == (-180, -90, 180, 90)
    write_cog(target, "3.tif", Layer(levels(run)[3:], "feo_cnn"), Wanted(), quiet)
    with rasterio.open(f"{target.url}/3.tif") as image:
        assert image.shape == (45, 90)
        assert image.bounds == (-180, -90, 180, 90)


def test_statistics_are_those_of_the_values(run: Run, target: Folder) -> None:
    with rasterio.open(write(run, target)) as image:
        said = {name.removeprefix("STATISTICS_"): float(value) for name, value in image.tags(1).items()}
    values = truth(run).astype(float)
    assert said["MINIMUM"] == pytest.approx(np.nanmin(values), rel=1e-6)
    assert said["MAXIMUM"] == pytest.approx(np.nanmax(values), rel=1e-6)
    assert said["MEAN"] == pytest.approx(np.nanmean(values), rel=1e-6)
    assert said["STDDEV"] == pytest.approx(np.nanstd(values), rel=1e-6)
    assert said["VALID_PERCENT"] == pytest.approx(100 * np.isfinite(values).mean())


def test_the_reference_system_is_the_moons_and_known_by_its_code(run: Run, target: Folder) -> None:
    with rasterio.open(write(run, target)) as image:
        assert image.bounds == (-180, -90, 180, 90)
        assert image.crs.to_authority() == ("IAU_2015", "30100")
        assert f"{RADIUS_M:.0f}" in image.crs.to_wkt(version="WKT2_2019")


@pytest.mark.parametrize(
    "code", [None, "IAU_2015:30110", "IAU_2015:30140", "IAU_2015:30145", "IAU_2015:30135", "IAU_2015:30130"]
)
@pytest.mark.parametrize("name", ["Tycho", "Mare Tranquillitatis"])
def test_features_lie_where_they_are(run: Run, target: Folder, code: str | None, name: str) -> None:
    known, box = feature(name), box_named(name)
    with rasterio.open(write(run, target, box=box, crs=code)) as image:
        (x,), (y,) = transform(lunar_crs(GEOGRAPHIC).to_wkt(), image.crs, [known.lon], [known.lat])
        (found,) = next(image.sample([(x, y)]))
        # In the middle of the picture, to a pixel or two, wherever it is warped least.
        row, col = image.index(x, y)
        assert abs(row - image.height / 2) < 0.2 * image.height
        assert abs(col - image.width / 2) < 0.2 * image.width
    pixel = run.grid.pixel(lat=known.lat, lon=known.lon)
    near = truth(run)[int(pixel.row) - 1 : int(pixel.row) + 2, int(pixel.col) - 1 : int(pixel.col) + 2]
    # Of the nearest pixels one: a warp is exact to an eighth of a pixel.
    assert (near == found).any()


def test_a_projected_map_has_nothing_but_the_maps_own_values(run: Run, target: Folder) -> None:
    with rasterio.open(write(run, target, crs="IAU_2015:30135")) as image:
        shown = image.read(1)
        assert image.crs.linear_units == "metre"
        assert image.bounds.left == pytest.approx(-image.bounds.right)
        assert {f"STATISTICS_{name}" for name in ("MINIMUM", "MEAN")} <= image.tags(1).keys()
    valid = shown[np.isfinite(shown)]
    assert valid.size > 0.7 * shown.size
    assert np.isin(np.rint(valid / (2 * HALF)), np.rint(truth(run) / (2 * HALF))).all()


def test_flags_off_the_moon_are_no_flags(run: Run, target: Folder) -> None:
    with rasterio.open(write(run, target, "quality", crs="IAU_2015:30140")) as image:
        assert image.nodata == np.iinfo(image.dtypes[0]).max
        flags, valid = image.read(1), image.read_masks(1) > 0
    # Of a rectangle around an ellipse a quarter less than pi.
    assert valid.mean() == pytest.approx(np.pi / 4, abs=0.01)
    assert (flags[~valid] == image.nodata).all()
    assert np.isin(flags[valid], run.open(0)["quality"].values).all()


def test_a_region_across_the_seam_is_in_one_piece(run: Run, target: Folder) -> None:
    with rasterio.open(write(run, target, box=box_named("-10,170,10,190"))) as image:
        assert image.bounds == (170, -10, 190, 10)
        found = image.read(1)
    whole = truth(run)[320:400]
    np.testing.assert_array_equal(found, np.hstack([whole[:, -40:], whole[:, :40]]))


def test_flags_stay_flags(run: Run, target: Folder) -> None:
    with rasterio.open(write(run, target, "quality")) as image:
        assert image.dtypes == ("uint16",)
        assert (image.read(1) == run.open()["quality"].values).all()


def test_a_mosaic_is_one_file_with_a_band_each(tmp_path: Path, target: Folder) -> None:
    root = folder(tmp_path / "root")
    record = write_mosaic(root, grid(1))
    mosaic = load_mosaic(root / Ref(kind="mosaics", id=record.ref.id).path, record.card)
    write_cog(target, "m.tif", Layer([Stored(mosaic.group.place)], "reflectance"), Wanted(), quiet)
    with rasterio.open(f"{target.url}/m.tif") as image:
        np.testing.assert_allclose(image.read(), mosaic.open()["reflectance"].values, atol=1e-6)
        assert image.descriptions[1].endswith("UVVIS, 750 nm")


def test_the_same_map_gives_the_same_bytes(run: Run, target: Folder) -> None:
    assert Path(write(run, target)).read_bytes() == Path(write(run, target / "again")).read_bytes()


def test_it_goes_into_a_bucket(run: Run, s3_environment: S3, target: Folder) -> None:
    bucket = folder("s3://moon/exported")
    size = write_cog(bucket, "map.tif", Layer(levels(run), "feo_cnn", {"source": "us"}), Wanted(), quiet)
    assert len(bucket.read("map.tif")) == size
    assert bucket.read("map.tif") == Path(write(run, target)).read_bytes()


def test_a_damaged_shard_leaves_no_file(run: Run, tmp_path: Path, target: Folder) -> None:
    copied = folder(tmp_path / "copy")
    for key, data in (run.store / "0").read_all().items():
        copied.write(key, data)
    key = copied.keys("feo_cnn/c")[0]
    copied.write(key, copied.read(key)[:-100] + bytes(100))
    with pytest.raises(StoreError, match="feo_cnn is damaged"):
        write_cog(target, "map.tif", Layer([Stored(copied)], "feo_cnn"), Wanted(), quiet)
    assert target.keys() == []
    assert list(Path(target.url).iterdir()) == []


def test_every_shard_is_told(run: Run, target: Folder) -> None:
    told: list[Event] = []
    write_cog(target, "map.tif", Layer(levels(run)[:1], "feo_cnn"), Wanted(), told.append)
    pixels: Sequence[int] = [each.pixels for each in told if isinstance(each, ShardDone)]
    assert sum(pixels) == run.grid.n_rows * run.grid.n_cols
    assert len(pixels) == len(list(run.grid.shards()))


def test_what_is_on_its_way_lies_beside_its_place_and_is_gone_afterwards(target: Folder) -> None:
    with scratch(target) as place:
        assert place.parent == Path(target.url)
    assert not place.exists()
