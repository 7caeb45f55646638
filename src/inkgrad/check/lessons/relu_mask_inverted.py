"""A ReLU that lets dy through where it was off."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import AnyArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, swap
from inkgrad.layers import ReLU


class InvertedReLU(ReLU):
    """Lets dy through where the unit was off."""

    def slope(self, x: AnyArray, y: AnyArray) -> AnyArray:
        return np.where(x > 0, 0.0, 1.0)


LESSON = Lesson(
    "relu-mask-inverted",
    "a ReLU that lets dy through where it was off",
    "dx = dy * (x <= 0)",
    "dx = dy * (x > 0)",
    Kind.wrong_mask,
    "What did not pass forward must not pass back.",
    swap(1, InvertedReLU, ReLU()),
    InvertedReLU,
    "a layer with ReLU",
)
