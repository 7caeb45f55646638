"""Dense: the fully connected layer, y = x W + b."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import Array, namespace
from inkgrad.errors import SettingError, ShapeError
from inkgrad.layers.base import Layer
from inkgrad.layers.starts import standard_deviation
from inkgrad.layout import Named, Shapes


@dataclass(frozen=True)
class Dense(Layer):
    """Fully connected layer, y = x W + b.

    Shapes    x (N, n_in)   W (n_in, n_out)   b (n_out,)   y (N, n_out)

    Backward  y_ij = sum_k x_ik W_kj + b_j, so by the chain rule

              dC/dx_ik = sum_j dC/dy_ij W_kj     that is   dx = dy Wᵀ
              dC/dW_kj = sum_i x_ik dC/dy_ij     that is   dW = xᵀ dy
              dC/db_j  = sum_i dC/dy_ij          that is   db = the sum of dy over the batch

    Start     W normal, with the variance that `start` names in starts.py: "he" (for ReLU
              and its kin), "glorot" or "lecun"; b zero.

    Raises SettingError unless n_in and n_out are whole numbers of at least 1 and the start is known;
    ShapeError for inputs of another shape.
    """

    n_in: int
    n_out: int
    start: str = "he"

    def __post_init__(self) -> None:
        for n in self.n_in, self.n_out:
            if type(n) is not int or n < 1:
                raise SettingError(f"{self} needs whole numbers of at least 1 for n_in and n_out, got {n!r}")
        standard_deviation(self.start, self.n_in, self.n_out)  # refuses an unknown start

    def shapes(self) -> Shapes:
        return {"W": (self.n_in, self.n_out), "b": (self.n_out,)}

    def init(self, p: Named, rng: np.random.Generator) -> None:
        p.W = rng.normal(0, standard_deviation(self.start, self.n_in, self.n_out), p.W.shape)
        p.b = np.zeros(p.b.shape)

    def input_shape(self) -> tuple[int, ...]:
        return (self.n_in,)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        if input_shape != (self.n_in,):
            hint = ": flatten them first" if len(input_shape) > 1 else ""
            raise ShapeError(f"{self} takes inputs of shape ({self.n_in},), got {input_shape}{hint}")
        return (self.n_out,)

    def forward(self, p: Named, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, Array]:
        return x @ p.W + p.b, x

    def backward(self, p: Named, g: Named, x: Array, dy: Array) -> Array:
        self.parameter_gradient(p, g, x, dy)
        return dy @ p.W.T

    def parameter_gradient(self, p: Named, g: Named, x: Array, dy: Array) -> None:
        g.W = x.T @ dy
        g.b = namespace(dy).sum(dy, axis=0)
