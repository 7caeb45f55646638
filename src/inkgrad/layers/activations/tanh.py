"""Tanh: y = tanh x, between -1 and 1."""

from __future__ import annotations

from dataclasses import dataclass

from inkgrad.arrays import Array, namespace
from inkgrad.layers.activations.base import Elementwise


@dataclass(frozen=True)
class Tanh(Elementwise):
    """y = tanh x.

    Slope     tanh = sinh / cosh, so dy/dx = (cosh² x - sinh² x) / cosh² x = 1 - y².
    """

    def value(self, x: Array) -> Array:
        return namespace(x).tanh(x)

    def slope(self, x: Array, y: Array) -> Array:
        return 1 - y * y
