"""The networks as an ONNX graph: raw reflectance (N, band) in, oxides in wt% (N, oxide) out.

The product's form lays the pixels along the width of one image of one channel, whose rows are the six
inputs: (1, 1, 6, N). The paper's Conv1D layers are then convolutions with a 2 x 1 kernel and the dense
layers convolutions over what is left of the height, all networks side by side as groups. onnxruntime
runs these with its blocked direct kernels, each N pixels wide, instead of N tiny images: about 7 times
the speed of the plain form and 88 % of the core's matrix-product rate (``benchmarks/cnn.py``).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from lunarcloud.models.equations import Equations
from lunarcloud.models.inputs import Standard, maturity_terms
from lunarcloud.models.network import FILTERS, HIDDEN, KERNEL, POOL, Weights, pooled_positions, take

# Old enough for every onnxruntime that pyproject allows; onnx itself would write its own newest versions.
_OPSET = 17
_IR_VERSION = 8

Array = npt.NDArray[np.generic]


class Networks(NamedTuple):
    """Trained networks of all oxides, as they are mapped with."""

    oxides: tuple[str, ...]
    weights: Weights  #: (oxide x seed, ...), the seeds of an oxide next to each other
    inputs: Standard  #: of the reflectances and OMAT
    targets: Standard  #: of the oxides, wt%
    equations: Equations  #: their iron origin gives OMAT

    @property
    def seeds(self) -> int:
        """Networks averaged for each oxide."""
        return len(self.weights.output) // len(self.oxides)


class _Graph:
    """Nodes and constants of a graph under construction."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: Array) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        name = output or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def convolution(self, data: str, kernel: Array, bias: Array, *, groups: int = 1) -> str:
        """Add a Conv node; its output's name.

        Parameters
        ----------
        data : str
            Name of the input, (image, channel, height, width) or (image, channel, width).
        kernel : ndarray, float32
            (output channel, input channel of a group, then the window).
        bias : ndarray, float32, shape (output channel,)
            Added to every position.
        groups : int
            Equal parts of the channels that do not see each other, in the order of the channels.
        """
        return self.add(
            "Conv",
            data,
            self.constant(kernel),
            self.constant(bias),
            kernel_shape=list(kernel.shape[2:]),
            group=groups,
        )


def product_graph(networks: Networks, metadata: dict[str, str]) -> bytes:
    """The model file: all networks in the form that onnxruntime runs fastest.

    Parameters
    ----------
    networks : Networks
        What was trained.
    metadata : dict
        Text stored in the file (model id, units, wavelengths ...).

    Returns
    -------
    bytes
        A serialised ONNX model, checked and shape-inferred. Input ``reflectance`` (N, band) float32,
        output ``oxides`` (N, oxide) float32 in wt%, not limited to 0..100. A pixel with a missing (NaN)
        or zero reflectance gives a meaningless number: mask it.
    """
    graph, weights = _Graph(), networks.weights
    n_networks, n_oxides = len(weights.output), len(networks.oxides)
    inputs = graph.add("Cast", _standardised(graph, networks), to=TensorProto.FLOAT)
    # (input, N) -> (1, 1, input, N): one image, one channel, inputs down, pixels across.
    image = graph.add("Unsqueeze", inputs, graph.constant(np.array([0, 1])))
    # No groups: the first layer of every network reads the same channel. What it makes is (network, filter)
    # along the channels, and that is the order in which groups are counted from here on.
    conv1 = graph.convolution(image, weights.conv1.reshape(-1, 1, KERNEL, 1), weights.conv1_bias.ravel())
    conv2 = graph.convolution(
        graph.add("Relu", conv1),
        _by_filter(weights.conv2, KERNEL),
        weights.conv2_bias.ravel(),
        groups=n_networks,
    )
    # Without padding, as in the paper: an odd position at the end is dropped (heights 6, 5, 4, 2).
    pooled = graph.add("MaxPool", graph.add("Relu", conv2), kernel_shape=[POOL, 1], strides=[POOL, 1])
    # A window as high as what is left sees all of it, so this convolution is the dense layer.
    positions = pooled_positions(len(networks.inputs.mean))
    dense = graph.convolution(
        pooled, _by_filter(weights.dense, positions), weights.dense_bias.ravel(), groups=n_networks
    )
    # Every oxide is the mean of its own networks' outputs: one convolution over all hidden units.
    # mixing (oxide, network) is 1 / seeds where the network is one of the oxide's, which lie side by side.
    mixing = np.repeat(np.eye(n_oxides, dtype=np.float32), networks.seeds, axis=1) / networks.seeds
    kernel = (mixing[:, :, None] * weights.output[:, 0][None]).reshape(n_oxides, -1, 1, 1)
    scores = graph.convolution(
        graph.add("Relu", dense), kernel.astype(np.float32), mixing @ weights.output_bias.ravel()
    )
    # (1, oxide, 1, N) -> (oxide, N): the height is 1 since the dense layer.
    squeezed = graph.add("Squeeze", scores, graph.constant(np.array([0, 2])))
    return _model(graph, _oxides(graph, squeezed, networks.targets), networks, metadata)


def plain_graph(networks: Networks) -> bytes:
    """The same networks as a framework exports them: each pixel an image, Conv and Gemm layers.

    Kept to check the product's form against, and as the peer in benchmarks.
    """
    graph = _Graph()
    rows = graph.add("Cast", _standardised(graph, networks), to=TensorProto.FLOAT)
    # (input, N) -> (N, 1, input): N images of one channel.
    image = graph.add("Unsqueeze", graph.add("Transpose", rows, perm=[1, 0]), graph.constant(np.array([1])))
    answers = [
        _plain_network(graph, image, take(networks.weights, index))
        for index in range(len(networks.weights.output))
    ]
    means = [
        graph.add("Mean", *answers[first : first + networks.seeds])
        for first in range(0, len(answers), networks.seeds)
    ]
    scores = graph.add("Transpose", graph.add("Concat", *means, axis=1), perm=[1, 0])
    return _model(graph, _oxides(graph, scores, networks.targets), networks, {})


def _plain_network(graph: _Graph, image: str, weights: Weights) -> str:
    positions = weights.dense.shape[1] // FILTERS
    conv1 = graph.convolution(image, weights.conv1[:, None], weights.conv1_bias)
    conv2 = graph.convolution(
        graph.add("Relu", conv1), _by_filter(weights.conv2, KERNEL)[..., 0], weights.conv2_bias
    )
    pooled = graph.add("MaxPool", graph.add("Relu", conv2), kernel_shape=[POOL], strides=[POOL])
    flat = graph.add("Flatten", pooled)
    # Flatten runs over (filter, position); the weights over (position, filter).
    kernel = weights.dense.reshape(HIDDEN, positions, FILTERS).transpose(0, 2, 1).reshape(HIDDEN, -1)
    hidden = graph.add("Gemm", flat, graph.constant(kernel), graph.constant(weights.dense_bias), transB=1)
    return graph.add(
        "Gemm",
        graph.add("Relu", hidden),
        graph.constant(weights.output),
        graph.constant(weights.output_bias),
        transB=1,
    )


def _by_filter(kernels: npt.NDArray[np.float32], positions: int) -> npt.NDArray[np.float32]:
    """Kernels (network, out, position x filter) as ONNX wants them: (network x out, filter, position, 1)."""
    return kernels.reshape(-1, positions, FILTERS).transpose(0, 2, 1)[..., None]


def _standardised(graph: _Graph, networks: Networks) -> str:
    """Rows of reflectances and OMAT, z-scored: (input, N) in double precision.

    The band ratio's distance from the origin is a small difference of numbers near 1. In single
    precision its rounding alone would reach the mapped oxides; in double it costs nothing to speak of.
    """
    reflectance = graph.add("Cast", "reflectance", to=TensorProto.DOUBLE)
    bands = graph.add("Transpose", reflectance, perm=[1, 0])
    # OMAT last, as in training (`inputs.network_inputs`): a convolution sees neighbours, so the order counts.
    rows = graph.add("Concat", bands, _omat(graph, bands, networks.equations), axis=0)
    centred = graph.add("Sub", rows, _column(graph, networks.inputs.mean))
    return graph.add("Div", centred, _column(graph, networks.inputs.deviation))


def _omat(graph: _Graph, bands: str, equations: Equations) -> str:
    iron, i750, i950 = maturity_terms(equations)
    # An index of one element keeps its axis: (1, N), a row that can stand beneath the bands.
    r750 = graph.add("Gather", bands, graph.constant(np.array([i750])), axis=0)
    r950 = graph.add("Gather", bands, graph.constant(np.array([i950])), axis=0)
    dx = graph.add("Sub", r750, graph.constant(np.array(iron.x0)))
    dy = graph.add("Sub", graph.add("Div", r950, r750), graph.constant(np.array(iron.y0)))
    return graph.add("Sqrt", graph.add("Add", graph.add("Mul", dx, dx), graph.add("Mul", dy, dy)))


def _oxides(graph: _Graph, scores: str, targets: Standard) -> str:
    """Scores (oxide, N) as wt% (N, oxide) float32."""
    double = graph.add("Cast", scores, to=TensorProto.DOUBLE)
    spread = graph.add("Mul", double, _column(graph, targets.deviation))
    weight = graph.add("Add", spread, _column(graph, targets.mean))
    single = graph.add("Cast", weight, to=TensorProto.FLOAT)
    return graph.add("Transpose", single, perm=[1, 0], output="oxides")


def _column(graph: _Graph, values: Sequence[float]) -> str:
    return graph.constant(np.array(values, dtype=np.float64)[:, None])


def _model(graph: _Graph, output: str, networks: Networks, metadata: dict[str, str]) -> bytes:
    n_bands = len(networks.equations.wavelengths_nm)
    proto = helper.make_graph(
        graph.nodes,
        "lunar_oxides",
        [helper.make_tensor_value_info("reflectance", TensorProto.FLOAT, ["N", n_bands])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", len(networks.oxides)])],
        graph.constants,
    )
    model = helper.make_model(
        proto,
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="lunarcloud",
    )
    # Sorted, and serialised in a fixed order below: the file's digest is part of the card, and so of every id
    # made from the model.
    helper.set_model_props(model, dict(sorted(metadata.items())))
    model = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    onnx.checker.check_model(model, full_check=True)
    serialised: bytes = model.SerializeToString(deterministic=True)
    return serialised
