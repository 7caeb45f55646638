"""A weight gradient that points downhill."""

from __future__ import annotations

from inkgrad.arrays import AnyArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, swap
from inkgrad.layers import Dense
from inkgrad.layout import Named


class FlippedSign(Dense):
    """Gives the way down instead of the gradient, which the optimizer then turns round."""

    def parameter_gradient(self, p: Named, g: Named, x: AnyArray, dy: AnyArray) -> None:
        g.W = -(x.T @ dy)
        g.b = dy.sum(axis=0)


LESSON = Lesson(
    "sign-flipped",
    "a weight gradient that points downhill",
    "g.W = -(x.T @ dy)",
    "g.W = x.T @ dy",
    Kind.sign,
    "The gradient points uphill; going the other way is the work of the optimizer alone.",
    swap(0, FlippedSign),
    FlippedSign,
    "a dense layer",
)
