"""The job: from files to a published Zarr that xarray, pyshtools and maps of the same grid understand."""

import json
from pathlib import Path

import pytest
from lunarcloud.jobs.gravity import GravityInputs, estimate_gravity, gravity

from lunarcloud.engine import Cluster
from lunarcloud.errors import ArchiveError, InputError, NotFoundError
from lunarcloud.gravity import find_gravity
from lunarcloud.storage import folder, read_catalog
from lunarcloud.synthetic.gravity import write_gravity

LMAX = 24


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_gravity(tmp_path_factory.mktemp("model"), lmax=LMAX)


@pytest.fixture(scope="module")
def inputs(files, tmp_path_factory):
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
def result(inputs):
    return gravity(inputs, Cluster(workers=1))


@pytest.fixture(scope="module")
def found(inputs, result):
    return find_gravity(folder(inputs.root), result.gravity)


def test_pictures_of_the_globe_and_both_poles_are_beside_it(result):
    pictures = sorted(Path(result.figures).glob("*.png"))
    assert [picture.name for picture in pictures] == ["globe.png", "north.png", "south.png"]
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)


def test_same_inputs_are_found_and_not_computed_again(inputs, result):
    again = gravity(inputs, Cluster(scheduler="tcp://127.0.0.1:1"))
    assert (again.gravity, again.shards_computed) == (result.gravity, 0)
    assert result.shards_computed > 0
    assert [entry.id for entry in read_catalog(folder(inputs.root)).of("gravity")] == [result.gravity]


def test_other_options_have_another_id(inputs, result):
    for change in ({"density_kg_m3": 2500.0}, {"degrees": (7, 600)}, {"radius_m": 1.74e6}, {"ppd": 2}):
        (first, *_) = estimate_gravity(inputs.model_copy(update=change))
        assert first.done == 0
    assert all(part.tasks == 0 for part in estimate_gravity(inputs))


def test_stopped_reduction_goes_on_where_it_was(inputs, result, tmp_path):
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


def test_wrong_inputs_leave_nothing_behind(inputs, files, tmp_path):
    root = str(tmp_path / "new")
    swapped = {"root": root, "gravity": str(files.topography), "topography": str(files.gravity)}
    with pytest.raises(ArchiveError, match="no gravity model"):
        gravity(inputs.model_copy(update=swapped), Cluster())
    with pytest.raises(NotFoundError):
        gravity(inputs.model_copy(update={"root": root, "gravity": "nowhere.tab"}), Cluster())
    with pytest.raises(InputError, match="nothing is left"):
        gravity(inputs.model_copy(update={"root": root, "degrees": (100, 600)}), Cluster())
    assert not list(Path(tmp_path).rglob("*zarr*"))
