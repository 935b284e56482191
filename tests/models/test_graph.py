import io
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest

from lunarcloud.errors import ComputeError
from lunarcloud.models import export as exporting
from lunarcloud.models import predict, session
from lunarcloud.models.export import export
from lunarcloud.models.graph import Networks, plain_graph, product_graph
from lunarcloud.models.inputs import Standard, network_inputs
from lunarcloud.models.network import take
from lunarcloud.models.samples import Samples
from lunarcloud.models.training import predict as predict_scores
from lunarcloud.quantities import WEIGHT_STEP


@pytest.fixture(scope="module")
def spectra(stations: Samples) -> npt.NDArray[np.float32]:
    random = np.random.default_rng(8)
    chosen = stations.reflectance.T[random.integers(0, 47, 700)]
    return (chosen * random.uniform(0.8, 1.2, (700, 1))).astype(np.float32)


@pytest.fixture(scope="module")
def product(networks: Networks) -> bytes:
    return product_graph(networks, {"model": "abc"})


def test_product_equals_loops_in_double_precision(
    networks: Networks, product: bytes, spectra: npt.NDArray[np.float32], loop_oxides: Callable[..., Any]
) -> None:
    said = predict(session(product), spectra[:60])
    np.testing.assert_allclose(said, loop_oxides(networks, spectra[:60]), rtol=0, atol=1e-5)


def test_product_equals_the_plain_form(
    networks: Networks, product: bytes, spectra: npt.NDArray[np.float32]
) -> None:
    plain = predict(session(plain_graph(networks)), spectra)
    np.testing.assert_allclose(predict(session(product), spectra), plain, rtol=0, atol=1e-5)


def test_product_equals_jax(networks: Networks, product: bytes, spectra: npt.NDArray[np.float32]) -> None:
    scores = networks.inputs.apply(network_inputs(spectra.T, networks.equations)).T.astype(np.float32)
    each = predict_scores(networks.weights, np.tile(scores, (4, 1, 1))).astype(np.float64)
    by_seed = [networks.targets.undo(each.reshape(2, 2, -1)[:, seed]) for seed in (0, 1)]
    np.testing.assert_allclose(
        predict(session(product), spectra), np.concatenate(by_seed).T, rtol=0, atol=1e-5
    )


def test_one_seed_is_the_network_itself(
    networks: Networks, spectra: npt.NDArray[np.float32], loop_oxides: Callable[..., Any]
) -> None:
    single = networks._replace(weights=take(networks.weights, np.array([0, 2])))
    said = predict(session(product_graph(single, {})), spectra[:20])
    np.testing.assert_allclose(said, loop_oxides(single, spectra[:20]), rtol=0, atol=1e-5)


@pytest.mark.parametrize("batch", [1, 7, 512, 1024])
def test_bits_do_not_depend_on_the_batch_or_the_order(
    product: bytes, spectra: npt.NDArray[np.float32], batch: int
) -> None:
    run = session(product)
    whole = predict(run, spectra)
    assert predict(run, spectra, batch=batch).tobytes() == whole.tobytes()
    assert predict(run, spectra[::-1], batch=batch)[::-1].tobytes() == whole.tobytes()


def test_model_file_is_valid_described_and_runs_without_this_package(
    product: bytes, spectra: npt.NDArray[np.float32]
) -> None:
    model = onnx.load(io.BytesIO(product))
    onnx.checker.check_model(model, full_check=True)
    assert {entry.key: entry.value for entry in model.metadata_props} == {"model": "abc"}
    shapes = {value.name for value in model.graph.value_info}
    assert all(output in shapes for node in model.graph.node[:-1] for output in node.output)
    plain_session = onnxruntime.InferenceSession(product, providers=["CPUExecutionProvider"])
    (oxides,) = plain_session.run(None, {"reflectance": spectra[:3]})
    assert oxides.shape == (3, 4)
    assert plain_session.get_outputs()[0].name == "oxides"


def test_same_networks_give_the_same_bytes(networks: Networks, product: bytes) -> None:
    assert product_graph(networks, {"model": "abc"}) == product


def test_export_says_what_is_in_the_file(networks: Networks, stations: Samples) -> None:
    onnx_bytes, difference = export(networks, stations.reflectance)
    found = {entry.key: entry.value for entry in onnx.load(io.BytesIO(onnx_bytes)).metadata_props}
    assert found["columns"] == "feo,tio2,feo,tio2"
    assert found["units"] == "wt%"
    assert found["wavelengths_nm"] == "415,750,900,950,1000"
    assert "model" not in found
    assert 0 < difference <= 1e-5


def test_export_bears_the_rounding_of_large_values(networks: Networks, stations: Samples) -> None:
    weights = networks.weights._replace(output=8 * networks.weights.output)
    large = networks._replace(weights=weights, targets=Standard(mean=(45.0, 30.0), deviation=(20.0, 15.0)))
    _, difference = export(large, stations.reflectance)
    assert 1e-5 < difference < WEIGHT_STEP / 2


@pytest.mark.parametrize("value", [1.0, 2e-4])
def test_export_refuses_forms_that_differ_by_more_than_rounding(
    networks: Networks, stations: Samples, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    bias = networks.weights.output_bias + np.float32(value)
    shifted = networks._replace(weights=networks.weights._replace(output_bias=bias))
    monkeypatch.setattr(exporting, "plain_graph", lambda _: plain_graph(shifted))
    with pytest.raises(ComputeError, match=r"differ by .* wt% of (feo|tio2) at"):
        export(networks, stations.reflectance)
