"""Model files of others: what is no network is refused before it is run."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lunarcloud.errors import InputError
from lunarcloud.models import predict, session
from lunarcloud.models.admission import MOST_BYTES, OPERATORS, require_runnable
from lunarcloud.models.graph import Networks, plain_graph, product_graph

WEIGHTS = numpy_helper.from_array(np.ones((5, 2), np.float32), "weights")
ROWS = numpy_helper.from_array(np.ones((5, 5), np.float32), "square")


def _model(nodes: Sequence[onnx.NodeProto], domain: str = "", pixels: Any = "N", bands: Any = 5) -> bytes:
    """A model from reflectance (pixels, bands) to oxides (pixels, 2)."""
    graph = helper.make_graph(
        list(nodes),
        "planted",
        [helper.make_tensor_value_info("reflectance", TensorProto.FLOAT, [pixels, bands])],
        [helper.make_tensor_value_info("oxides", TensorProto.FLOAT, [pixels, 2])],
        [WEIGHTS, ROWS],
    )
    opsets = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    made: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return made


def _node(operator: str, *inputs: str, output: str = "oxides", **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(operator, list(inputs), [output], name=operator, **attributes)


LAYER = _node("MatMul", "reflectance", "weights")


def _loop() -> bytes:
    body = helper.make_graph([], "body", [], [])
    return _model([_node("Loop", "reflectance", "weights", body=body)])


def _hidden_graph() -> bytes:
    body = helper.make_graph([], "body", [], [])
    return _model([_node("Identity", "reflectance", output="same", body=body), LAYER])


def _constant_of_32_gib() -> bytes:
    shape = helper.make_tensor("shape", TensorProto.INT64, [1], [1 << 33])
    return _model([_node("Constant", output="size", value=shape), _node("ConstantOfShape", "size"), LAYER])


def _doubled(times: int) -> bytes:
    """Layers that grow with each step, though the file does not."""
    names = ["reflectance", *(f"twice_{step}" for step in range(times))]
    steps = [_node("Concat", one, one, output=two, axis=1) for one, two in pairwise(names)]
    return _model([*steps, LAYER])


def _among_themselves() -> bytes:
    """Layers that grow with the fourth power of the pixels."""
    row = helper.make_tensor("row", TensorProto.INT64, [2], [1, -1])
    return _model(
        [
            _node("Transpose", "reflectance", output="turned", perm=[1, 0]),
            _node("MatMul", "reflectance", "turned", output="pairs"),
            _node("Constant", output="shape", value=row),
            _node("Reshape", "pairs", "shape", output="one"),
            _node("Transpose", "one", output="other", perm=[1, 0]),
            _node("MatMul", "other", "one", output="fours"),
            LAYER,
        ]
    )


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "the file is empty"),
    "text": (lambda: b"<html>not found</html>", "no ONNX model, or damaged"),
    "another message": (lambda: WEIGHTS.SerializeToString(), "this model file is not run"),
    "too large": (lambda: bytes(MOST_BYTES + 1), "64 MiB are more than 64"),
    "no nodes": (lambda: _model([]), "0 nodes; 1 to"),
    "a loop": (_loop, "operators Loop; run are"),
    "a graph in a node": (_hidden_graph, "node 'Identity' holds a graph"),
    "an if": (lambda: _model([_node("If", "reflectance")]), "operators If"),
    "a scan": (lambda: _model([_node("Scan", "reflectance")]), "operators Scan"),
    "an operator of others": (lambda: _model([LAYER], domain="evil.ops"), "operators of evil.ops"),
    "a large constant": (_constant_of_32_gib, "operators ConstantOfShape"),
    "growing layers": (lambda: _doubled(30), "numbers a pixel in its layers"),
    "pixels times pixels": (_among_themselves, "numbers a pixel in its layers"),
    "a fixed number of pixels": (lambda: _model([LAYER], pixels=1), "any number of pixels"),
    "bands unknown": (lambda: _model([LAYER], bands="bands"), "any number of pixels"),
    "an edge to nowhere": (lambda: _model([_node("MatMul", "reflectance", "lost")]), "damaged"),
    "shapes that do not fit": (lambda: _model([_node("MatMul", "weights", "reflectance")]), "damaged"),
    "another answer": (lambda: _model([_node("MatMul", "reflectance", "square")]), "damaged|answers"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_network_is_refused_before_a_session_is_made(kind: str) -> None:
    made, message = REFUSED[kind]
    with pytest.raises(InputError, match=message):
        require_runnable(made())
    with pytest.raises(InputError, match=message):
        session(made())


def test_data_in_another_file_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(np.ones((5, 2), np.float32).tobytes())
    model = onnx.load_from_string(_model([LAYER]))
    weights = model.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    entry = weights.external_data.add()
    entry.key, entry.value = "location", str(tmp_path / "secret")
    with pytest.raises(InputError, match="the data of 'weights' are in another file"):
        session(model.SerializeToString())


@pytest.mark.parametrize("above", ["reflectance", "nothing"])
def test_networks_that_answer_with_infinity_or_nan_are_refused(above: str) -> None:
    nothing = _node("Sub", "reflectance", "reflectance", output="nothing")
    ratio = _node("Div", above, "nothing", output="ratio")
    with pytest.raises(InputError, match="16 of 16 plausible spectra with"):
        session(_model([nothing, ratio, _node("MatMul", "ratio", "weights")]))


def test_our_own_graphs_and_a_plain_export_are_run(networks: Networks) -> None:
    for made in (product_graph(networks, {}), plain_graph(networks), _model([LAYER])):
        assert {node.op_type for node in onnx.load_from_string(made).graph.node} <= OPERATORS
        assert predict(session(made), np.full((3, 5), 0.1, np.float32)).shape[0] == 3


def test_no_damaged_file_ends_in_another_error(networks: Networks) -> None:
    whole, random = product_graph(networks, {}), np.random.default_rng(2)
    cuts = [whole[:length] for length in random.integers(0, len(whole), 20)]
    flipped = []
    for place in random.integers(0, 6000, 40):
        changed = bytearray(whole)
        changed[place] ^= 1 << int(random.integers(8))
        flipped.append(bytes(changed))
    refused = 0
    for data in (*cuts, *flipped):
        try:
            session(data)
        except InputError:
            refused += 1
    assert refused > len(cuts) / 2
