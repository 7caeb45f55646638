"""Chain: layers one after another are a layer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.errors import SettingError
from inkgrad.layers.base import Layer
from inkgrad.layout import Layout, Named, Shapes


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
        self._walk(None)

    def _walk(self, shape: tuple[int, ...] | None) -> tuple[int, ...] | None:
        """Return what becomes of an input of `shape`, starting where a shape is first known."""
        for layer in self.layers:
            if isinstance(layer, Chain):
                shape = layer._walk(shape)
                continue
            shape = layer.input_shape() if shape is None else shape
            shape = None if shape is None else layer.output_shape(shape)
        return shape

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

    def forward(self, p: Named, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, list[Any]]:
        caches = []
        for name, layer in self.named():
            x, cache = layer.forward(p[name], x, rng)
            caches.append(cache)
        return x, caches

    def backward(self, p: Named, g: Named, caches: list[Any], dy: Array) -> Array:
        for (name, layer), cache in zip(reversed(self.named()), reversed(caches), strict=True):
            dy = layer.backward(p[name], g[name], cache, dy)
        return dy

    def parameter_gradient(self, p: Named, g: Named, caches: list[Any], dy: Array) -> None:
        """Walk back only as far as the first layer that has parameters."""
        first = self._first_with_parameters
        if first is None:
            return
        for i in reversed(range(first + 1, len(self.layers))):
            dy = self.layers[i].backward(p[str(i)], g[str(i)], caches[i], dy)
        self.layers[first].parameter_gradient(p[str(first)], g[str(first)], caches[first], dy)

    def _repr_html_(self) -> str:
        """Return a table of the layers, for notebooks."""
        from inkgrad.layers.network_table import network_table  # which knows chains

        return network_table(self)
