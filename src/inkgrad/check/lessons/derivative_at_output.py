"""A derivative taken at y = tanh x instead of x."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import AnyArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, swap
from inkgrad.layers import Tanh


class TanhAtOutput(Tanh):
    """Takes the derivative at y, not at x."""

    def slope(self, x: AnyArray, y: AnyArray) -> AnyArray:
        return 1 - np.tanh(y) ** 2


LESSON = Lesson(
    "derivative-at-output",
    "a derivative taken at y = tanh x instead of x",
    "dx = dy * (1 - np.tanh(y) ** 2)",
    "dx = dy * (1 - y ** 2)",
    Kind.derivative_at_output,
    "y is tanh x already; whoever calls tanh once more stands at another point of the curve.",
    swap(1, TanhAtOutput),
    TanhAtOutput,
    "a layer with Tanh",
)
