"""Process gravity: from files to a published Zarr, once, and a stopped one goes on."""

from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from lunarcloud.engine import Cluster
from lunarcloud.errors import ArchiveError, InputError, NotFoundError
from lunarcloud.lineage import open_root
from lunarcloud.processes import Outcome, load_process
from lunarcloud.synthetic.gravity import write_gravity
from lunarcloud.testing.make import NOWHERE, dry_run, make

LMAX = 24

pytestmark = pytest.mark.usefixtures("sketches")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A small reduction of a synthetic Moon."""
    files = write_gravity(tmp_path_factory.mktemp("model"), lmax=LMAX)
    return {
        "gravity": str(files.gravity),
        "topography": str(files.topography),
        "ppd": 1,
        "shard": 128,
        "degrees": (6, 600),
        "gradient_degrees": (5, 20),
        "taper": 2,
    }


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("root")


@pytest.fixture(scope="module")
def made(root: Path, inputs: dict[str, Any], cluster: Cluster) -> Outcome:
    return make("gravity", root, cluster, **inputs)


def test_pictures_of_the_globe_and_both_poles_are_beside_it(made: Outcome) -> None:
    pictures = (made.place / "figures").read_all()
    assert list(pictures) == ["globe.png", "north.png", "south.png"]
    assert all(picture.startswith(b"\x89PNG") for picture in pictures.values())


def test_same_inputs_are_found_and_not_computed_again(
    root: Path, inputs: dict[str, Any], made: Outcome
) -> None:
    again = make("gravity", root, NOWHERE, **inputs)
    assert (again.record, again.shards_computed) == (made.record, None)
    assert made.shards_computed
    assert [entry.ref for entry in open_root(root).catalog().of("gravity")] == [made.record.ref]


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(
    "change", [{"density_kg_m3": 2500.0}, {"degrees": (7, 600)}, {"radius_m": 1.74e6}, {"ppd": 2}]
)
def test_other_options_are_another_record(root: Path, inputs: dict[str, Any], change: dict[str, Any]) -> None:
    assert dry_run("gravity", root, **{**inputs, **change})[0].done == 0
    assert all(part.tasks == 0 for part in dry_run("gravity", root, **inputs))


def test_a_stopped_reduction_goes_on_where_it_was(
    root: Path, inputs: dict[str, Any], made: Outcome, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its pictures are there.
    monkeypatch.setattr("lunarcloud.processes.gravity._draw", lambda *_: None)
    before = made.place.read_all()
    open_root(root).folder.remove("catalog.json")
    for key in ("record.json", "ledger/global/0-0.json"):
        made.place.remove(key)
    again = make("gravity", root, cluster, **inputs)
    assert again.shards_computed == 1
    assert (again.record.card, again.record.digest) == (made.record.card, made.record.digest)
    changed = {key for key, data in again.place.read_all().items() if before[key] != data}
    assert changed == {"record.json", "ledger/global/0-0.json"}  # these say when


def test_the_card_says_which_values_every_product_has(made: Outcome) -> None:
    ranges, products = made.record.card.ranges, xr.open_zarr(f"{made.place.url}/gravity.zarr/global").load()
    assert {*ranges} == {*products.data_vars}
    for name, found in ranges.items():
        assert found.most == pytest.approx(float(products[name].max()), abs=0.001)
        # All but the total gradient have both signs.
        assert (found.low == -found.high) == (name != "bouguer_gradient")


def test_it_opens_on_the_globe(made: Outcome) -> None:
    opened = load_process("gravity").open(made.record, made.place)
    assert opened["bouguer_anomaly"].dims == ("lat", "lon")
    assert opened.attrs["gravity"] == made.record.ref.id


def test_files_given_for_each_other_leave_nothing_behind(inputs: dict[str, Any], tmp_path: Path) -> None:
    swapped = {"gravity": inputs["topography"], "topography": inputs["gravity"]}
    with pytest.raises(ArchiveError, match="no gravity model"):
        make("gravity", tmp_path / "new", **{**inputs, **swapped})
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"gravity": "nowhere.tab"}, NotFoundError, "nowhere.tab"),
        ({"degrees": (100, 600)}, InputError, "nothing is left"),
    ],
)
def test_wrong_inputs_leave_nothing_behind(
    inputs: dict[str, Any], tmp_path: Path, change: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        make("gravity", tmp_path / "new", **{**inputs, **change})
    assert not (tmp_path / "new").exists()


def test_the_frame_is_in_the_attributes_and_a_rotation_is_another_reduction(
    inputs: dict[str, Any], made: Outcome, tmp_path: Path, cluster: Cluster
) -> None:
    assert "it names none" in xr.open_zarr(f"{made.place.url}/gravity.zarr/global").attrs["frame"]
    turned = make("gravity", tmp_path, cluster, **inputs, frame="de430")
    assert "rotated from the principal axes of DE430" in turned.record.card.frame
    assert turned.record.digest != made.record.digest


def test_a_shape_in_principal_axes_is_refused(inputs: dict[str, Any], tmp_path: Path) -> None:
    shape = tmp_path / "LDEM_shape_pa.sh"
    shape.write_bytes(Path(inputs["topography"]).read_bytes())
    with pytest.raises(InputError, match="LDEM_shape_pa is in principal axes"):
        make("gravity", tmp_path, **{**inputs, "topography": str(shape)})
