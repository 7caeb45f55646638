"""A gradient that counts the labels from 1 where the cost counts from 0."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import AnyArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, swap_cost
from inkgrad.costs import SoftmaxCrossEntropy, as_targets


class ShiftedTargets(SoftmaxCrossEntropy):
    """Its gradient counts the labels from 1."""

    def value_and_gradient(self, y: AnyArray, t: AnyArray) -> tuple[float, AnyArray]:
        value, _ = super().value_and_gradient(y, t)
        return value, super().value_and_gradient(y, np.roll(as_targets(t, y), 1, axis=1))[1]


LESSON = Lesson(
    "target-shifted",
    "a gradient that counts the labels from 1 where the cost counts from 0",
    "dy = (softmax(y) - np.roll(t, 1, axis=1)) / N",
    "dy = (softmax(y) - t) / N",
    Kind.label_shift,
    "The network learns well, to say the next label. The cost, which goes up, is right; the gradient is not.",
    swap_cost(SoftmaxCrossEntropy(), ShiftedTargets()),
    ShiftedTargets,
    "the cost SoftmaxCrossEntropy",
)
