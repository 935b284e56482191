"""Whether a model file may be run: networks of known layers and bounded size, complete in themselves.

onnxruntime runs whatever a file says: loops without end, constants of any size, code and data of other files.
So a file is looked at before a session is made of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from lunarcloud.errors import InputError

if TYPE_CHECKING:  # slow to import, and models without networks do not need it
    import onnx

_OURS = (
    "Add Cast Concat Conv Div Flatten Gather Gemm MaxPool Mean Mul Relu Sqrt Squeeze Sub Transpose Unsqueeze"
)
_OTHERS = (
    "Abs AveragePool BatchNormalization Clip Constant Dropout Elu Exp GlobalAveragePool Identity LeakyRelu "
    "Log MatMul Max Min Neg PRelu Pow ReduceMean ReduceSum Reshape Selu Shape Sigmoid Slice Softplus Sum Tanh"
)
#: What our own graphs are made of, and the layers that other frameworks write of such networks.
OPERATORS = frozenset(f"{_OURS} {_OTHERS}".split())
#: The only input, and the type of both ends.
INPUT = "reflectance"
#: Five oxides of 20 networks each are 3 MB, and 900 nodes in the plain form.
MOST_BYTES = 64 << 20
MOST_NODES = 20_000
#: Numbers of all layers together for one pixel; a hundred networks of the paper's have 80 000.
MOST_VALUES = 1 << 20
# Pixels that sizes are worked out for: as many as a call has, so that none grows faster than they.
_PIXELS = 1024
_MOST_BANDS = 1024


def require_runnable(data: bytes) -> None:
    """Refuse a model file that is none, or more than networks from reflectances to oxides.

    Parameters
    ----------
    data : bytes
        Of the file.

    Raises
    ------
    InputError
        With what is wrong: no ONNX, damaged, too large, with operators of others or other than layers,
        control flow, data in further files, more than one input or output, or shapes that are not known.
    """
    # Slow to import, and models without networks do not need it.
    import onnx

    if not data:
        raise _refused("the file is empty")
    if len(data) > MOST_BYTES:
        raise _refused(f"{len(data) >> 20} MiB are more than {MOST_BYTES >> 20}")
    try:
        model = onnx.load_from_string(data)
        _require_layers(model)
        onnx.checker.check_model(model)
        _require_bounded(_inferred(model))
    except InputError:
        raise
    # Of protobuf, of the checker and of its shapes; none has a base of its own.
    except Exception as error:
        raise _refused(f"no ONNX model, or damaged ({str(error).strip()[:300]})") from error


def _require_layers(model: onnx.ModelProto) -> None:
    graph = model.graph
    if not graph.node or len(graph.node) > MOST_NODES:
        raise _refused(f"{len(graph.node)} nodes; 1 to {MOST_NODES} are run")
    if model.functions or graph.sparse_initializer or model.training_info:
        raise _refused("it brings functions, sparse weights or steps of training; layers alone are run")
    foreign = {each.domain for each in (*model.opset_import, *graph.node)} - {"", "ai.onnx"}
    if foreign:
        raise _refused(f"operators of {', '.join(sorted(foreign))}; those of ONNX alone are run")
    unknown = {node.op_type for node in graph.node} - OPERATORS
    if unknown:
        raise _refused(f"operators {', '.join(sorted(unknown))}; run are {', '.join(sorted(OPERATORS))}")
    _require_own_data(_tensors(graph))
    _require_ends(graph)


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """Every tensor that the file holds; refuses nodes that hold graphs."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g") or attribute.graphs or attribute.ref_attr_name:
                raise _refused(f"node {node.name!r} holds a graph; none is run")
            if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
                raise _refused(f"node {node.name!r} holds a sparse tensor; none is run")
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors


def _require_own_data(tensors: Iterable[onnx.TensorProto]) -> None:
    for tensor in tensors:
        if tensor.data_location or tensor.external_data:
            raise _refused(f"the data of {tensor.name!r} are in another file; export it as one file")
        if math.prod(tensor.dims) > MOST_BYTES:
            raise _refused(f"{tensor.name!r} has shape {tuple(tensor.dims)}, larger than the file may be")


def _require_ends(graph: onnx.GraphProto) -> None:
    """One input of (any number of pixels, bands) and one output."""
    weights = {each.name for each in graph.initializer}
    inputs = [each for each in graph.input if each.name not in weights]
    if [each.name for each in inputs] != [INPUT] or len(graph.output) != 1:
        names = ", ".join(each.name for each in inputs) or "none"
        raise _refused(f"inputs {names} and {len(graph.output)} outputs; {INPUT} and one output are needed")
    float32 = 1
    for end in (inputs[0], graph.output[0]):
        kind = end.type.tensor_type
        if kind.elem_type != float32 or len(kind.shape.dim) != 2:
            raise _refused(f"{end.name!r} is not of float32 in two dimensions")
        if kind.shape.dim[0].HasField("dim_value") or not 0 < kind.shape.dim[1].dim_value <= _MOST_BANDS:
            raise _refused(f"{end.name!r} is not (any number of pixels, so many numbers of each)")


def _inferred(model: onnx.ModelProto) -> onnx.GraphProto:
    """The graph with the shapes of all layers for a call's pixels, whatever the file says of them."""
    import onnx

    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    del whole.graph.value_info[:]
    whole.graph.output[0].type.tensor_type.shape.dim[0].Clear()
    for each in whole.graph.input:
        if each.name == INPUT:
            each.type.tensor_type.shape.dim[0].dim_value = _PIXELS
    return onnx.shape_inference.infer_shapes(whole, strict_mode=True, data_prop=True).graph


def _require_bounded(graph: onnx.GraphProto) -> None:
    """Refuse layers whose size is not known beforehand, or too large."""
    known = {
        value.name: [
            dim.dim_value if dim.HasField("dim_value") else -1 for dim in value.type.tensor_type.shape.dim
        ]
        for value in (*graph.value_info, *graph.output)
        if value.type.tensor_type.HasField("shape")
    }
    made = [name for node in graph.node for name in node.output if name]
    unknown = [name for name in made if min(known.get(name, [-1]), default=1) < 0]
    if unknown:
        raise _refused(f"the shape of {unknown[0]!r} depends on more than the number of pixels")
    values = sum(math.prod(known[name]) for name in made)
    if values > MOST_VALUES * _PIXELS:
        raise _refused(f"{values // _PIXELS} numbers a pixel in its layers; up to {MOST_VALUES} are run")
    output = known[graph.output[0].name]
    if output[:1] != [_PIXELS] or len(output) != 2:
        raise _refused(f"it answers {_PIXELS} spectra with shape {tuple(output)}")


def _refused(why: str) -> InputError:
    return InputError(f"this model file is not run: {why}")
