"""A loop over the batch that overwrites instead of adding up."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import AnyArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, swap
from inkgrad.layers import Dense
from inkgrad.layout import Named


class LastExampleOnly(Dense):
    """Overwrites where it should add up."""

    def parameter_gradient(self, p: Named, g: Named, x: AnyArray, dy: AnyArray) -> None:
        for x_i, dy_i in zip(x, dy, strict=True):
            g.W = np.outer(x_i, dy_i)
        g.b = dy.sum(axis=0)


LESSON = Lesson(
    "last-example-only",
    "a loop over the batch that overwrites instead of adding up",
    "for i in range(N): g.W = np.outer(x[i], dy[i])",
    "for i in range(N): g.W += np.outer(x[i], dy[i])",
    Kind.one_example,
    "With a batch of 1 it is right, so test with more. The network learns, from one example in N.",
    swap(0, LastExampleOnly),
    LastExampleOnly,
    "a dense layer",
)
