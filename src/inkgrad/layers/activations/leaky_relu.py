"""LeakyReLU: y = x where x > 0, leak x elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from inkgrad.arrays import Array, namespace
from inkgrad.errors import SettingError
from inkgrad.layers.activations.base import Elementwise


@dataclass(frozen=True)
class LeakyReLU(Elementwise):
    """y = x where x > 0 and leak x elsewhere, with slopes 1 and leak; at the kink we take leak.

    A unit whose x is always negative still learns, where a ReLU would be dead.
    (Maas et al. 2013, https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf,
    with leak 0.01; ours is 0.1 unless told otherwise.)

    Raises SettingError for a leak outside [0, 1).
    """

    leak: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.leak < 1:
            raise SettingError(f"LeakyReLU takes a leak in [0, 1), got {self.leak}")

    def value(self, x: Array) -> Array:
        return namespace(x).where(x > 0, x, self.leak * x)

    def slope(self, x: Array, y: Array) -> Array:
        xp = namespace(x)
        return xp.where(x > 0, xp.ones_like(x), xp.full_like(x, self.leak))
