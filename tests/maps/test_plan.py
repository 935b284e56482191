"""The plan of a run: what it would make, and tasks that travel."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from lunarcloud.errors import InputError
from lunarcloud.maps import completed, load_run, map_works, plan_maps
from lunarcloud.models import Card, Model, builtin, load_model
from lunarcloud.moon import grid
from lunarcloud.mosaic import Mosaic, load_mosaic
from lunarcloud.storage import Folder, folder
from lunarcloud.testing.small_root import write_model, write_mosaic, write_shard


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return folder(tmp_path_factory.mktemp("root"))


@pytest.fixture(scope="module")
def mosaic(root: Folder) -> Mosaic:
    record = write_mosaic(root, grid(1, 100))
    return load_mosaic(root / record.ref.path, record.card)


@pytest.fixture(scope="module")
def model(root: Folder) -> Model:
    record = write_model(root)
    return load_model(root / record.ref.path, record.ref.id, record.card)


def test_a_plan_computed_shard_by_shard_is_the_run(root: Folder, mosaic: Mosaic, model: Model) -> None:
    plan = plan_maps(mosaic, model)
    work, *_, intervals = map_works(plan, root / "runs/one")
    assert intervals.group.missing()
    travelled = pickle.loads(pickle.dumps(work.function))  # noqa: S301 - our own bytes
    counts = dict.fromkeys(("ok", "missing_input"), 0)
    for shard in work.group.missing():
        made = travelled(shard)
        assert made.inputs == mosaic.group.ledger.entry(shard).objects
        write_shard(work.group, shard, made.arrays)
        counts = {name: number + made.counts[name] for name, number in counts.items()}
    assert work.group.missing() == []
    assert load_run(root / "runs/one", plan.card).group() == work.group
    entries = [
        entry.model_copy(update={"counts": {"ok": 2}}) for entry in work.group.ledger.entries().values()
    ]
    assert completed(plan.card, entries).counts == {"ok": 2 * len(entries)}
    missing = (work.group.read_window("quality", plan.card.grid.whole) & 1).astype(bool)
    assert np.count_nonzero(missing) == counts["missing_input"] > 0


def _made_for(*wavelengths_nm: float) -> Model:
    plain = builtin("qiu2025")
    equations = plain.equations.model_copy(update={"wavelengths_nm": wavelengths_nm})
    return replace(plain, id="other", card=plain.card.model_copy(update={"equations": equations}))


@pytest.mark.parametrize(
    "bands_nm",
    [(415, 750, 900, 950, 1016), (415, 750, 900, 950), (750, 415, 900, 950, 1000)],
    ids=["too far", "too few", "another order"],
)
def test_a_model_for_other_bands_is_refused(mosaic: Mosaic, bands_nm: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match=r"model other .* 750.* within 15 nm"):
        plan_maps(mosaic, _made_for(*bands_nm))


def test_a_model_for_nearly_the_same_bands_maps_the_mosaic(mosaic: Mosaic) -> None:
    plan = plan_maps(mosaic, _made_for(404.0, 749.0, 901.0, 950.0, 1015.0))
    assert "feo_equation" in plan.card.maps


def test_what_gives_no_map_or_an_unknown_one_is_refused(root: Folder, mosaic: Mosaic, model: Model) -> None:
    nothing = model.equations.model_copy(update={"iron": None, "titanium": None})
    empty = replace(model, onnx=None, card=Card(equations=nothing))
    with pytest.raises(InputError, match="neither equations nor networks"):
        plan_maps(mosaic, empty)
    card = plan_maps(mosaic, model).card.model_copy(update={"maps": ("feo_cnn", "gold")})
    with pytest.raises(InputError, match="unknown maps gold"):
        load_run(root / "runs/other", card).group()
