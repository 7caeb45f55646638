"""ELU: the identity for x > 0, an exponential that levels off at -alpha for x < 0."""

from __future__ import annotations

from dataclasses import dataclass

from inkgrad.arrays import Array, namespace
from inkgrad.errors import SettingError
from inkgrad.layers.activations.base import Elementwise


@dataclass(frozen=True)
class ELU(Elementwise):
    """y = x where x > 0, alpha (exp x - 1) elsewhere.

    (Clevert et al. 2016, https://arxiv.org/abs/1511.07289, section 3.)

    Slope     1 where x > 0.  Elsewhere dy/dx = alpha exp x, and as alpha exp x = y + alpha
              it is read off y.  With alpha = 1 both are 1 at x = 0: there is no kink.

    expm1 keeps the digits that exp x - 1 loses next to 0; the minimum keeps it from
    overflowing where its result is not used.

    Raises SettingError unless alpha is above 0 and finite.
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.alpha < float("inf"):
            raise SettingError(f"ELU takes an alpha above 0, got {self.alpha}")

    def value(self, x: Array) -> Array:
        xp = namespace(x)
        return xp.where(x > 0, x, self.alpha * xp.expm1(xp.minimum(x, 0)))

    def slope(self, x: Array, y: Array) -> Array:
        xp = namespace(x)
        return xp.where(x > 0, xp.ones_like(x), y + self.alpha)
