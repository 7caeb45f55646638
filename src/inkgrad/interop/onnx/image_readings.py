"""Image readings: operations of ONNX on images, (N, channels, height, width), as layers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inkgrad.interop.onnx.graph_reader import Walk, no_layer, other_input
from inkgrad.interop.onnx.sketch import CHANNELS_FIRST, CHANNELS_LAST, Node
from inkgrad.layers import Conv2D, GroupNorm, Layer


def convolution(walk: Walk, node: Node) -> None:
    """Add Conv2D."""
    walk.hold_images(node, channels_first=True)
    weights = walk.parameter(node, 1)
    if weights.ndim != 4 or weights.shape[2] != weights.shape[3]:
        raise no_layer(node, f"its kernels should be square, got weights of shape {weights.shape}")
    c_out, c_in, kernel, _ = weights.shape
    strides = _window(node, kernel)
    bias = walk.parameter(node, 2) if len(node.inputs) > 2 and node.inputs[2] else np.zeros(c_out, weights.dtype)
    layer = Conv2D(c_in, c_out, kernel, strides, _padding(node, kernel, strides))
    walk.add(layer, np.transpose(weights, (2, 3, 1, 0)), bias)
    walk.step(node)


def _padding(node: Node, kernel: int, stride: int) -> str:
    pads, auto, middle = node.settings.get("pads", [0] * 4), node.settings.get("auto_pad", "NOTSET"), (kernel - 1) // 2
    if auto == "VALID" or (auto == "NOTSET" and pads == [0] * 4 and kernel > 1):
        return "valid"
    if (auto == "NOTSET" and pads == [middle] * 4) or (auto in ("SAME_UPPER", "SAME_LOWER") and stride == 1):
        return "same"
    raise no_layer(node, f"its margins should be 0 or {middle} on every side, got {pads}")


def _window(node: Node, size: int) -> int:
    """Return the stride of a window of size × size pixels."""
    strides = node.settings.get("strides", [1, 1])
    window = node.settings.get("kernel_shape", [size] * 2)
    usual = node.settings.get("dilations", [1, 1]) == [1, 1] and node.settings.get("group", 1) == 1
    if not usual or window != [size] * 2 or strides != [strides[0]] * 2:
        raise no_layer(node, "it should be a square window that leaves nothing out, with one stride and one group")
    return int(strides[0])


def pool(walk: Walk, node: Node, make: Callable[[int], Layer]) -> None:
    """Add MaxPool2D or AveragePool2D."""
    walk.hold_images(node, channels_first=True)
    size = (node.settings.get("kernel_shape") or [0])[0]
    fits = all(n % size == 0 for n in walk.shape[:2]) if size else False
    if (
        _window(node, size) != size
        or any(node.settings.get("pads", []))
        or node.settings.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID")
        or (node.settings.get("ceil_mode") and not fits)
    ):
        raise no_layer(node, "its windows should lie side by side, without margins, and whole ones only")
    walk.add(make(size))
    walk.step(node)


def grouped(walk: Walk, node: Node, wanted: list[int]) -> None:
    """Add GroupNorm: groups laid out as channels, standardised, laid back, scaled and shifted."""
    walk.hold_images(node, channels_first=True)
    height, width, channels = walk.shape
    n_groups = wanted[1] if len(wanted) == 3 else 0
    nodes = [node]
    for op in "InstanceNormalization", "Reshape", "Mul", "Add":
        takers = walk.takers(nodes[-1].outputs[0])
        if len(takers) != 1 or takers[0].op != op:
            raise no_layer(node, f"{op} should follow, as GroupNorm has it")
        nodes.append(takers[0])
    _, normed, back, scaled, shifted = nodes
    if n_groups < 1 or wanted[0] != 0 or wanted[2] not in (-1, height * width * channels // n_groups):
        raise no_layer(node, f"it should make groups of the channels, got {wanted}")
    shape_of = [each for each in walk.takers(walk.value) if each.op == "Shape" and back.inputs[1:] == each.outputs]
    if not shape_of and walk.constant(back, 1).tolist()[1:] != [channels, height, width]:
        raise no_layer(back, "it should give the images their shape back")
    if (walk.constant(normed, 1) != 1).any() or walk.constant(normed, 2).any():
        raise no_layer(normed, "between Reshapes it should have a scale of 1 and a bias of 0")
    gain = walk.parameter(scaled, other_input(scaled, back.outputs[0]))
    bias = walk.parameter(shifted, other_input(shifted, scaled.outputs[0]))
    for each, array in (scaled, gain), (shifted, bias):
        if array.shape[-3:] != (channels, 1, 1) or array.size != channels:
            raise no_layer(each, f"it should have one number for each of {channels} channels, got {array.shape}")
    layer = GroupNorm(n_groups, channels, float(normed.settings.get("epsilon", 1e-5)))
    walk.add(layer, gain.reshape(-1), bias.reshape(-1))
    walk.step(*shape_of, *nodes)


def group_norm(walk: Walk, node: Node) -> None:
    """Add GroupNorm, with one group for each channel where it is InstanceNormalization."""
    walk.hold_images(node, channels_first=True)
    channels = walk.shape[2]
    n_groups = channels if node.op == "InstanceNormalization" else node.settings.get("num_groups", 0)
    gain, bias = walk.parameter(node, 1), walk.parameter(node, 2)
    if gain.shape != (channels,):
        raise no_layer(node, f"it should scale each of {channels} channels, got {gain.shape}")
    walk.add(GroupNorm(n_groups, channels, float(node.settings.get("epsilon", 1e-5))), gain, bias)
    walk.step(node)


def transpose(walk: Walk, node: Node) -> None:
    """Remember the order of the channels."""
    perm = node.settings.get("perm")
    if perm not in (CHANNELS_FIRST, CHANNELS_LAST):
        raise no_layer(node, f"it should move the channels of images first or last, got {perm}")
    walk.transpose(node, to_first=perm == CHANNELS_FIRST)
    walk.step(node)
