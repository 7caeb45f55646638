"""Flatten: an image becomes a row of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from inkgrad.arrays import Array, namespace
from inkgrad.layers.base import Layer
from inkgrad.layout import Named


@dataclass(frozen=True)
class Flatten(Layer):
    """y holds the numbers of x in their order, last axis fastest.

    Shapes    x (N, a, b, ...)   y (N, a b ...)

    Backward  No number changes, only its place: dx is dy in the shape of x.
    """

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return (prod(input_shape),)

    def forward(self, p: Named, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, tuple[int, ...]]:
        return namespace(x).reshape(x, (x.shape[0], prod(x.shape[1:]))), x.shape

    def backward(self, p: Named, g: Named, shape: tuple[int, ...], dy: Array) -> Array:
        return namespace(dy).reshape(dy, shape)
