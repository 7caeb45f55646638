"""Softmax: numbers become probabilities."""

from __future__ import annotations

from dataclasses import dataclass

from inkgrad.arrays import Array, namespace
from inkgrad.layers.activations.base import Activation


@dataclass(frozen=True)
class Softmax(Activation):
    """y_i = exp x_i / S with S = sum_k exp x_k over the last axis: positive numbers that sum to 1.

    Taking the largest x from all changes nothing but keeps exp from overflowing.

    Jacobian  Every output depends on every input: on its own through exp x_i, and on all of them
              through S.  As dS/dx_j = exp x_j, the quotient rule gives

              dy_i/dx_i = (exp x_i S - exp x_i exp x_i) / S² = y_i (1 - y_i)
              dy_i/dx_j = (    0   S - exp x_i exp x_j) / S² =   - y_i y_j       for j ≠ i

              or both in one, where δ_ij is 1 if i = j, else 0 (Bishop 2006, Pattern Recognition
              and Machine Learning, equation 4.106),

              J_ij = dy_i/dx_j = y_i (δ_ij - y_j)      that is   J = diag(y) - y yᵀ

              With three outputs the whole of it is

                  ⎡ y_1 (1 - y_1)     - y_1 y_2         - y_1 y_3     ⎤
              J = ⎢   - y_2 y_1     y_2 (1 - y_2)       - y_2 y_3     ⎥
                  ⎣   - y_3 y_1       - y_3 y_2       y_3 (1 - y_3)   ⎦

              Each column sums to 0, as the outputs always sum to 1: what one gains the others
              lose.  Each row sums to 0, as the same number added to all x changes nothing.  The
              diagonal alone, y_i (1 - y_i), is the slope of a sigmoid; whoever stops there
              forgets that raising one probability lowers all the others.

    Backward  dx_j = sum_i dy_i J_ij
                   = sum_i dy_i y_i δ_ij - sum_i dy_i y_i y_j
                   = y_j (dy_j - sum_i dy_i y_i)

              so dy J needs one inner product, not the full matrix: dx = y ⊙ (dy - <dy, y>).
    """

    def value(self, x: Array) -> Array:
        xp = namespace(x)
        e = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
        return e / xp.sum(e, axis=-1, keepdims=True)

    def vjp(self, x: Array, y: Array, dy: Array) -> Array:
        return y * (dy - namespace(y).sum(dy * y, axis=-1, keepdims=True))

    def jacobian(self, x: Array) -> Array:
        xp, y = namespace(x), self.value(x)
        return xp.eye(x.shape[0], dtype=x.dtype, device=x.device) * y - y[:, None] * y[None, :]
