"""A layer that divides by N, as the cost does too."""

from __future__ import annotations

from inkgrad.arrays import AnyArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, swap
from inkgrad.layers import Dense
from inkgrad.layout import Named


class DividedAgain(Dense):
    """Divides by N, as the cost does too."""

    def parameter_gradient(self, p: Named, g: Named, x: AnyArray, dy: AnyArray) -> None:
        g.W = x.T @ dy / len(x)
        g.b = dy.sum(axis=0) / len(x)


LESSON = Lesson(
    "batch-twice",
    "a layer that divides by N, as the cost does too",
    "g.W, g.b = x.T @ dy / N, dy.sum(axis=0) / N",
    "g.W, g.b = x.T @ dy, dy.sum(axis=0)",
    Kind.factor,
    "Each step is N times too short, so the right learning rate depends on the batch size.",
    swap(0, DividedAgain),
    DividedAgain,
    "a dense layer",
)
