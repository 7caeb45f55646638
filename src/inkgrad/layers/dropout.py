"""Dropout: random zeros in training, nothing at inference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import Array, namespace
from inkgrad.errors import SettingError
from inkgrad.layers.base import Layer
from inkgrad.layout import Named


@dataclass(frozen=True)
class Dropout(Layer):
    """Set each input to zero with probability `rate` in [0, 1), and scale the rest by 1 / (1 - rate).

    The scaling keeps the mean of y equal to x, so inference need not change anything.
    (Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html, section 10.)

    Shapes    x (N, ...)   y like x

    Backward  y_i = m_i x_i with m_i = 0 or 1 / (1 - rate), drawn in forward, so dx = dy ⊙ m
              with the same m.

    Raises SettingError for a rate outside [0, 1).
    """

    rate: float

    def __post_init__(self) -> None:
        if not 0 <= self.rate < 1:
            raise SettingError(f"Dropout takes a rate in [0, 1), got {self.rate}")

    def forward(self, p: Named, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, Array | None]:
        if rng is None:
            return x, None
        xp = namespace(x)
        kept = xp.asarray(rng.random(x.shape) >= self.rate, device=x.device)
        mask = xp.astype(kept, x.dtype) / (1 - self.rate)
        return x * mask, mask

    def backward(self, p: Named, g: Named, mask: Array | None, dy: Array) -> Array:
        return dy if mask is None else dy * mask
