"""GELU: x times the probability that a normal number is below x, in its tanh form."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt

from inkgrad.arrays import Array, namespace
from inkgrad.layers.activations.base import Elementwise

A = sqrt(2 / pi)
B = 0.044715


@dataclass(frozen=True)
class GELU(Elementwise):
    """y = x (1 + tanh u) / 2 with u = √(2/π) (x + 0.044715 x³).

    The tanh form of Hendrycks & Gimpel 2016, https://arxiv.org/abs/1606.08415, section 2
    (PyTorch's approximate="tanh").  It is within 0.0005 of x Φ(x), and needs no error
    function, which the array API does not have.

    Slope     By the product rule, with d tanh u / du = 1 - tanh² u,

              dy/dx = (1 + tanh u) / 2 + x (1 - tanh² u) / 2 · √(2/π) (1 + 3 · 0.044715 x²)
    """

    def value(self, x: Array) -> Array:
        return 0.5 * x * (1 + namespace(x).tanh(A * (x + B * x**3)))

    def slope(self, x: Array, y: Array) -> Array:
        t = namespace(x).tanh(A * (x + B * x**3))
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * A * (1 + 3 * B * x**2)
