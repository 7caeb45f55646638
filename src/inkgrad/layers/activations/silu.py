"""SiLU: y = x sigmoid(x)."""

from __future__ import annotations

from dataclasses import dataclass

from inkgrad.arrays import Array
from inkgrad.layers.activations.base import Elementwise
from inkgrad.layers.activations.sigmoid import sigmoid


@dataclass(frozen=True)
class SiLU(Elementwise):
    """y = x s with s = 1 / (1 + exp(-x)), also called swish.

    (Elfwing et al. 2018, https://arxiv.org/abs/1702.03118.)

    Slope     By the product rule, with ds/dx = s (1 - s),

              dy/dx = s + x s (1 - s) = s + y (1 - s)
    """

    def value(self, x: Array) -> Array:
        return x * sigmoid(x)

    def slope(self, x: Array, y: Array) -> Array:
        s = sigmoid(x)
        return s + y * (1 - s)
