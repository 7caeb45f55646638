"""Softplus: y = log(1 + exp x), a ReLU without its kink."""

from __future__ import annotations

from dataclasses import dataclass

from inkgrad.arrays import Array, namespace
from inkgrad.layers.activations.base import Elementwise
from inkgrad.layers.activations.sigmoid import sigmoid


@dataclass(frozen=True)
class Softplus(Elementwise):
    """y = log(1 + exp x), computed as max(x, 0) + log(1 + exp(-|x|)), which cannot overflow.

    (Glorot et al. 2011, https://proceedings.mlr.press/v15/glorot11a.html, section 3.1.)

    Slope     dy/dx = exp x / (1 + exp x) = sigmoid(x).
    """

    def value(self, x: Array) -> Array:
        xp = namespace(x)
        return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))

    def slope(self, x: Array, y: Array) -> Array:
        return sigmoid(x)
