"""Readings: what becomes of each operation of ONNX, in one table at the end; most are a layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import prod

import numpy as np

from inkgrad import layers as ours
from inkgrad.arrays import NDArray
from inkgrad.interop.onnx.graph_reader import GraphReader, no_layer, other_input
from inkgrad.interop.onnx.sketch import CHANNELS_FIRST, CHANNELS_LAST, Node
from inkgrad.layers import Layer

# Rows of numbers, and what makes them.


def gemm(reader: GraphReader, node: Node) -> None:
    """Add Dense."""
    settings = {"alpha": 1, "beta": 1, "transA": 0} | node.settings
    if (settings["alpha"], settings["beta"], settings["transA"]) != (1, 1, 0):
        raise no_layer(node, "its alpha and beta should be 1, and transA 0")
    weights = reader.parameter(node, 1)
    bias = reader.parameter(node, 2) if len(node.inputs) > 2 and node.inputs[2] else None
    reader.step(node)
    _dense(reader, node, weights.T if settings.get("transB") else weights, bias)


def matmul(reader: GraphReader, node: Node) -> None:
    """Add Dense, with the bias of an Add that follows."""
    weights, bias = reader.parameter(node, 1), None
    reader.step(node)
    following = reader.next("Add")
    if following is not None:
        bias = reader.parameter(following, other_input(following, reader.value))
        reader.step(following)
    _dense(reader, node, weights, bias)


def _dense(reader: GraphReader, node: Node, weights: NDArray, bias: NDArray | None) -> None:
    if weights.ndim != 2 or len(reader.shape) != 1:
        raise no_layer(node, f"it should multiply rows with a matrix, got {reader.shape} and {weights.shape}")
    n_in, n_out = weights.shape
    layer = ours.Dense(n_in, n_out)
    layer.output_shape(reader.shape)  # before the rows are put in order
    if bias is None:
        bias = np.zeros(n_out, weights.dtype)
    if bias.shape not in ((n_out,), (1, n_out)):
        raise no_layer(node, f"its bias should have the shape ({n_out},), got {bias.shape}")
    reader.add(layer, reader.untwisted(weights), bias.reshape(-1))
    reader.twisted = None


def layer_norm(reader: GraphReader, node: Node) -> None:
    """Add LayerNorm."""
    reader.hold_rows(node)
    if node.settings.get("axis", -1) not in (-1, len(reader.shape)):
        raise no_layer(node, "it should be over the last axis")
    gain = reader.parameter(node, 1)
    bias = reader.parameter(node, 2) if len(node.inputs) > 2 and node.inputs[2] else np.zeros(gain.shape, gain.dtype)
    layer = ours.LayerNorm(reader.shape[-1], float(node.settings.get("epsilon", 1e-5)))
    if gain.shape != (layer.n,):
        raise no_layer(node, f"its gain should have the shape ({layer.n},), got {gain.shape}")
    reader.add(layer, reader.untwisted(gain), reader.untwisted(bias))
    reader.step(node)


def flatten(reader: GraphReader, node: Node) -> None:
    """Add Flatten."""
    if node.op == "Flatten" and node.settings.get("axis", 1) != 1:
        raise no_layer(node, "its axis should be 1")
    reader.flatten()
    reader.add(ours.Flatten())
    reader.step(node)


def reshape(reader: GraphReader, node: Node) -> None:
    """Add Flatten, or GroupNorm where InstanceNormalization follows."""
    wanted, size = reader.constant(node, 1).tolist(), prod(reader.shape)
    if any(each.op == "InstanceNormalization" for each in reader.takers(node.outputs[0])):
        grouped(reader, node, wanted)
    elif isinstance(wanted, list) and len(wanted) == 2 and (wanted[1] == size or wanted == [0, -1]):
        flatten(reader, node)
    else:
        raise no_layer(node, f"it should make rows of images, got the shape {wanted}")


# Images, (N, channels, height, width).


def convolution(reader: GraphReader, node: Node) -> None:
    """Add Conv2D."""
    reader.hold_images(node, channels_first=True)
    weights = reader.parameter(node, 1)
    if weights.ndim != 4:
        raise no_layer(node, f"its weights should have four axes, got the shape {weights.shape}")
    c_out, c_in, *kernel = weights.shape
    strides = _strides(node, kernel)
    bias = reader.parameter(node, 2) if len(node.inputs) > 2 and node.inputs[2] else np.zeros(c_out, weights.dtype)
    layer = ours.Conv2D(c_in, c_out, (kernel[0], kernel[1]), strides, _padding(node, kernel, strides))
    reader.add(layer, np.transpose(weights, (2, 3, 1, 0)), bias)
    reader.step(node)


def _padding(node: Node, kernel: list[int], strides: tuple[int, int]) -> str:
    pads, auto = node.settings.get("pads", [0] * 4), node.settings.get("auto_pad", "NOTSET")
    down, across = middle = [(k - 1) // 2 for k in kernel]
    if auto == "VALID" or (auto == "NOTSET" and pads == [0] * 4 and kernel != [1, 1]):
        return "valid"
    if (auto == "NOTSET" and pads == middle * 2) or (auto in ("SAME_UPPER", "SAME_LOWER") and strides == (1, 1)):
        return "same"
    wanted = f"{down} on every side" if down == across else f"{down} above and below and {across} at the sides"
    raise no_layer(node, f"its margins should be 0 or {wanted}, got {pads}")


def _strides(node: Node, size: list[int]) -> tuple[int, int]:
    """Return the strides of a window of `size` pixels."""
    strides = node.settings.get("strides", [1, 1])
    usual = node.settings.get("dilations", [1, 1]) == [1, 1] and node.settings.get("group", 1) == 1
    if not usual or node.settings.get("kernel_shape", size) != size or len(size) != 2 or len(strides) != 2:
        raise no_layer(node, "it should be a window of two axes that leaves nothing out, in one group")
    return int(strides[0]), int(strides[1])


def pool(reader: GraphReader, node: Node, make: Callable[[tuple[int, int]], Layer]) -> None:
    """Add MaxPool2D or AveragePool2D."""
    reader.hold_images(node, channels_first=True)
    window = list(node.settings.get("kernel_shape") or [])
    size = _strides(node, window)
    fits = all(n % k == 0 for n, k in zip(reader.shape[:2], window, strict=True)) if all(window) else False
    if (
        list(size) != window
        or any(node.settings.get("pads", []))
        or node.settings.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID")
        or (node.settings.get("ceil_mode") and not fits)
    ):
        raise no_layer(node, "its windows should lie side by side, without margins, and whole ones only")
    reader.add(make(size))
    reader.step(node)


def grouped(reader: GraphReader, node: Node, wanted: list[int]) -> None:
    """Add GroupNorm: groups laid out as channels, standardised, laid back, scaled and shifted."""
    reader.hold_images(node, channels_first=True)
    height, width, channels = reader.shape
    n_groups = wanted[1] if len(wanted) == 3 else 0
    nodes = [node]
    for op in "InstanceNormalization", "Reshape", "Mul", "Add":
        takers = reader.takers(nodes[-1].outputs[0])
        if len(takers) != 1 or takers[0].op != op:
            raise no_layer(node, f"{op} should follow, as GroupNorm has it")
        nodes.append(takers[0])
    _, normed, back, scaled, shifted = nodes
    if n_groups < 1 or wanted[0] != 0 or wanted[2] not in (-1, height * width * channels // n_groups):
        raise no_layer(node, f"it should make groups of the channels, got {wanted}")
    shape_of = [each for each in reader.takers(reader.value) if each.op == "Shape" and back.inputs[1:] == each.outputs]
    if not shape_of and reader.constant(back, 1).tolist()[1:] != [channels, height, width]:
        raise no_layer(back, "it should give the images their shape back")
    if (reader.constant(normed, 1) != 1).any() or reader.constant(normed, 2).any():
        raise no_layer(normed, "between Reshapes it should have a scale of 1 and a bias of 0")
    gain = reader.parameter(scaled, other_input(scaled, back.outputs[0]))
    bias = reader.parameter(shifted, other_input(shifted, scaled.outputs[0]))
    for each, array in (scaled, gain), (shifted, bias):
        if array.shape[-3:] != (channels, 1, 1) or array.size != channels:
            raise no_layer(each, f"it should have one number for each of {channels} channels, got {array.shape}")
    layer = ours.GroupNorm(n_groups, channels, float(normed.settings.get("epsilon", 1e-5)))
    reader.add(layer, gain.reshape(-1), bias.reshape(-1))
    reader.step(*shape_of, *nodes)


def group_norm(reader: GraphReader, node: Node) -> None:
    """Add GroupNorm, with one group for each channel where it is InstanceNormalization."""
    reader.hold_images(node, channels_first=True)
    channels = reader.shape[2]
    n_groups = channels if node.op == "InstanceNormalization" else node.settings.get("num_groups", 0)
    gain, bias = reader.parameter(node, 1), reader.parameter(node, 2)
    if gain.shape != (channels,):
        raise no_layer(node, f"it should scale each of {channels} channels, got {gain.shape}")
    reader.add(ours.GroupNorm(n_groups, channels, float(node.settings.get("epsilon", 1e-5))), gain, bias)
    reader.step(node)


def transpose(reader: GraphReader, node: Node) -> None:
    """Remember the order of the channels."""
    perm = node.settings.get("perm")
    if perm not in (CHANNELS_FIRST, CHANNELS_LAST):
        raise no_layer(node, f"it should move the channels of images first or last, got {perm}")
    reader.transpose(node, to_first=perm == CHANNELS_FIRST)
    reader.step(node)


def squeeze(reader: GraphReader, node: Node) -> None:
    """Add Frames."""
    reader.hold_images(node, channels_first=False)
    if _axes(reader, node) != [1]:
        raise no_layer(node, "it should drop the height of images that have their channels last, axis 1")
    reader.add(ours.Frames())
    reader.step(node)


def _axes(reader: GraphReader, node: Node) -> list[int]:
    """Return the axes that a node is about: a setting, or from opset 13 on an input."""
    return node.settings["axes"] if "axes" in node.settings else reader.constant(node, 1).reshape(-1).tolist()


# Activations, and what changes nothing.


def activation(reader: GraphReader, node: Node, make: Callable[..., Layer], **names: tuple[str, float]) -> None:
    """Add an elementwise layer; `names` are its settings with their name in ONNX and the default there."""
    settings = {name: float(node.settings.get(theirs, default)) for name, (theirs, default) in names.items()}
    reader.add(make(**settings))
    reader.step(node)


def nothing(reader: GraphReader, node: Node) -> None:
    """Go past a node that changes nothing; a Dropout, unless it is told to be random."""
    if len(node.inputs) > 2 and reader.constant(node, 2).any():
        raise no_layer(node, "it is random")
    reader.step(node)


def softmax(reader: GraphReader, node: Node) -> None:
    """Add Softmax; LogSoftmax has the same probabilities, so it is read only where it ends the graph."""
    axis = node.settings.get("axis", -1 if reader.graph.opset >= 13 else 1)
    if len(reader.shape) == 3 and axis in (1, -3) and reader.graph.opset >= 13:
        reader.hold_images(node, channels_first=True)
    elif axis in (-1, len(reader.shape)) and (reader.graph.opset >= 13 or len(reader.shape) == 1):
        reader.hold_rows(node)
    else:
        raise no_layer(node, f"its axis is {axis}")
    reader.step(node)
    if node.op == "LogSoftmax" and reader.takers(reader.value):
        raise no_layer(node)
    reader.add(ours.Softmax())


def gelu(reader: GraphReader, node: Node) -> None:
    """Add GELU."""
    if node.settings.get("approximate", "none") != "tanh":
        raise no_layer(node, "GELU has its tanh form here: export it with approximate='tanh'")
    activation(reader, node, ours.GELU)


def swish(reader: GraphReader, node: Node) -> None:
    """Add SiLU."""
    if node.settings.get("alpha", 1) != 1:
        raise no_layer(node, "SiLU has the factor 1")
    activation(reader, node, ours.SiLU)


# What stands before the network.


def unsqueeze(reader: GraphReader, node: Node) -> None:
    """Give images without an axis for their one channel that axis."""
    axes = _axes(reader, node)
    if reader.layers or len(reader.shape) != 2 or axes not in ([1], [3], [-1]):
        raise no_layer(node, "it should give images without an axis for their channel one")
    reader.add_channel(axes[0])
    reader.step(node)


def cast(reader: GraphReader, node: Node) -> None:
    """Make numbers in [0, 1] of bytes: a model here does that by itself."""
    divided = reader.takers(node.outputs[0])
    if reader.value != reader.graph.input or reader.graph.input_type != "uint8" or len(divided) != 1:
        raise no_layer(node)
    (division,) = divided
    if (
        division.op != "Div"
        or division.inputs[0] != node.outputs[0]
        or reader.constant(division, 1).tolist() not in (255, [255])
    ):
        raise no_layer(division, "bytes should be divided by 255 and by nothing else")
    reader.step(node, division)


READINGS: Mapping[str, Callable[[GraphReader, Node], None]] = {
    "AveragePool": partial(pool, make=ours.AveragePool2D),
    "Cast": cast,
    "Conv": convolution,
    "Dropout": nothing,
    "Elu": partial(activation, make=ours.ELU, alpha=("alpha", 1.0)),
    "Flatten": flatten,
    "Gelu": gelu,
    "Gemm": gemm,
    "GroupNormalization": group_norm,
    "Identity": nothing,
    "InstanceNormalization": group_norm,
    "LayerNormalization": layer_norm,
    "LeakyRelu": partial(activation, make=ours.LeakyReLU, leak=("alpha", 0.01)),
    "LogSoftmax": softmax,
    "MatMul": matmul,
    "MaxPool": partial(pool, make=ours.MaxPool2D),
    "Relu": partial(activation, make=ours.ReLU),
    "Reshape": reshape,
    "Sigmoid": partial(activation, make=ours.Sigmoid),
    "Softmax": softmax,
    "Softplus": partial(activation, make=ours.Softplus),
    "Squeeze": squeeze,
    "Swish": swish,
    "Tanh": partial(activation, make=ours.Tanh),
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
}
