"""A derivative applied twice."""

from __future__ import annotations

from inkgrad.arrays import AnyArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, swap
from inkgrad.layers import Tanh


class TanhTwice(Tanh):
    """Applies the derivative twice."""

    def vjp(self, x: AnyArray, y: AnyArray, dy: AnyArray) -> AnyArray:
        dy = dy * (1 - y * y)
        return dy * (1 - y * y)


LESSON = Lesson(
    "derivative-twice",
    "a derivative applied twice",
    "dx = dy * (1 - y * y) * (1 - y * y)",
    "dx = dy * (1 - y * y)",
    Kind.derivative_twice,
    "dy holds all that happened above this layer, and nothing of this layer: each multiplies by its own, once.",
    swap(1, TanhTwice),
    TanhTwice,
    "a layer with Tanh",
)
