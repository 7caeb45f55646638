"""An activation that passes dy on as it came."""

from __future__ import annotations

from inkgrad.arrays import AnyArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, swap
from inkgrad.layers import Tanh


class ForgottenTanh(Tanh):
    """Passes dy on as it came."""

    def vjp(self, x: AnyArray, y: AnyArray, dy: AnyArray) -> AnyArray:
        return dy


LESSON = Lesson(
    "derivative-forgotten",
    "an activation that passes dy on as it came",
    "dx = dy",
    "dx = dy * (1 - y * y)",
    Kind.derivative_forgotten,
    "Near 0 tanh has slope 1, so that with small weights the mistake is small too, and the network learns.",
    swap(1, ForgottenTanh),
    ForgottenTanh,
    "a layer with Tanh",
)
