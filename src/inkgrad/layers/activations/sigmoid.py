"""Sigmoid: y = 1 / (1 + exp(-x)), between 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass

from inkgrad.arrays import Array, namespace
from inkgrad.layers.activations.base import Elementwise


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)) without overflow: with e = exp(-|x|), it is 1 / (1 + e) for x ≥ 0
    and e / (1 + e) for x < 0.
    """
    xp = namespace(x)
    e = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, xp.ones_like(x), e) / (1 + e)


@dataclass(frozen=True)
class Sigmoid(Elementwise):
    """y = 1 / (1 + exp(-x)).

    Slope     dy/dx = exp(-x) / (1 + exp(-x))² = y (1 - y).
    """

    def value(self, x: Array) -> Array:
        return sigmoid(x)

    def slope(self, x: Array, y: Array) -> Array:
        return y * (1 - y)
