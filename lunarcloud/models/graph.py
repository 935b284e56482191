"""Networks as ONNX graphs: raw reflectance (N, band) in, columns of wt% (N, column) out.

The product's form lays the pixels along the width of one image of one channel, whose rows are the six
inputs: (1, 1, 6, N). The paper's Conv1D layers are then convolutions with a 2 x 1 kernel and the dense
layers convolutions over what is left of the height, all networks side by side as groups. onnxruntime
runs these with its blocked direct kernels, each N pixels wide, instead of N tiny images: about 7 times
the speed of the plain form and 88 % of the core's matrix-product rate (``benchmarks/cnn.py``). The
perceptrons that stand for an ensemble (`perceptron_graph`) are laid the same way.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
import onnx.utils
from onnx import TensorProto, helper, numpy_helper

from lunarcloud.errors import InputError
from lunarcloud.models.admission import INPUT
from lunarcloud.models.equations import Equations
from lunarcloud.models.inputs import Standard, maturity_terms
from lunarcloud.models.network import FILTERS, HIDDEN, KERNEL, POOL, Weights, pooled_positions, take

# Old enough for every onnxruntime that pyproject allows; onnx itself would write its own newest versions.
_OPSET = 17
_IR_VERSION = 8
_OUTPUT = "oxides"
_LARGEST = np.array(math.log(1000.0), np.float32)

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
        """Networks of each oxide."""
        return len(self.weights.output) // len(self.oxides)

    def of_seed(self, place: int) -> "Networks":
        """The networks of one seed alone, by its place among the seeds."""
        return self._replace(weights=take(self.weights, slice(place, None, self.seeds)))


class Perceptron(NamedTuple):
    """Dense layers with ReLU between them, which answer for many networks.

    The last layer sees the inputs too, beside the hidden units, so that these are left to what is not linear.
    Its outputs are z-scores: first of values, then of natural logarithms of values that are above 0.
    """

    kernels: tuple[npt.NDArray[np.float32], ...]  #: of each layer, (out, in); the last one's inputs come last
    biases: tuple[npt.NDArray[np.float32], ...]  #: of each layer, (out,)
    inputs: Standard  #: of the reflectances and OMAT
    values: Standard  #: of the outputs that are values
    logarithms: Standard  #: of those that are logarithms
    equations: Equations  #: their iron origin gives OMAT


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
        output ``oxides`` (N, seed x oxide) float32 in wt%, not limited to 0..100: all oxides of the first
        seed, then of the next. A pixel with a missing (NaN) or zero reflectance gives a meaningless number:
        mask it.
    """
    graph = _Graph()
    inputs = graph.add(
        "Cast", _standardised(graph, networks.inputs, networks.equations), to=TensorProto.FLOAT
    )
    # (input, N) -> (1, 1, input, N): one image, one channel, inputs down, pixels across.
    image = graph.add("Unsqueeze", inputs, graph.constant(np.array([0, 1])))
    each = [_of_seed(graph, image, networks, place) for place in range(networks.seeds)]
    columns = networks.seeds * len(networks.oxides)
    return _model(
        graph, graph.add("Concat", *each, axis=1, output=_OUTPUT), columns, networks.equations, metadata
    )


def of_seed(onnx_file: bytes, place: int) -> bytes:
    """The networks of one seed cut out of a model file.

    Parameters
    ----------
    onnx_file : bytes
        From `product_graph`.
    place : int
        Of the seed among the file's, from 0.

    Returns
    -------
    bytes
        A model file with the columns of this seed.

    Raises
    ------
    InputError
        If the networks of each seed are not apart in the file, as in one of another program.
    """
    whole, columns = onnx.load_from_string(onnx_file), f"seed_{place}"
    if not any(columns in node.output for node in whole.graph.node):
        raise InputError(
            f"this model file has no {columns}: it was not written by `fit`, and one seed cannot be taken "
            "out of it; map with all of them"
        )
    single = onnx.utils.Extractor(whole).extract_model([INPUT], [columns])
    serialised: bytes = single.SerializeToString(deterministic=True)
    return serialised


def _of_seed(graph: _Graph, image: str, networks: Networks, place: int) -> str:
    """The oxides (N, oxide) by the networks of one seed."""
    weights, n_oxides = networks.of_seed(place).weights, len(networks.oxides)
    # No groups: the first layer of every network reads the same channel. What it makes is (network, filter)
    # along the channels, and that is the order in which groups are counted from here on.
    conv1 = graph.convolution(image, weights.conv1.reshape(-1, 1, KERNEL, 1), weights.conv1_bias.ravel())
    conv2 = graph.convolution(
        graph.add("Relu", conv1),
        _by_filter(weights.conv2, KERNEL),
        weights.conv2_bias.ravel(),
        groups=n_oxides,
    )
    # Without padding, as in the paper: an odd position at the end is dropped (heights 6, 5, 4, 2).
    pooled = graph.add("MaxPool", graph.add("Relu", conv2), kernel_shape=[POOL, 1], strides=[POOL, 1])
    # A window as high as what is left sees all of it, so this convolution is the dense layer.
    positions = pooled_positions(len(networks.inputs.mean))
    dense = graph.convolution(
        pooled, _by_filter(weights.dense, positions), weights.dense_bias.ravel(), groups=n_oxides
    )
    # Zero but for a network's own hidden units: one convolution over all of them gives every oxide.
    own = np.eye(n_oxides, dtype=np.float32)[:, :, None] * weights.output[:, 0][None]
    scores = graph.convolution(
        graph.add("Relu", dense), own.reshape(n_oxides, -1, 1, 1), weights.output_bias.ravel()
    )
    # (1, oxide, 1, N) -> (oxide, N): the height is 1 since the dense layer.
    squeezed = graph.add("Squeeze", scores, graph.constant(np.array([0, 2])))
    return _pixels_first(graph, _unscored(graph, squeezed, networks.targets), output=f"seed_{place}")


def plain_graph(networks: Networks) -> bytes:
    """The same networks as a framework exports them: each pixel an image, Conv and Gemm layers.

    Kept to check the product's form against, and as the peer in benchmarks.
    """
    graph = _Graph()
    rows = graph.add("Cast", _standardised(graph, networks.inputs, networks.equations), to=TensorProto.FLOAT)
    # (input, N) -> (N, 1, input): N images of one channel.
    image = graph.add("Unsqueeze", graph.add("Transpose", rows, perm=[1, 0]), graph.constant(np.array([1])))
    # Trained oxide by oxide, answered seed by seed.
    order = np.arange(len(networks.weights.output)).reshape(-1, networks.seeds).T.ravel()
    answers = [_plain_network(graph, image, take(networks.weights, index)) for index in order]
    scores = graph.add("Transpose", graph.add("Concat", *answers, axis=1), perm=[1, 0])
    targets = Standard(
        mean=networks.targets.mean * networks.seeds, deviation=networks.targets.deviation * networks.seeds
    )
    oxides = _pixels_first(graph, _unscored(graph, scores, targets), output=_OUTPUT)
    return _model(graph, oxides, len(answers), networks.equations, {})


def perceptron_graph(perceptron: Perceptron, metadata: dict[str, str]) -> bytes:
    """The file of a perceptron, in the form that onnxruntime runs fastest.

    Parameters
    ----------
    perceptron : Perceptron
        What was trained.
    metadata : dict
        Text stored in the file.

    Returns
    -------
    bytes
        As of `product_graph`; the output ``oxides`` (N, column) has the values, then those that the network
        has logarithms of.
    """
    graph, n_values = _Graph(), len(perceptron.values.mean)
    centred = _centred(graph, perceptron)
    # (input, N) -> (1, input, 1, N): inputs are channels, and each layer is a convolution of single pixels.
    inputs = layer = graph.add("Unsqueeze", centred, graph.constant(np.array([0, 2])))
    (*hidden, last), biases = _from_centred(perceptron), perceptron.biases
    for kernel, bias in zip(hidden, biases, strict=False):
        layer = graph.add("Relu", graph.convolution(layer, kernel, bias))
    seen = graph.add("Concat", layer, inputs, axis=1)
    # Values and logarithms as they are, not as scores: the last layer multiplies anyway.
    mean, scale = (
        np.array(value + logarithm)
        for value, logarithm in zip(_both(perceptron.values), _both(perceptron.logarithms), strict=True)
    )
    kernel = (last * scale[:, None, None, None]).astype(np.float32)
    bias = (biases[-1] * scale + mean).astype(np.float32)
    # (1, column, 1, N) -> (column, N).
    answers = graph.add("Squeeze", graph.convolution(seen, kernel, bias), graph.constant(np.array([0, 2])))
    # Of spectra that no soil has a logarithm may be anything; what is far too large must still be a number.
    logarithms = graph.add("Clip", _rows(graph, answers, n_values, len(bias)), "", graph.constant(_LARGEST))
    above_0 = graph.add("Exp", logarithms)
    rows = graph.add("Concat", _rows(graph, answers, 0, n_values), above_0, axis=0) if n_values else above_0
    columns = _pixels_first(graph, rows, output=_OUTPUT)
    return _model(graph, columns, len(bias), perceptron.equations, metadata)


def _both(standard: Standard) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return standard.mean, standard.deviation


def _centred(graph: _Graph, perceptron: Perceptron) -> str:
    """Rows of reflectances and OMAT less their means, (input, N) in single precision."""
    bands = graph.add("Transpose", INPUT, perm=[1, 0])
    maturity = _omat(graph, graph.add("Cast", bands, to=TensorProto.DOUBLE), perceptron.equations)
    rows = graph.add("Concat", bands, graph.add("Cast", maturity, to=TensorProto.FLOAT), axis=0)
    means = np.array(perceptron.inputs.mean, np.float32)[:, None]
    return graph.add("Sub", rows, graph.constant(means))


def _from_centred(perceptron: Perceptron) -> list[npt.NDArray[np.float32]]:
    """The kernels (out, in, 1, 1), those that see the inputs with their division by the deviations."""
    kernels = [kernel.astype(np.float64) for kernel in perceptron.kernels]
    deviation = np.array(perceptron.inputs.deviation)
    kernels[0] = kernels[0] / deviation
    kernels[-1][:, -len(deviation) :] /= deviation
    return [kernel[:, :, None, None].astype(np.float32) for kernel in kernels]


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


def _standardised(graph: _Graph, inputs: Standard, equations: Equations) -> str:
    """Rows of reflectances and OMAT, z-scored: (input, N) in double precision.

    The band ratio's distance from the origin is a small difference of numbers near 1. In single
    precision its rounding alone would reach the mapped oxides; in double it costs nothing to speak of.
    """
    reflectance = graph.add("Cast", INPUT, to=TensorProto.DOUBLE)
    bands = graph.add("Transpose", reflectance, perm=[1, 0])
    # OMAT last, as in training (`inputs.network_inputs`): a convolution sees neighbours, so the order counts.
    rows = graph.add("Concat", bands, _omat(graph, bands, equations), axis=0)
    centred = graph.add("Sub", rows, _column(graph, inputs.mean))
    return graph.add("Div", centred, _column(graph, inputs.deviation))


def _omat(graph: _Graph, bands: str, equations: Equations) -> str:
    iron, i750, i950 = maturity_terms(equations)
    # An index of one element keeps its axis: (1, N), a row that can stand beneath the bands.
    r750 = graph.add("Gather", bands, graph.constant(np.array([i750])), axis=0)
    r950 = graph.add("Gather", bands, graph.constant(np.array([i950])), axis=0)
    dx = graph.add("Sub", r750, graph.constant(np.array(iron.x0)))
    dy = graph.add("Sub", graph.add("Div", r950, r750), graph.constant(np.array(iron.y0)))
    return graph.add("Sqrt", graph.add("Add", graph.add("Mul", dx, dx), graph.add("Mul", dy, dy)))


def _unscored(graph: _Graph, scores: str, targets: Standard) -> str:
    """The values of scores (row, N), float32."""
    double = graph.add("Cast", scores, to=TensorProto.DOUBLE)
    spread = graph.add("Mul", double, _column(graph, targets.deviation))
    weight = graph.add("Add", spread, _column(graph, targets.mean))
    return graph.add("Cast", weight, to=TensorProto.FLOAT)


def _rows(graph: _Graph, data: str, first: int, stop: int) -> str:
    bounds = (graph.constant(np.array([each])) for each in (first, stop, 0))
    return graph.add("Slice", data, *bounds)


def _pixels_first(graph: _Graph, rows: str, *, output: str) -> str:
    return graph.add("Transpose", rows, perm=[1, 0], output=output)


def _column(graph: _Graph, values: Sequence[float]) -> str:
    return graph.constant(np.array(values, dtype=np.float64)[:, None])


def _model(graph: _Graph, output: str, columns: int, equations: Equations, metadata: dict[str, str]) -> bytes:
    n_bands = len(equations.wavelengths_nm)
    proto = helper.make_graph(
        graph.nodes,
        "lunar_oxides",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", n_bands])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", columns])],
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
