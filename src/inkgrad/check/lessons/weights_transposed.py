"""W where its transpose belongs, which fits because W is square."""

from __future__ import annotations

from inkgrad.arrays import AnyArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, swap
from inkgrad.layers import Dense
from inkgrad.layout import Named


class UntransposedWeights(Dense):
    """W where Wᵀ is meant: the shapes fit, as W is square."""

    def backward(self, p: Named, g: Named, x: AnyArray, dy: AnyArray) -> AnyArray:
        self.parameter_gradient(p, g, x, dy)
        return dy @ p.W


LESSON = Lesson(
    "weights-transposed",
    "W where its transpose belongs, which fits because W is square",
    "dx = dy @ W",
    "dx = dy @ W.T",
    Kind.jacobian_not_transposed,
    "Backward goes from outputs to inputs, so W is read the other way. Only the layers below it suffer.",
    swap(2, UntransposedWeights),
    UntransposedWeights,
    "two dense layers of one size, one after the other",
    is_square=True,
)
