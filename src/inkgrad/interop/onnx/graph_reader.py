"""GraphReader: goes along an ONNX graph from its input to its output, and collects layers."""

from __future__ import annotations

from math import prod

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import ModelFileError
from inkgrad.interop.onnx.parsed import Graph
from inkgrad.interop.onnx.sketch import Node
from inkgrad.layers import Layer
from inkgrad.saving import quoted

Found = list[tuple[Layer, tuple[NDArray, ...]]]


def no_layer(node: Node, why: str = "") -> ModelFileError:
    """Return the error for a node that no layer here does."""
    return ModelFileError(f"its node {node} has no layer here{why and ': ' + why}")


class GraphReader:
    """Where one is in a graph, and the layers that were met, each with its parameters.

    `value` is the name of the values that one holds, and `shape` that of one example in inkgrad's order,
    channels last.  The file may hold images channels first; `channels_first` is None until a node tells.
    Rows that it made of such images come in another order than ours: `twisted` is then the shape of the images.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.value, self.shape = graph.input, graph.input_shape
        self.input_shape = graph.input_shape
        self.channels_first: bool | None = None if len(self.shape) == 3 else False
        self.twisted: tuple[int, ...] | None = None
        self.layers: Found = []
        self.passed = {graph.input}
        self._takers: dict[str, list[int]] = {}
        for i, node in enumerate(graph.nodes):
            for name in dict.fromkeys(node.inputs):
                self._takers.setdefault(name, []).append(i)
        self._used_up: set[str] = set()

    def takers(self, value: str) -> list[Node]:
        """Return the nodes that take a value, in the order of the file."""
        return [self.graph.nodes[i] for i in self._takers.get(value, ())]

    def next(self, *ops: str) -> Node | None:
        """Return the one node that takes the current value, if it does one of these operations."""
        takers = self.takers(self.value)
        return takers[0] if len(takers) == 1 and takers[0].op in ops else None

    def step(self, *nodes: Node) -> None:
        """Go past these nodes to what the last of them makes."""
        self.value = nodes[-1].outputs[0]
        self.passed.update(name for node in nodes for name in node.outputs)

    def left(self) -> Node | None:
        """Return a node that was not passed."""
        return next((node for node in self.graph.nodes if node.outputs[0] not in self.passed), None)

    def constant(self, node: Node, i: int) -> NDArray:
        """Return input i of a node, which must be an array in the file."""
        name = node.inputs[i] if i < len(node.inputs) else ""
        array = self.graph.arrays.get(name)
        if array is None or array.dtype.kind not in "fi":
            raise no_layer(node, f"its input {i} should be an array of numbers in the file")
        return array

    def parameter(self, node: Node, i: int) -> NDArray:
        """Return input i of a node, a parameter: an array of floats that no other layer has."""
        array, name = self.constant(node, i), node.inputs[i]
        if name in self._used_up or array.dtype.kind != "f":
            raise no_layer(node, f"{quoted(name)} should be floats, of this layer alone")
        self._used_up.add(name)
        return array

    def add(self, layer: Layer, *parameters: NDArray) -> None:
        """Add a layer with its parameters in their order; raise ShapeError where it does not fit."""
        wanted = tuple(layer.shapes().values())
        if tuple(array.shape for array in parameters) != wanted:
            raise ModelFileError(f"{layer} should have parameters of the shapes {wanted}")
        self.shape = layer.output_shape(self.shape)
        self.layers.append((layer, parameters))

    # The order of images.

    def hold_images(self, node: Node, channels_first: bool) -> None:
        """Be sure that images are held in this order; where nothing told before, this node does.

        Raises ModelFileError where they are not.
        """
        if len(self.shape) != 3:
            raise no_layer(node, f"it should take images, got inputs of shape {self.shape}")
        if self.channels_first is None:
            self.channels_first = channels_first
            if channels_first:
                channels, height, width = self.shape
                self._is_really((height, width, channels))
        if self.channels_first != channels_first:
            raise no_layer(node, f"it should take images with their channels {'first' if channels_first else 'last'}")

    def _is_really(self, shape: tuple[int, ...]) -> None:
        """Correct the shape of the input, which no layer has changed so far."""
        self.shape = self.input_shape = shape

    def transpose(self, node: Node, to_first: bool) -> None:
        """Go past a node that changes the order of images."""
        self.hold_images(node, channels_first=not to_first)
        self.channels_first = to_first

    def add_channel(self, axis: int) -> None:
        """Give images without an axis for their one channel that axis: 1 for channels first, else 3."""
        self._is_really((*self.shape, 1))
        self.channels_first = axis == 1

    def hold_rows(self, node: Node) -> None:
        """Be sure that the last axis is that of our order."""
        if len(self.shape) == 3:
            self.hold_images(node, channels_first=False)

    def flatten(self) -> None:
        """Be past a node that makes rows of images."""
        if self.channels_first is None and self.shape[0] == 1:  # (1, 28, 28), as PyTorch has it
            self._is_really((*self.shape[1:], 1))
        elif self.channels_first and self.shape[2] > 1 and prod(self.shape[:2]) > 1:
            self.twisted = self.shape
        self.channels_first = False

    def untwisted(self, array: NDArray) -> NDArray:
        """Return an array whose first axis goes along the current rows, in our order."""
        if self.twisted is None:
            return array
        height, width, channels = self.twisted
        images = np.reshape(array, (channels, height, width, -1))
        return np.reshape(np.transpose(images, (1, 2, 0, 3)), array.shape)


def other_input(node: Node, value: str) -> int:
    """Return which input of a node of two is not this value."""
    return 1 if node.inputs[0] == value else 0
