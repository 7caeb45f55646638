"""Chain: layers one after another are a layer; and the one way through a network, layer by layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from inkgrad.arrays import AnyArray
from inkgrad.errors import SettingError
from inkgrad.html import Html, table
from inkgrad.layers.base import Layer
from inkgrad.layout import Layout, Named, Shapes, join_path, within


@dataclass(frozen=True)
class Chain(Layer):
    """y = f_n(... f_2(f_1(x))); backward walks the same way back.

    The parameters of layer i are p["i"], and its gradients g["i"].

    Raises ShapeError, when it is built, if a layer does not take what the one before it
    gives; SettingError if it is given something that is not a layer.
    """

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.layers, Iterable):
            raise SettingError(f"Chain takes a tuple of layers, got {self.layers!r}")
        object.__setattr__(self, "layers", tuple(self.layers))  # a list will do
        for layer in self.layers:
            if not isinstance(layer, Layer):
                hint = f": write {layer.__name__}(...)" if isinstance(layer, type) else ""
                raise SettingError(f"Chain takes layers, got {layer!r}{hint}")
        leaves(self)  # refuses layers that do not fit each other

    def named(self) -> tuple[tuple[str, Layer], ...]:
        """Return the layers with the names under which their parameters are kept."""
        return self._named

    @cached_property
    def _named(self) -> tuple[tuple[str, Layer], ...]:
        return tuple((str(i), layer) for i, layer in enumerate(self.layers))

    @cached_property
    def _first_with_parameters(self) -> int | None:
        return next((i for i, layer in enumerate(self.layers) if Layout(layer.shapes()).size), None)

    def shapes(self) -> Shapes:
        return {name: layer.shapes() for name, layer in self.named()}

    def init(self, p: Named, rng: np.random.Generator) -> None:
        for name, layer in self.named():
            layer.init(p[name], rng)

    def input_shape(self) -> tuple[int, ...] | None:
        return self.layers[0].input_shape() if self.layers else None

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        for layer in self.layers:
            input_shape = layer.output_shape(input_shape)
        return input_shape

    def forward(self, p: Named, x: AnyArray, rng: np.random.Generator | None = None) -> tuple[AnyArray, list[Any]]:
        caches = []
        for name, layer in self.named():
            x, cache = layer.forward(p[name], x, rng)
            caches.append(cache)
        return x, caches

    def backward(self, p: Named, g: Named, caches: list[Any], dy: AnyArray) -> AnyArray:
        for (name, layer), cache in zip(reversed(self.named()), reversed(caches), strict=True):
            dy = layer.backward(p[name], g[name], cache, dy)
        return dy

    def parameter_gradient(self, p: Named, g: Named, caches: list[Any], dy: AnyArray) -> None:
        """Walk back only as far as the first layer that has parameters."""
        first = self._first_with_parameters
        if first is None:
            return
        for i in reversed(range(first + 1, len(self.layers))):
            dy = self.layers[i].backward(p[str(i)], g[str(i)], caches[i], dy)
        self.layers[first].parameter_gradient(p[str(first)], g[str(first)], caches[first], dy)

    def trace(self, p: Named, x: AnyArray, rng: np.random.Generator | None = None) -> tuple[Passed, ...]:
        """Return the layers as the batch x passes them, those of chains inside one by one (see `trace`)."""
        return trace(self, p, x, rng)

    def _repr_html_(self) -> str:
        """Return a table of the layers, for notebooks."""
        return network_table(self)


@dataclass(frozen=True)
class Leaf:
    """A layer of a network that holds no others.

    path          where it is: "2", "2.0" for one of a chain inside, "" for a network that is one layer
    input_shape   of one example; None where it is not known
    output_shape  the same
    """

    path: str
    layer: Layer
    input_shape: tuple[int, ...] | None
    output_shape: tuple[int, ...] | None

    @property
    def parameters(self) -> Mapping[str, tuple[int, ...]]:
        """The shapes of the layer's parameters by their names, in the order of theta."""
        return {name: shape for name, (_, shape) in Layout(self.layer.shapes()).places.items()}


@dataclass(frozen=True, eq=False)
class Passed:
    """A layer that a batch has passed, with the way back: y, cache = layer.forward(p, x)."""

    path: str
    layer: Layer
    p: Named
    x: AnyArray
    y: AnyArray
    cache: Any

    def back(self, g: Named, dy: AnyArray) -> AnyArray:
        """Return dx of this layer, and write its gradients into g, the gradients of the whole network."""
        return self.layer.backward(self.p, within(g, self.path), self.cache, dy)


def leaves(network: Layer, input_shape: tuple[int, ...] | None = None) -> tuple[Leaf, ...]:
    """Return the layers of a network that hold no others, in order, each with the shapes before and behind it.

    Without `input_shape` the shapes start at the first layer whose settings tell its own.

    Raises ShapeError if a layer does not take what comes to it.
    """
    found, shape = [], input_shape
    for path, layer in _paths(network):
        before = layer.input_shape() if shape is None else shape
        shape = None if before is None else layer.output_shape(before)
        found.append(Leaf(path, layer, before, shape))
    return tuple(found)


def trace(network: Layer, p: Named, x: AnyArray, rng: np.random.Generator | None = None) -> tuple[Passed, ...]:
    """Return the layers of a network, the same as `leaves`, as the batch x passes them.

    It is forward where one looks on.  For dx and the gradients g, go back:

        for passed in reversed(steps):
            dy = passed.back(g, dy)
    """
    steps = []
    for path, layer in _paths(network):
        here = within(p, path)
        y, cache = layer.forward(here, x, rng)
        steps.append(Passed(path, layer, here, x, y, cache))
        x = y
    return tuple(steps)


def _paths(layer: Layer, path: str = "") -> Iterable[tuple[str, Layer]]:
    """Yield the layers in a network with their paths; a chain with a forward of its own is one layer."""
    if not isinstance(layer, Chain) or type(layer).forward is not Chain.forward:
        yield path, layer
        return
    for name, inside in layer.named():
        yield from _paths(inside, join_path(path, name))


def network_table(network: Layer, input_shape: tuple[int, ...] | None = None) -> Html:
    """Return an HTML table of a network: each layer, the shape of its outputs where it is known, its parameters."""
    shape = input_shape or network.input_shape()
    rows, total = [], 0
    for leaf in leaves(network, shape):
        n = Layout(leaf.layer.shapes()).size
        rows.append((leaf.path, str(leaf.layer), _in_words(leaf.output_shape), f"{n:,}" if n else ""))
        total += n
    takes = f"takes {_in_words(shape)}, " if shape else ""
    caption = f"{type(network).__name__}: {takes}{total:,} parameters"
    return table(("", "layer", "output", "parameters"), rows, caption, n_texts=3)


def _in_words(shape: tuple[int, ...] | None) -> str:
    return "" if shape is None else " × ".join(map(str, shape))
