"""A cost that is a mean, with the gradient of a sum."""

from __future__ import annotations

from inkgrad.arrays import AnyArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, swap_cost
from inkgrad.costs import SoftmaxCrossEntropy


class SummedGradient(SoftmaxCrossEntropy):
    """The value is a mean, the gradient that of a sum."""

    def value_and_gradient(self, y: AnyArray, t: AnyArray) -> tuple[float, AnyArray]:
        value, dy = super().value_and_gradient(y, t)
        return value, dy * len(y)


LESSON = Lesson(
    "cost-sum-not-mean",
    "a cost that is a mean, with the gradient of a sum",
    "dy = softmax(y) - t",
    "dy = (softmax(y) - t) / N",
    Kind.factor,
    "The direction is right, so everything works, with a learning rate that secretly grows with the batch.",
    swap_cost(SoftmaxCrossEntropy(), SummedGradient()),
    SummedGradient,
    "the cost SoftmaxCrossEntropy",
)
