"""A bias whose gradient is never written."""

from __future__ import annotations

from inkgrad.arrays import AnyArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, swap
from inkgrad.layers import Dense
from inkgrad.layout import Named


class ForgottenBias(Dense):
    """Never writes the gradient of b."""

    def parameter_gradient(self, p: Named, g: Named, x: AnyArray, dy: AnyArray) -> None:
        g.W = x.T @ dy


LESSON = Lesson(
    "gradient-forgotten",
    "a bias whose gradient is never written",
    "g.W = x.T @ dy",
    "g.W, g.b = x.T @ dy, dy.sum(axis=0)",
    Kind.zero,
    "A checker that counts 0 beside 0.3 as agreement, and there are such, lets this pass.",
    swap(0, ForgottenBias),
    ForgottenBias,
    "a dense layer",
)
