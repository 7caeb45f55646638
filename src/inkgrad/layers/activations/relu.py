"""ReLU: y = max(x, 0)."""

from __future__ import annotations

from dataclasses import dataclass

from inkgrad.arrays import Array, namespace
from inkgrad.layers.activations.base import Elementwise


@dataclass(frozen=True)
class ReLU(Elementwise):
    """y = max(x, 0), with slope 1 where x > 0, else 0; at the kink we take 0."""

    def value(self, x: Array) -> Array:
        return namespace(x).maximum(x, 0)

    def slope(self, x: Array, y: Array) -> Array:
        return namespace(x).astype(x > 0, x.dtype)
