import pickle
from pathlib import Path

import numpy as np
import pytest

from lunarcloud import models
from lunarcloud.errors import InputError, MissingPackageError, NotFoundError, StoreError
from lunarcloud.models import QIU2025, Card, Model, builtin, load_model, predict, session
from lunarcloud.models.graph import Networks, product_graph
from lunarcloud.models.package import NETWORKS
from lunarcloud.storage import Folder, digest, folder
from lunarcloud.testing.small_root import untrained_record


@pytest.fixture
def place(tmp_path: Path, networks: Networks) -> Folder:
    """The folder of a model."""
    found = folder(tmp_path)
    found.write(NETWORKS, product_graph(networks, {}))
    return found


@pytest.fixture
def card(networks: Networks) -> Card:
    """What is known of the model."""
    training = untrained_record(networks, (0, 1))
    digests = {NETWORKS: digest(product_graph(networks, {}))}
    return Card(equations=QIU2025, oxides=networks.oxides, training=training, digests=digests)


@pytest.fixture
def model(place: Folder, card: Card) -> Model:
    """The model."""
    return load_model(place, "0123abcd", card)


def test_what_is_saved_is_loaded(model: Model, networks: Networks) -> None:
    assert model.id == "0123abcd"
    assert model.oxides == networks.oxides
    assert model.equations == QIU2025
    assert model.wavelengths_nm == (415.0, 750.0, 900.0, 950.0, 1000.0)
    assert model.onnx == product_graph(networks, {})
    assert model.card.training
    assert model.card.training.inputs == networks.inputs


def test_model_travels_to_workers(model: Model) -> None:
    assert pickle.loads(pickle.dumps(model)) == model  # noqa: S301 - our own bytes


def test_the_paper_s_equations_are_built_in() -> None:
    assert builtin("qiu2025").equations == QIU2025
    assert builtin("qiu2025").onnx is None
    with pytest.raises(NotFoundError, match="no built-in model 'lucey'"):
        builtin("lucey")


def test_changed_model_file_is_refused(place: Folder, card: Card) -> None:
    place.write(NETWORKS, place.read(NETWORKS)[:-1] + b"x")
    with pytest.raises(StoreError, match=r"is not the file its card describes.*repair model 0123"):
        load_model(place, "0123", card)


def test_lost_model_file_is_named(place: Folder, card: Card) -> None:
    place.remove(NETWORKS)
    with pytest.raises(NotFoundError, match=NETWORKS):
        load_model(place, "0123", card)


def test_absent_provider_is_refused(model: Model) -> None:
    with pytest.raises(MissingPackageError, match="no CUDAExecutionProvider here"):
        session(model.onnx or b"", providers=["CUDAExecutionProvider", *models.CPU])


def test_spectra_of_other_bands_are_refused(model: Model) -> None:
    with pytest.raises(InputError, match=r"shape \(10, 4\) for a model of 5 bands"):
        predict(session(model.onnx or b""), np.zeros((10, 4), np.float32))


def test_no_spectra_give_no_oxides(model: Model) -> None:
    assert predict(session(model.onnx or b""), np.zeros((0, 5), np.float32)).shape == (0, 4)
