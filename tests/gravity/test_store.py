"""A reduction in its folder: a Zarr that xarray, pyshtools and maps of the same grid understand."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyproj
import pyshtools
import pytest
import xarray as xr

from lunarcloud import moon
from lunarcloud.archive.gravity import read_gravity
from lunarcloud.archive.topography import read_topography
from lunarcloud.errors import NotFoundError
from lunarcloud.gravity import (
    PARTS,
    PRODUCTS,
    BouguerField,
    Gravity,
    GravityCard,
    Grids,
    Part,
    Reduction,
    finish_gravity,
    gravity_card,
    gravity_works,
    load_gravity,
    reduce_bouguer,
    sample,
    write_harmonics,
)
from lunarcloud.gravity.grids import SampleShard
from lunarcloud.moon import Shard
from lunarcloud.storage import folder
from lunarcloud.synthetic.gravity import write_gravity
from lunarcloud.testing.small_root import write_shard

LMAX = 24


@pytest.fixture(scope="module")
def reduced(tmp_path_factory: pytest.TempPathFactory) -> tuple[GravityCard, BouguerField]:
    """A reduction of a synthetic Moon: its card and its field."""
    files = write_gravity(tmp_path_factory.mktemp("model"), lmax=LMAX)
    model, topography = read_gravity(str(files.gravity)), read_topography(str(files.topography))
    reduction = Reduction(degrees=(6, 600), gradient_degrees=(5, 20), taper=2)
    field = reduce_bouguer(model, topography, reduction)
    return gravity_card(
        model, topography, reduction, Grids(moon.grid(1, 128), 60.0), field, "mean Earth"
    ), field


@pytest.fixture(scope="module")
def found(reduced: tuple[GravityCard, BouguerField], tmp_path_factory: pytest.TempPathFactory) -> Gravity:
    """The reduction, written shard by shard and finished."""
    place = folder(tmp_path_factory.mktemp("gravity") / "one")
    card, field = reduced
    write_harmonics(place, card, field)
    for work in gravity_works(place, card.grids, card.lmax):
        for shard in work.group.missing():
            write_shard(work.group, shard, work.function(shard).arrays)
    finish_gravity(place, card, field)
    return load_gravity(place, card)


@pytest.mark.parametrize(
    ("group", "dims"), [("global", ("lat", "lon")), ("south", ("y", "x")), ("north", ("y", "x"))]
)
def test_plain_xarray_opens_every_grid(found: Gravity, group: str, dims: tuple[str, ...]) -> None:
    dataset = xr.open_zarr(f"{found.store.url}/{group}")
    assert set(dataset.data_vars) == set(PRODUCTS)
    assert dataset["bouguer_anomaly"].dims == dims
    assert dataset["bouguer_anomaly"].attrs["units"] == "mGal"
    assert dataset["bouguer_gradient"].attrs["units"] == "1e-9 s-2"
    ellipsoid = pyproj.CRS.from_wkt(dataset["crs"].attrs["crs_wkt"]).ellipsoid
    assert ellipsoid
    assert ellipsoid.semi_major_metre == moon.RADIUS_M
    assert dataset.notnull().all().to_array().all()


@pytest.mark.parametrize("group", ["", "/global", "/dh2", "/harmonics", "/features"])
def test_attributes_of_every_group_say_what_was_done(found: Gravity, group: str) -> None:
    attrs = xr.open_zarr(found.store.url + group).attrs
    assert attrs["gravity"] == "one"
    assert attrs["density_kg_m3"] == 2550.0
    assert attrs["evaluation_radius_m"] == 1_738_000.0
    assert attrs["degrees_requested"] == [6, 600]
    assert attrs["degrees"] == [6, LMAX]
    assert attrs["gradient_degrees"] == [5, 20]
    assert attrs["taper_degrees"] == 2
    assert attrs["gravity_model"] == "synthetic_gravity_sha"
    assert "clipped to 6:24" in attrs["clips"][0]
    assert "positive downward" in attrs["sign_convention"]


@pytest.mark.parametrize("part", ["global", "south"])
def test_pixels_are_the_field_at_their_centres(found: Gravity, part: Part) -> None:
    dataset = found.open(part).load()
    if part == "global":
        raster = moon.grid(1)
        where = moon.Positions(lat=raster.lat()[:, np.newaxis], lon=raster.lon())
    else:
        pixel_m = float(dataset.x[1] - dataset.x[0])
        where = moon.polar_grid("south", limit=60.0, pixel_m=pixel_m).positions()
    expected = sample(found.field(), lat=where.lat, lon=where.lon)
    for name in PRODUCTS:
        # Codes of 0.001: rounding is half of one.
        np.testing.assert_allclose(dataset[name], expected[name], atol=0.000501)


def test_pixels_are_those_of_maps_of_the_same_resolution(found: Gravity) -> None:
    dataset = found.open()
    np.testing.assert_array_equal(dataset.lat, moon.grid(1).lat())
    np.testing.assert_array_equal(dataset.lon, moon.grid(1).lon())


def test_dh2_grid_is_pyshtools_own(found: Gravity) -> None:
    table = found.open_table("dh2").load()
    assert table["gravity_disturbance"].shape == (2 * LMAX + 2, 4 * LMAX + 4)
    grid = pyshtools.SHGrid.from_array(table["gravity_disturbance"].to_numpy().astype(float))
    stored = found.open_table("harmonics")["gravity_disturbance"].to_numpy()
    np.testing.assert_allclose(grid.expand().coeffs, stored, atol=1e-4)


def test_features_tell_inside_from_outside(found: Gravity) -> None:
    table = found.open_table("features").load()
    crisium = table.sel(feature="Mare Crisium")
    assert crisium["bouguer_disturbance_inside"] > crisium["bouguer_disturbance_outside"] + 20


def test_bytes_do_not_depend_on_the_size_of_shards(found: Gravity) -> None:
    whole = SampleShard(found.store, moon.grid(1, 360))(Shard(0, 0)).arrays
    part = SampleShard(found.store, moon.grid(1, 64))(Shard(1, 2)).arrays
    for name, codes in part.items():
        np.testing.assert_array_equal(codes, whole[name][64:128, 128:192])


def test_all_groups_open_as_one_tree(found: Gravity) -> None:
    tree = xr.open_datatree(found.store.url, engine="zarr")
    assert set(tree.children) == {*PARTS, "global_1", "global_2", "dh2", "features", "harmonics"}
    for part in PARTS:
        stored = tree[part].to_dataset()
        # What says where pixels lie is of the store, not of a dataset, which may be a part of it.
        assert stored.drop_attrs(deep=False).identical(found.open(part).drop_attrs(deep=False))
        assert found.open(part).attrs.items() <= stored.attrs.items()


def test_overviews_are_means_by_area_that_readers_find(found: Gravity) -> None:
    tree = xr.open_datatree(found.store.url, engine="zarr")
    levels = [level["asset"] for level in tree.attrs["multiscales"]["layout"]]
    assert levels == ["global", "global_1", "global_2"]
    for finer, coarser in pairwise(tree[name].to_dataset() for name in levels):
        # The area of a row of pixels on a sphere goes as the cosine of its middle.
        weights = np.cos(np.radians(finer["lat"].values))
        for name in PRODUCTS:
            columns = finer[name].values.reshape(len(weights), -1, 2).mean(axis=2)
            rows = (columns * weights[:, None]).reshape(len(weights) // 2, 2, -1).sum(axis=1)
            means = rows / weights.reshape(-1, 2).sum(axis=1)[:, None]
            # Half a code, and what 32 bits leave.
            np.testing.assert_allclose(coarser[name], means, atol=6e-4)


def test_overviews_go_on_by_thirds_where_rows_are_odd(tmp_path: Path) -> None:
    works = gravity_works(folder(tmp_path), Grids(moon.grid(75), 60.0), LMAX)
    rows = [(work.title, work.group.layout.raster.n_rows) for work in works[len(PARTS) :]]
    assert rows == [
        (f"gravity global_{level}", each) for level, each in enumerate((6750, 3375, 1125, 375), 1)
    ]


def test_nothing_is_visible_before_it_is_finished(
    reduced: tuple[GravityCard, BouguerField], tmp_path: Path
) -> None:
    card, field = reduced
    place = folder(tmp_path)
    write_harmonics(place, card, field)
    with pytest.raises(NotFoundError):
        load_gravity(place, card).open()
    assert not place.exists("gravity.zarr/zarr.json")
