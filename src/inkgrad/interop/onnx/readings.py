"""Readings: what becomes of each operation of ONNX, in one table; most are a layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from inkgrad.interop.onnx.graph_reader import Walk, no_layer
from inkgrad.interop.onnx.image_readings import convolution, group_norm, pool, transpose
from inkgrad.interop.onnx.row_readings import flatten, gemm, layer_norm, matmul, reshape
from inkgrad.interop.onnx.sketch import Node
from inkgrad.layers import (
    ELU,
    GELU,
    AveragePool2D,
    Layer,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)

Reading = Callable[[Walk, Node], None]


def activation(walk: Walk, node: Node, make: Callable[..., Layer], **names: tuple[str, float]) -> None:
    """Add an elementwise layer; `names` are its settings with their name in ONNX and the default there."""
    settings = {ours: float(node.settings.get(theirs, default)) for ours, (theirs, default) in names.items()}
    walk.add(make(**settings))
    walk.step(node)


def nothing(walk: Walk, node: Node) -> None:
    """Go past a node that changes nothing; a Dropout, unless it is told to be random."""
    if len(node.inputs) > 2 and walk.constant(node, 2).any():
        raise no_layer(node, "it is random")
    walk.step(node)


def softmax(walk: Walk, node: Node) -> None:
    """Add Softmax; LogSoftmax has the same probabilities, so it is read only where it ends the graph."""
    axis = node.settings.get("axis", -1 if walk.graph.opset >= 13 else 1)
    if len(walk.shape) == 3 and axis in (1, -3) and walk.graph.opset >= 13:
        walk.hold_images(node, channels_first=True)
    elif axis in (-1, len(walk.shape)) and (walk.graph.opset >= 13 or len(walk.shape) == 1):
        walk.hold_rows(node)
    else:
        raise no_layer(node, f"its axis is {axis}")
    walk.step(node)
    if node.op == "LogSoftmax" and walk.takers(walk.value):
        raise no_layer(node)
    walk.add(Softmax())


def gelu(walk: Walk, node: Node) -> None:
    """Add GELU."""
    if node.settings.get("approximate", "none") != "tanh":
        raise no_layer(node, "GELU has its tanh form here: export it with approximate='tanh'")
    activation(walk, node, GELU)


def swish(walk: Walk, node: Node) -> None:
    """Add SiLU."""
    if node.settings.get("alpha", 1) != 1:
        raise no_layer(node, "SiLU has the factor 1")
    activation(walk, node, SiLU)


# What stands before the network.


def unsqueeze(walk: Walk, node: Node) -> None:
    """Give images without an axis for their one channel that axis."""
    axes = node.settings["axes"] if "axes" in node.settings else walk.constant(node, 1).reshape(-1).tolist()
    if walk.layers or len(walk.shape) != 2 or axes not in ([1], [3], [-1]):
        raise no_layer(node, "it should give images without an axis for their channel one")
    walk.add_channel(axes[0])
    walk.step(node)


def cast(walk: Walk, node: Node) -> None:
    """Make numbers in [0, 1] of bytes: a model here does that by itself."""
    divided = walk.takers(node.outputs[0])
    if walk.value != walk.graph.input or walk.graph.input_type != "uint8" or len(divided) != 1:
        raise no_layer(node)
    (division,) = divided
    if (
        division.op != "Div"
        or division.inputs[0] != node.outputs[0]
        or walk.constant(division, 1).tolist() not in (255, [255])
    ):
        raise no_layer(division, "bytes should be divided by 255 and by nothing else")
    walk.step(node, division)


READINGS: Mapping[str, Reading] = {
    "AveragePool": partial(pool, make=AveragePool2D),
    "Cast": cast,
    "Conv": convolution,
    "Dropout": nothing,
    "Elu": partial(activation, make=ELU, alpha=("alpha", 1.0)),
    "Flatten": flatten,
    "Gelu": gelu,
    "Gemm": gemm,
    "GroupNormalization": group_norm,
    "Identity": nothing,
    "InstanceNormalization": group_norm,
    "LayerNormalization": layer_norm,
    "LeakyRelu": partial(activation, make=LeakyReLU, leak=("alpha", 0.01)),
    "LogSoftmax": softmax,
    "MatMul": matmul,
    "MaxPool": partial(pool, make=MaxPool2D),
    "Relu": partial(activation, make=ReLU),
    "Reshape": reshape,
    "Sigmoid": partial(activation, make=Sigmoid),
    "Softmax": softmax,
    "Softplus": partial(activation, make=Softplus),
    "Swish": swish,
    "Tanh": partial(activation, make=Tanh),
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
}
