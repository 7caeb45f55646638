"""The gradient y - t of logits, handed to a softmax layer all the same."""

from __future__ import annotations

from inkgrad.arrays import AnyArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, swap_cost
from inkgrad.costs import CrossEntropy, as_targets
from inkgrad.layers import Softmax


class FusedGradient(CrossEntropy):
    """The short y - t, which has a softmax or a sigmoid in it already."""

    def value_and_gradient(self, y: AnyArray, t: AnyArray) -> tuple[float, AnyArray]:
        value, _ = super().value_and_gradient(y, t)
        return value, (y - as_targets(t, y)) / len(y)


LESSON = Lesson(
    "softmax-twice",
    "the gradient y - t of logits, handed to a softmax layer all the same",
    "dy = (y - t) / N",
    "dy = ((1 - t) / (1 - y) - t / y) / N",
    Kind.fused_twice,
    "y - t is what is left after the derivative of the softmax; a softmax layer applies that once more.",
    swap_cost(CrossEntropy(), FusedGradient(), Softmax()),
    FusedGradient,
    "the cost CrossEntropy",
)
