"""The job: from files to a published Zarr that xarray, pyshtools and maps of the same grid understand."""

import json
from pathlib import Path

import numpy as np
import pyproj
import pyshtools
import pytest
import xarray as xr

from lunarcloud import moon
from lunarcloud.engine import Cluster
from lunarcloud.errors import ArchiveError, InputError, NotFoundError
from lunarcloud.gravity import PRODUCTS, find_gravity, sample
from lunarcloud.gravity.grids import SampleShard
from lunarcloud.gravity.store import Gravity, Part, gravity_place
from lunarcloud.jobs.gravity import GravityInputs, GravityResult, estimate_gravity, gravity
from lunarcloud.moon import Shard
from lunarcloud.storage import folder, read_catalog
from lunarcloud.synthetic.gravity import GravityFiles, write_gravity

LMAX = 24


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> GravityFiles:
    return write_gravity(tmp_path_factory.mktemp("model"), lmax=LMAX)


@pytest.fixture(scope="module")
def inputs(files: GravityFiles, tmp_path_factory: pytest.TempPathFactory) -> GravityInputs:
    return GravityInputs(
        root=str(tmp_path_factory.mktemp("root")),
        gravity=str(files.gravity),
        topography=str(files.topography),
        ppd=1,
        shard=128,
        degrees=(6, 600),
        gradient_degrees=(5, 20),
        taper=2,
    )


@pytest.fixture(scope="module")
def result(inputs: GravityInputs) -> GravityResult:
    return gravity(inputs, Cluster(workers=1))


@pytest.fixture(scope="module")
def found(inputs: GravityInputs, result: GravityResult) -> Gravity:
    return find_gravity(folder(inputs.root), result.gravity)


@pytest.mark.parametrize(
    ("group", "dims"), [("", ("lat", "lon")), ("/south", ("y", "x")), ("/north", ("y", "x"))]
)
def test_plain_xarray_opens_every_grid(result: GravityResult, group: str, dims: tuple[str, str]) -> None:
    dataset = xr.open_zarr(result.url + group)
    assert set(dataset.data_vars) == set(PRODUCTS)
    assert dataset["bouguer_anomaly"].dims == dims
    assert dataset["bouguer_anomaly"].attrs["units"] == "mGal"
    assert dataset["bouguer_gradient"].attrs["units"] == "E"
    ellipsoid = pyproj.CRS.from_wkt(dataset["crs"].attrs["crs_wkt"]).ellipsoid
    assert ellipsoid
    assert ellipsoid.semi_major_metre == moon.RADIUS_M
    assert dataset.notnull().all().to_array().all()


def test_attributes_say_what_was_done(result: GravityResult) -> None:
    attrs = xr.open_zarr(result.url).attrs
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
        grid = moon.grid(1)
        where = moon.Positions(lat=grid.lat()[:, np.newaxis], lon=grid.lon())
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


def test_pictures_of_the_globe_and_both_poles_are_beside_it(result: GravityResult) -> None:
    pictures = sorted(Path(result.figures).glob("*.png"))
    assert [picture.name for picture in pictures] == ["globe.png", "north.png", "south.png"]
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)


def test_same_inputs_are_found_and_not_computed_again(inputs: GravityInputs, result: GravityResult) -> None:
    again = gravity(inputs, Cluster(scheduler="tcp://127.0.0.1:1"))
    assert (again.gravity, again.shards_computed) == (result.gravity, 0)
    assert result.shards_computed > 0
    assert [entry.id for entry in read_catalog(folder(inputs.root)).of("gravity")] == [result.gravity]


def test_other_options_have_another_id(inputs: GravityInputs, result: GravityResult) -> None:
    for change in ({"density_kg_m3": 2500.0}, {"degrees": (7, 600)}, {"radius_m": 1.74e6}, {"ppd": 2}):
        (first, *_) = estimate_gravity(inputs.model_copy(update=change))
        assert first.done == 0
    assert all(part.tasks == 0 for part in estimate_gravity(inputs))


def test_bytes_do_not_depend_on_the_size_of_shards(inputs: GravityInputs, result: GravityResult) -> None:
    place = gravity_place(folder(inputs.root), result.gravity)
    whole = SampleShard(place, moon.grid(1, 360))(Shard(0, 0)).arrays
    part = SampleShard(place, moon.grid(1, 64))(Shard(1, 2)).arrays
    for name, codes in part.items():
        np.testing.assert_array_equal(codes, whole[name][64:128, 128:192])


def test_stopped_reduction_goes_on_where_it_was(
    inputs: GravityInputs, result: GravityResult, tmp_path: Path
) -> None:
    root = Path(inputs.root)
    ledger = root / "gravity" / f"{result.gravity}.ledger" / "global"
    catalog = root / "catalog.json"
    kept = catalog.read_text()
    catalog.write_text(json.dumps({"entries": []}))
    sorted(ledger.glob("*.json"))[0].unlink()
    again = gravity(inputs, Cluster(workers=1))
    assert again.shards_computed == 1
    assert again.card == result.card
    assert json.loads(catalog.read_text())["entries"][0]["id"] == json.loads(kept)["entries"][0]["id"]


def test_wrong_inputs_leave_nothing_behind(
    inputs: GravityInputs, files: GravityFiles, tmp_path: Path
) -> None:
    root = str(tmp_path / "new")
    swapped = {"root": root, "gravity": str(files.topography), "topography": str(files.gravity)}
    with pytest.raises(ArchiveError, match="no gravity model"):
        gravity(inputs.model_copy(update=swapped), Cluster())
    with pytest.raises(NotFoundError):
        gravity(inputs.model_copy(update={"root": root, "gravity": "nowhere.tab"}), Cluster())
    with pytest.raises(InputError, match="nothing is left"):
        gravity(inputs.model_copy(update={"root": root, "degrees": (100, 600)}), Cluster())
    assert not list(Path(tmp_path).rglob("*zarr*"))
