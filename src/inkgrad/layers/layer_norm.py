"""LayerNorm: the numbers of each example on a common scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import Array, namespace
from inkgrad.errors import SettingError, ShapeError
from inkgrad.layers.base import Layer
from inkgrad.layers.standardise import standardise, standardise_backward
from inkgrad.layout import Named, Shapes


@dataclass(frozen=True)
class LayerNorm(Layer):
    """y = gain h + bias, where h is x shifted and scaled to mean 0 and variance 1 over its last axis.

    Training goes better when the numbers in a network keep their scale (Ba, Kiros & Hinton 2016,
    https://arxiv.org/abs/1607.06450); gain and bias let it choose another.  eps is added to the
    variance, so that an x of equal numbers gives h = 0.

    Shapes    x (..., n)   gain (n,)   bias (n,)   y (..., n)

    Backward  y_ij = g_j h_ij + b_j for the numbers j of each place i, so

              dC/dg_j  = sum_i dC/dy_ij h_ij     that is   dgain = the sum of dy ⊙ h over all but the last axis
              dC/db_j  = sum_i dC/dy_ij          that is   dbias = the sum of dy over all but the last axis
              dC/dh_ij = dC/dy_ij g_j            that is   dh = dy ⊙ gain

              and from dh to dx as standardise.py derives it: dx = r (dh - mean dh - h ⊙ mean(dh ⊙ h)).

    Start     gain one, bias zero: y = h.

    Raises SettingError unless n is a whole number of at least 1 and eps is above 0;
    ShapeError unless the last axis of the inputs has n numbers.
    """

    n: int
    eps: float = 1e-5

    def __post_init__(self) -> None:
        if type(self.n) is not int or self.n < 1:
            raise SettingError(f"{self} needs a whole number of at least 1 for n, got {self.n!r}")
        if not 0 < self.eps < float("inf"):
            raise SettingError(f"{self} needs a number above 0 for eps, got {self.eps}")

    def shapes(self) -> Shapes:
        return {"gain": (self.n,), "bias": (self.n,)}

    def init(self, p: Named, rng: np.random.Generator) -> None:
        p.gain, p.bias = np.ones(self.n), np.zeros(self.n)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        if input_shape[-1:] != (self.n,):
            raise ShapeError(f"{self} takes inputs of shape (..., {self.n}), got {input_shape}")
        return input_shape

    def forward(self, p: Named, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, tuple[Array, Array]]:
        h, r = standardise(x, -1, self.eps)
        return p.gain * h + p.bias, (h, r)

    def backward(self, p: Named, g: Named, cache: tuple[Array, Array], dy: Array) -> Array:
        xp, (h, r), others = namespace(dy), cache, tuple(range(dy.ndim - 1))
        g.gain = xp.sum(dy * h, axis=others)
        g.bias = xp.sum(dy, axis=others)
        return standardise_backward(h, r, p.gain * dy, -1)
