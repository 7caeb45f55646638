"""Noise: inputs shaken in training, left alone at inference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import Array, namespace
from inkgrad.errors import SettingError
from inkgrad.layers.base import Layer
from inkgrad.layout import Named


@dataclass(frozen=True)
class Noise(Layer):
    """y = x + e kept in [0, 1], where e is normal with standard deviation `std`, new at every call.

    It is for inputs in [0, 1], such as pixels: a network that never sees the same picture
    twice learns them less by heart.  Without `rng`, y = x.

    Shapes    x (N, ...)   y like x

    Backward  Where x + e lies in (0, 1), y_i = x_i + e_i and dy_i/dx_i = 1; where it was cut
              off, y_i is constant and dy_i/dx_i = 0.  So dx = dy ⊙ [0 < x + e < 1].

    Raises SettingError for a standard deviation below 0, infinite or NaN.
    """

    std: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.std < float("inf"):
            raise SettingError(f"Noise takes a standard deviation of 0 or more, got {self.std}")

    def forward(self, p: Named, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, Array | None]:
        if rng is None:
            return x, None
        xp = namespace(x)
        shaken = x + xp.asarray(rng.normal(0, self.std, x.shape), dtype=x.dtype, device=x.device)
        inside = xp.astype((shaken > 0) & (shaken < 1), x.dtype)
        return xp.clip(shaken, 0, 1), inside

    def backward(self, p: Named, g: Named, inside: Array | None, dy: Array) -> Array:
        return dy if inside is None else dy * inside
