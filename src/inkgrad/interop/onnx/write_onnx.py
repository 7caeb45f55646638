"""to_onnx: a model as an ONNX file, compared with the plain layers by the runtime that most use."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np

from inkgrad.errors import SettingError
from inkgrad.extras import extra
from inkgrad.interop.onnx.sketch import INPUT, OUTPUT, Sketch
from inkgrad.interop.onnx.translations import draw, draw_probabilities
from inkgrad.layout import Layout
from inkgrad.models import Model
from inkgrad.saving import METADATA_KEY, FileKind
from inkgrad.training import Plain

OPSET = 17  # of 2022, the first with LayerNormalization: what runs ONNX today runs it
N_COMPARED = 64  # inputs, unless told otherwise
ONNX_KIND = FileKind("inkgrad onnx")


@dataclass(frozen=True)
class GraphInput:
    """What the graph takes: the type of its numbers, by its name in NumPy, and the shape of one input."""

    dtype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        numbers = "0..255" if self.dtype == "uint8" else "in [0, 1]" if len(self.shape) == 3 else "numbers"
        return f"{INPUT!r}, {self.dtype} {told(self.shape)}, {numbers}"


def told(shape: tuple[int, ...]) -> str:
    """Return the shape of N inputs or outputs in words, for that of one."""
    return f"({', '.join(['N', *map(str, shape)])})"


def to_onnx(model: Model, preprocessing: bool = False) -> bytes:
    """Return the model as the bytes of an ONNX file that gives the same probabilities.

    Input     "images", float32 (N, *input_shape), pixels in [0, 1] with 0 for paper; with `preprocessing`,
              for images, uint8 in 0..255, (N, height, width) for those of one channel.
    Output    "probabilities", float32 (N, K), what Model.probabilities returns: the Softmax that is part of
              SoftmaxCrossEntropy stands in the graph.  Of a model of lines it is (N, T, K), for lines of the width
              of its input_shape.

    N is free.  The opset is 17.  Parameters have their paths for names ("1.W"), and are float32.  The metadata
    hold "labels", a JSON list, and "inkgrad", the header of the model, by which from_onnx reads back the
    same model.  https://onnx.ai/onnx/repo-docs/IR.html describes the format.

    Raises SettingError when the package onnx is not installed, for a layer without a translation, for
    parameters too large for float32, for `preprocessing` where the inputs are not images, and for more than 2 GB;
    ModelFileError for layers whose settings cannot be described.
    """
    import inkgrad

    with extra("onnx", "ONNX files need"):
        import onnx
    header = json.dumps(ONNX_KIND.marked(model.header()), allow_nan=False)
    taken = input_of(model, preprocessing)
    whole = onnx.helper.make_model(
        _as_graph(onnx, _drawn(model, taken), taken, output_shape_of(model)),
        ir_version=8,  # of the same year
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        producer_name="inkgrad",
        producer_version=inkgrad.__version__,
        doc_string=f"{model.network}\nInput {taken}. Output {OUTPUT!r}, {told(output_shape_of(model))}, "
        "one for each label; the labels are in the metadata.",
    )
    onnx.helper.set_model_props(whole, {"labels": json.dumps(list(model.labels)), METADATA_KEY: header})
    raw: bytes = whole.SerializeToString(deterministic=True)
    return raw


def has_onnx() -> bool:
    """Return whether the package onnx is installed, without importing it."""
    return find_spec("onnx") is not None


def input_of(model: Model, preprocessing: bool = False) -> GraphInput:
    """Return what the graph of a model takes.

    Raises SettingError for `preprocessing` where the inputs are not images.
    """
    if not preprocessing:
        return GraphInput("float32", model.input_shape)
    if len(model.input_shape) != 3:
        raise SettingError(
            f"preprocessing makes numbers of images, but this model takes inputs of shape {model.input_shape}"
        )
    height, width, channels = model.input_shape
    return GraphInput("uint8", (height, width) if channels == 1 else model.input_shape)


def output_shape_of(model: Model) -> tuple[int, ...]:
    """Return the shape of the probabilities of one input: (K,), or (T, K) of a line."""
    return model.network.output_shape(model.input_shape)


def _drawn(model: Model, taken: GraphInput) -> Sketch:
    """Return the whole graph; its last value is OUTPUT."""
    if model.theta.size > 500_000_000:
        raise SettingError(f"ONNX files hold at most 2 GB, and this model has {model.theta.size} parameters")
    sketch = Sketch(INPUT, model.input_shape)
    if taken.dtype == "uint8":
        with sketch.inside("preprocessing"):
            _draw_preprocessing(sketch, one_channel=len(taken.shape) == 2)
    draw(model.network, Layout(model.network.shapes()).views(model.theta), sketch)
    draw_probabilities(model.cost, sketch)
    last = sketch.x()
    if last == INPUT:
        last = sketch.node("Identity", last)
    sketch.nodes = [replace(node, inputs=_renamed(node.inputs, last), outputs=_renamed(node.outputs, last))
                    for node in sketch.nodes]  # fmt: skip
    return sketch


def _draw_preprocessing(sketch: Sketch, one_channel: bool) -> None:
    x = sketch.node("Cast", sketch.x(), to=1)  # TensorProto.FLOAT
    x = sketch.node("Div", x, sketch.array("full", np.float32(255)))
    if one_channel:
        x = sketch.node("Unsqueeze", x, sketch.array("axis", [3]))
    sketch.move_on(x, sketch.shape)


def _renamed(names: tuple[str, ...], last: str) -> tuple[str, ...]:
    return tuple(OUTPUT if name == last else name for name in names)


def _as_graph(onnx: Any, sketch: Sketch, taken: GraphInput, output_shape: tuple[int, ...]) -> Any:
    """Return the sketch as a GraphProto."""
    helper, kinds = onnx.helper, {"float32": onnx.TensorProto.FLOAT, "uint8": onnx.TensorProto.UINT8}
    nodes = [helper.make_node(node.op, node.inputs, node.outputs, name=node.name, **node.settings)
             for node in sketch.nodes]  # fmt: skip
    return helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info(INPUT, kinds[taken.dtype], ["N", *taken.shape])],
        [helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, ["N", *output_shape])],
        [onnx.numpy_helper.from_array(array, name) for name, array in sketch.arrays.items()],
    )


def largest_difference(model: Model, raw: bytes, preprocessing: bool = False, n: int = N_COMPARED) -> float | None:
    """Return the largest |difference| of probabilities between an ONNX file in onnxruntime and the plain layers.

    It is that of n random inputs, and None where onnxruntime is not installed.  It is NaN where one of
    them is, so compare as `difference <= tolerance`.
    """
    try:
        import onnxruntime  # type: ignore[import-untyped]
    except ModuleNotFoundError:
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])
    taken, rng = input_of(model, preprocessing), np.random.default_rng(0)
    shape = (n, *taken.shape)
    x = rng.integers(0, 256, shape, np.uint8) if preprocessing else rng.random(shape, np.float32)
    (found,) = session.run([OUTPUT], {INPUT: x})
    return float(np.abs(found - replace(model, engine=Plain()).probabilities(x)).max())
