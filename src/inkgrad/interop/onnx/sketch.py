"""Sketch: an ONNX graph while it is drawn, layer after layer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import SettingError

INPUT, OUTPUT = "images", "probabilities"  # of the whole graph
CHANNELS_FIRST, CHANNELS_LAST = [0, 3, 1, 2], [0, 2, 3, 1]  # how Transpose makes the one of the other


@dataclass(frozen=True)
class Node:
    """One operation: what it is called in ONNX, the names it takes and gives, and its settings."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name or '/'.join(self.outputs)!r} ({self.op})"


class Sketch:
    """Nodes and arrays, growing at the end of a line of layers.

    inkgrad's images are (N, height, width, channels), those of ONNX (N, channels, height, width).  A
    layer says which it wants by how it asks for its input, and what it returns has the same order.
    So a Transpose stands only where the order changes.

    `shape` is the shape of one input of the layer that is drawn, channels last.
    """

    def __init__(self, value: str, shape: tuple[int, ...]) -> None:
        self.nodes: list[Node] = []
        self.arrays: dict[str, NDArray] = {}
        self.shape = shape
        self._value, self._channels_first = value, False
        self._path: list[str] = []
        self._taken = {value, OUTPUT}

    def x(self) -> str:
        """Return the name of the layer's input, (N, ...) in inkgrad's order: channels last."""
        return self._ordered(False)

    def x_channels_first(self) -> str:
        """Return the name of the layer's input, images (N, channels, height, width)."""
        return self._ordered(True)

    def x_in_any_order(self) -> str:
        """Return the name of the layer's input, for layers that treat every number alike."""
        return self._value

    @property
    def channel_axis(self) -> int:
        """The axis on which the channels lie in x_in_any_order."""
        return 1 if self._channels_first else -1

    def _ordered(self, channels_first: bool) -> str:
        if self._channels_first != channels_first:
            self._value = self.node("Transpose", self._value, perm=CHANNELS_FIRST if channels_first else CHANNELS_LAST)
            self._channels_first = channels_first
        return self._value

    def node(self, op: str, *inputs: str, **settings: Any) -> str:
        """Add an operation of ONNX with its inputs by name, and return the name of its output."""
        name = self._unused(op)
        self.nodes.append(Node(op, inputs, (name,), settings, name))
        return name

    def array(self, name: str, values: Any) -> str:
        """Add numbers, float32 or whole, under the layer's path ("1.W"), and return their name.

        Raises SettingError for numbers too large for float32.
        """
        values = np.asarray(values)
        path = self._unused(name)
        if values.dtype.kind == "f":
            with np.errstate(over="ignore"):
                values = values.astype(np.float32)
            if not np.isfinite(values).all():
                raise SettingError(f"{path} has numbers that are too large for float32, which the ONNX file holds")
        self.arrays[path] = np.ascontiguousarray(values)
        return path

    def _unused(self, name: str) -> str:
        path = found = ".".join([*self._path, name])
        n = 1
        while found in self._taken:
            n, found = n + 1, f"{path}.{n + 1}"
        self._taken.add(found)
        return found

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Give what is added meanwhile the path of a layer inside."""
        self._path.append(name)
        yield
        self._path.pop()

    def move_on(self, value: str, shape: tuple[int, ...]) -> None:
        """Make a layer's output, of `shape` for one example, the input of the next."""
        self._value, self.shape = value, shape
        if len(shape) != 3:
            self._channels_first = False
