"""Weight decay in the gradient that the cost knows nothing of."""

from __future__ import annotations

from inkgrad.arrays import AnyArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, swap
from inkgrad.layers import Dense
from inkgrad.layout import Named


class Decayed(Dense):
    """Adds weight decay, of which the cost knows nothing."""

    def parameter_gradient(self, p: Named, g: Named, x: AnyArray, dy: AnyArray) -> None:
        g.W = x.T @ dy + 0.05 * p.W
        g.b = dy.sum(axis=0)


LESSON = Lesson(
    "weight-decay",
    "weight decay in the gradient that the cost knows nothing of",
    "g.W = x.T @ dy + 0.05 * W",
    "g.W = x.T @ dy",
    Kind.weight_decay,
    "Decay may be wanted; then it belongs into the cost as well, or into the optimizer, not into a layer.",
    swap(0, Decayed),
    Decayed,
    "a dense layer",
)
