"""What a model's networks answer: by student or by all of them, and how sure."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from lunarcloud.errors import InputError
from lunarcloud.models import Answers, HalfWidths, Model, interval_maps, network_maps, predict, session
from lunarcloud.models.card import Card
from lunarcloud.models.equations import QIU2025
from lunarcloud.models.graph import Networks, Perceptron, perceptron_graph, plain_graph, product_graph
from lunarcloud.models.inputs import Standard
from lunarcloud.models.samples import Samples
from lunarcloud.testing.small_root import student_record, untrained_record

REACH = 3.0


def _perceptron(networks: Networks, values: int, logarithms: int) -> Perceptron:
    """Answers 7 of every value, and 1 of everything that is above 0."""
    columns = values + logarithms
    return Perceptron(
        kernels=(np.zeros((8, 6), np.float32), np.zeros((columns, 14), np.float32)),
        biases=(np.zeros(8, np.float32), np.zeros(columns, np.float32)),
        inputs=networks.inputs,
        values=Standard(mean=(7.0,) * values, deviation=(1.0,) * values),
        logarithms=Standard(mean=(0.0,) * logarithms, deviation=(1.0,) * logarithms),
        equations=QIU2025,
    )


@pytest.fixture(scope="module")
def model(networks: Networks) -> Model:
    """Two oxides by two seeds, a student that says 7 wt%, intervals of FeO."""
    record = student_record(("feo",), REACH, ("feo_cnn_half95",))
    training = untrained_record(networks, (4, 5))
    card = Card(equations=QIU2025, oxides=networks.oxides, training=training, student=record)
    return Model(
        "0123",
        card,
        product_graph(networks, {}),
        perceptron_graph(_perceptron(networks, 2, 2), {}),
        perceptron_graph(_perceptron(networks, 0, 1), {}),
    )


@pytest.fixture(scope="module")
def spectra(stations: Samples) -> npt.NDArray[np.float32]:
    return stations.reflectance.T[:5].astype(np.float32)


def _answers(model: Model, spectra: npt.NDArray[np.float32], distance: float) -> dict[str, list[float]]:
    away = np.full(len(spectra), distance, np.float32)
    asked = Answers(model, lambda: session(model.onnx or b""), lambda: session(model.student or b""))
    said = dict(zip(network_maps(model), asked(spectra, away).tolist(), strict=True))
    if model.intervals is None:
        return said
    told = HalfWidths(model, lambda: session(model.intervals or b""))
    return said | dict(zip(interval_maps(model), told(spectra, away).tolist(), strict=True))


def _members(model: Model, spectra: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(seed, oxide, n)."""
    return predict(session(model.onnx or b""), spectra).T.reshape(2, 2, -1)


def test_student_answers_within_its_reach(model: Model, spectra: npt.NDArray[np.float32]) -> None:
    said = _answers(model, spectra, 2.0)
    assert list(said) == ["feo_cnn", "tio2_cnn", "feo_cnn_chance", "tio2_cnn_chance", "feo_cnn_half95"]
    assert said["feo_cnn"] == said["tio2_cnn"] == [7.0] * 5
    assert said["feo_cnn_chance"] == said["feo_cnn_half95"] == [1.0] * 5


def test_beyond_the_reach_all_networks_answer_and_nothing_is_promised(
    model: Model, spectra: npt.NDArray[np.float32]
) -> None:
    said, members = _answers(model, spectra, 3.5), _members(model, spectra)
    assert said["tio2_cnn"] == pytest.approx(members.mean(axis=0)[1], rel=1e-6)
    assert said["tio2_cnn_chance"] == pytest.approx(members.std(axis=0, ddof=1)[1], rel=1e-5)
    assert np.isnan(said["feo_cnn_half95"]).all()


def test_exact_asks_all_networks_and_keeps_the_intervals(
    model: Model, spectra: npt.NDArray[np.float32]
) -> None:
    said = _answers(model.exact, spectra, 2.0)
    assert said["feo_cnn"] == pytest.approx(_members(model, spectra).mean(axis=0)[0], rel=1e-6)
    assert said["feo_cnn_half95"] == [1.0] * 5


def test_no_spectra_have_no_answers(model: Model, spectra: npt.NDArray[np.float32]) -> None:
    for each in (model, model.exact):
        assert not any(_answers(each, spectra[:0], 2.0).values())


def test_one_seed_is_that_network_alone(model: Model, spectra: npt.NDArray[np.float32]) -> None:
    for place, seed in enumerate((4, 5)):
        one = model.of_seed(seed)
        said = _answers(one, spectra, 99.0)
        assert list(said) == ["feo_cnn", "tio2_cnn"]
        assert said["feo_cnn"] == _members(model, spectra)[place, 0].tolist()
        assert one.seeds == (seed,)


def test_seed_that_was_not_trained_is_refused(model: Model) -> None:
    with pytest.raises(InputError, match="no networks of seed 6: it has 4, 5"):
        model.of_seed(6)
    with pytest.raises(InputError, match="no networks of seed 0: it has no networks"):
        replace(model, onnx=None).of_seed(0)


def test_one_seed_of_a_file_that_is_no_ensemble_of_ours_is_refused(model: Model, networks: Networks) -> None:
    with pytest.raises(InputError, match="no ONNX model, or damaged"):
        replace(model, onnx=b"no model").of_seed(4)
    with pytest.raises(InputError, match="has no seed_1: it was not written by `fit`"):
        replace(model, onnx=plain_graph(networks)).of_seed(5)


def test_perceptron_answers_wild_spectra_with_numbers(networks: Networks) -> None:
    wild = _perceptron(networks, 1, 1)
    steep = wild._replace(kernels=(wild.kernels[0], np.full((2, 14), 1e3, np.float32)))
    said = predict(session(perceptron_graph(steep, {})), np.full((1, 5), 0.9, np.float32))
    assert np.isfinite(said).all()
    assert said[0, 1] <= 1000.1
