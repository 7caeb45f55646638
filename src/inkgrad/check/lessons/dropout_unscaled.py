"""A dropout that forgets in backward that it has scaled in forward."""

from __future__ import annotations

from inkgrad.arrays import AnyArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, swap
from inkgrad.layers import Dropout, Tanh
from inkgrad.layout import Named


class UnscaledDropout(Dropout):
    """Drops in backward, but forgets the 1 / (1 - rate)."""

    def backward(self, p: Named, g: Named, mask: AnyArray | None, dy: AnyArray) -> AnyArray:
        return dy if mask is None else dy * (mask > 0)


LESSON = Lesson(
    "dropout-unscaled",
    "a dropout that forgets in backward that it has scaled in forward",
    "dx = dy * (mask > 0)",
    "dx = dy * mask",
    Kind.factor,
    "The mask holds 0 and 1 / (1 - rate). The direction for the layers below is right, its length is not.",
    swap(2, UnscaledDropout, Tanh(), Dropout(0.4)),
    UnscaledDropout,
    "dropout",
)
