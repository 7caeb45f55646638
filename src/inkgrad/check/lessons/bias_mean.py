"""A bias gradient that is the mean over the batch, not the sum."""

from __future__ import annotations

from inkgrad.arrays import AnyArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, swap
from inkgrad.layers import Dense
from inkgrad.layout import Named


class BiasMean(Dense):
    """The mean over the batch, where the cost has divided by N already."""

    def parameter_gradient(self, p: Named, g: Named, x: AnyArray, dy: AnyArray) -> None:
        g.W = x.T @ dy
        g.b = dy.mean(axis=0)


LESSON = Lesson(
    "bias-mean",
    "a bias gradient that is the mean over the batch, not the sum",
    "g.b = dy.mean(axis=0)",
    "g.b = dy.sum(axis=0)",
    Kind.factor,
    "The cost has divided by N already. The biases learn N times too slowly, and nobody notices.",
    swap(0, BiasMean),
    BiasMean,
    "a dense layer",
)
