"""Row readings: operations of ONNX on rows of numbers, and those that make them, as layers."""

from __future__ import annotations

from math import prod

import numpy as np

from inkgrad.arrays import Array
from inkgrad.interop.onnx.graph_reader import Walk, no_layer, other_input
from inkgrad.interop.onnx.image_readings import grouped
from inkgrad.interop.onnx.sketch import Node
from inkgrad.layers import Dense, Flatten, LayerNorm


def gemm(walk: Walk, node: Node) -> None:
    """Add Dense."""
    settings = {"alpha": 1, "beta": 1, "transA": 0} | node.settings
    if (settings["alpha"], settings["beta"], settings["transA"]) != (1, 1, 0):
        raise no_layer(node, "its alpha and beta should be 1, and transA 0")
    weights = walk.parameter(node, 1)
    bias = walk.parameter(node, 2) if len(node.inputs) > 2 and node.inputs[2] else None
    walk.step(node)
    _dense(walk, node, weights.T if settings.get("transB") else weights, bias)


def matmul(walk: Walk, node: Node) -> None:
    """Add Dense, with the bias of an Add that follows."""
    weights, bias = walk.parameter(node, 1), None
    walk.step(node)
    following = walk.next("Add")
    if following is not None:
        bias = walk.parameter(following, other_input(following, walk.value))
        walk.step(following)
    _dense(walk, node, weights, bias)


def _dense(walk: Walk, node: Node, weights: Array, bias: Array | None) -> None:
    if weights.ndim != 2 or len(walk.shape) != 1:
        raise no_layer(node, f"it should multiply rows with a matrix, got {walk.shape} and {weights.shape}")
    n_in, n_out = weights.shape
    layer = Dense(n_in, n_out)
    layer.output_shape(walk.shape)  # before the rows are put in order
    if bias is None:
        bias = np.zeros(n_out, weights.dtype)
    if bias.shape not in ((n_out,), (1, n_out)):
        raise no_layer(node, f"its bias should have the shape ({n_out},), got {bias.shape}")
    walk.add(layer, walk.untwisted(weights), bias.reshape(-1))
    walk.twisted = None


def layer_norm(walk: Walk, node: Node) -> None:
    """Add LayerNorm."""
    walk.hold_rows(node)
    if node.settings.get("axis", -1) not in (-1, len(walk.shape)):
        raise no_layer(node, "it should be over the last axis")
    gain = walk.parameter(node, 1)
    bias = walk.parameter(node, 2) if len(node.inputs) > 2 and node.inputs[2] else np.zeros(gain.shape, gain.dtype)
    layer = LayerNorm(walk.shape[-1], float(node.settings.get("epsilon", 1e-5)))
    if gain.shape != (layer.n,):
        raise no_layer(node, f"its gain should have the shape ({layer.n},), got {gain.shape}")
    walk.add(layer, walk.untwisted(gain), walk.untwisted(bias))
    walk.step(node)


def flatten(walk: Walk, node: Node) -> None:
    """Add Flatten."""
    if node.op == "Flatten" and node.settings.get("axis", 1) != 1:
        raise no_layer(node, "its axis should be 1")
    walk.flatten()
    walk.add(Flatten())
    walk.step(node)


def reshape(walk: Walk, node: Node) -> None:
    """Add Flatten, or GroupNorm where InstanceNormalization follows."""
    wanted, size = walk.constant(node, 1).tolist(), prod(walk.shape)
    if any(each.op == "InstanceNormalization" for each in walk.takers(node.outputs[0])):
        grouped(walk, node, wanted)
    elif isinstance(wanted, list) and len(wanted) == 2 and (wanted[1] == size or wanted == [0, -1]):
        flatten(walk, node)
    else:
        raise no_layer(node, f"it should make rows of images, got the shape {wanted}")
