"""What an activation is: a value, a VJP and a Jacobian that must agree."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from inkgrad.arrays import AnyArray, namespace
from inkgrad.layers.base import Layer
from inkgrad.layout import Named


class Activation(Layer):
    """y = f(x), described by three functions that must agree.

    Shapes    x (..., n)   y like x

    value     y = f(x)
    vjp       dx = dy J, the vector-Jacobian product that backpropagation needs
    jacobian  J_ij = dy_i / dx_j, for one x of shape (n,): for checks, and for study
    """

    @abstractmethod
    def value(self, x: AnyArray) -> AnyArray:
        """Return y = f(x)."""

    @abstractmethod
    def vjp(self, x: AnyArray, y: AnyArray, dy: AnyArray) -> AnyArray:
        """Return dy J for each example; y = f(x) comes along to save computing it again."""

    @abstractmethod
    def jacobian(self, x: AnyArray) -> AnyArray:
        """Return J, of shape (n, n), at one x."""

    def forward(self, p: Named, x: AnyArray, rng: np.random.Generator | None = None) -> tuple[AnyArray, Any]:
        y = self.value(x)
        return y, (x, y)

    def backward(self, p: Named, g: Named, cache: Any, dy: AnyArray) -> AnyArray:
        x, y = cache
        return self.vjp(x, y, dy)


class Elementwise(Activation):
    """An activation whose y_i depends on x_i alone, so that J is diagonal."""

    @abstractmethod
    def slope(self, x: AnyArray, y: AnyArray) -> AnyArray:
        """Return dy_i / dx_i, the diagonal of J."""

    def vjp(self, x: AnyArray, y: AnyArray, dy: AnyArray) -> AnyArray:
        return dy * self.slope(x, y)

    def jacobian(self, x: AnyArray) -> AnyArray:
        return namespace(x).eye(x.shape[0], dtype=x.dtype, device=x.device) * self.slope(x, self.value(x))
