import pickle
from pathlib import Path

import numpy as np
import pytest

from lunarcloud import models
from lunarcloud.errors import InputError, MissingPackageError, NotFoundError, StoreError
from lunarcloud.models import QIU2025, Card, builtin, find_model, load, predict, session
from lunarcloud.models.card import TrainingRecord
from lunarcloud.models.graph import Networks, product_graph
from lunarcloud.models.package import CARD, NETWORKS, model_place, save
from lunarcloud.models.training import TrainingSettings
from lunarcloud.storage import Folder, Published, digest, folder, publish


@pytest.fixture
def root(tmp_path: Path) -> Folder:
    return folder(tmp_path)


@pytest.fixture
def saved(root: Folder, networks: Networks) -> Folder:
    """A published model package."""
    onnx = product_graph(networks, {})
    training = TrainingRecord(
        architecture="",
        settings=TrainingSettings(),
        seeds=(0, 1),
        spread_seeds=(0, 1),
        inputs=networks.inputs,
        targets=networks.targets,
        plain_form_difference=0.0,
    )
    card = Card(
        id="0123abcd",
        equations=QIU2025,
        oxides=networks.oxides,
        training=training,
        digests={NETWORKS: digest(onnx)},
    )
    place = model_place(root, card.id)
    save(place, card, {NETWORKS: onnx})
    publish(root, Published(kind="model", id=card.id, path=f"models/{card.id}"))
    return place


def test_what_is_saved_is_loaded(saved: Folder, networks: Networks) -> None:
    model = load(saved)
    assert model.oxides == networks.oxides
    assert model.equations == QIU2025
    assert model.wavelengths_nm == (415.0, 750.0, 900.0, 950.0, 1000.0)
    assert model.onnx == product_graph(networks, {})
    assert model.card.training
    assert model.card.training.inputs == networks.inputs


def test_model_travels_to_workers(saved: Folder) -> None:
    model = load(saved)
    assert pickle.loads(pickle.dumps(model)) == model  # noqa: S301 - our own bytes


def test_model_is_found_by_beginning_and_as_latest(root: Folder, saved: Folder) -> None:
    assert find_model(root, "0123").id == find_model(root, "latest").id == "0123abcd"


def test_built_in_model_is_found_under_any_root(root: Folder) -> None:
    assert find_model(root, "qiu2025").equations == QIU2025
    assert builtin("qiu2025").onnx is None


def test_absent_model_says_how_to_make_one(root: Folder) -> None:
    with pytest.raises(NotFoundError, match=r"'latest'.*lunarcloud fit"):
        find_model(root)
    with pytest.raises(NotFoundError, match="no built-in model 'lucey'"):
        builtin("lucey")


def test_package_without_card_is_no_model(root: Folder, saved: Folder) -> None:
    unfinished = model_place(root, "other")
    unfinished.write(NETWORKS, b"")
    with pytest.raises(NotFoundError, match="no finished model"):
        load(unfinished)


def test_changed_model_file_is_refused(saved: Folder) -> None:
    saved.write(NETWORKS, saved.read(NETWORKS)[:-1] + b"x")
    with pytest.raises(StoreError, match="is not the file its card describes"):
        load(saved)


def test_damaged_card_is_refused(saved: Folder) -> None:
    saved.write(CARD, saved.read(CARD).replace(b'"slope":', b'"slop":'))
    with pytest.raises(StoreError, match=r"model.json is damaged: equations\.iron"):
        load(saved)


def test_digest_changes_with_the_card(saved: Folder) -> None:
    model = load(saved)
    assert model.digest != builtin("qiu2025").digest
    assert model.digest == load(saved).digest


def test_absent_provider_is_refused(saved: Folder) -> None:
    with pytest.raises(MissingPackageError, match="no CUDAExecutionProvider here"):
        session(load(saved).onnx or b"", providers=["CUDAExecutionProvider", *models.CPU])


def test_spectra_of_other_bands_are_refused(saved: Folder) -> None:
    with pytest.raises(InputError, match=r"shape \(10, 4\) for a model of 5 bands"):
        predict(session(load(saved).onnx or b""), np.zeros((10, 4), np.float32))


def test_no_spectra_give_no_oxides(saved: Folder) -> None:
    assert predict(session(load(saved).onnx or b""), np.zeros((0, 5), np.float32)).shape == (0, 2)
