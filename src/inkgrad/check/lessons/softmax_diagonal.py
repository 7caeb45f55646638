"""A softmax whose backward knows only the diagonal of its Jacobian."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import AnyArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Exhibit, Lesson
from inkgrad.check.network import Problem
from inkgrad.costs import SquaredError
from inkgrad.layers import Chain, Dense, Softmax


class DiagonalSoftmax(Softmax):
    """Each output is taken to depend on its own input alone."""

    def vjp(self, x: AnyArray, y: AnyArray, dy: AnyArray) -> AnyArray:
        return dy * y * (1 - y)


def fish_or_goat() -> tuple[Exhibit, ...]:
    """One goat, (0.924, 0.166), with the labels fish and goat, and with a third that is never used."""
    x, t = np.array([[0.924, 0.166]]), np.array([1])
    weights = (  # of the network in which the mistake was first seen, a row for each label
        (0.3251169104168574, 1.0577112895890197),
        (0.36170159819321346, 0.014072284781826894),
        (-1.271551261654049, 0.32522080597322767),
    )

    def exhibit(title: str, n: int) -> Exhibit:
        theta = np.concatenate([np.array(weights[:n]).T.ravel(), np.full(n, 0.1)])  # ours: a row for each input
        right, wrong = (Chain((Dense(2, n), softmax)) for softmax in (Softmax(), DiagonalSoftmax()))
        cost = SquaredError()
        return Exhibit(title, Problem(right, cost, x, t, theta), Problem(wrong, cost, x, t, theta))

    return exhibit("two labels, fish and goat", 2), exhibit("three labels, the third never used", 3)


LESSON = Lesson(
    "softmax-diagonal",
    "a softmax whose backward knows only the diagonal of its Jacobian",
    "dx = dy * y * (1 - y)",
    "dx = y * (dy - (dy * y).sum(axis=-1, keepdims=True))",
    Kind.diagonal_jacobian,
    "With two labels it looks like a harmless factor of ½: g₂ = -g₁, so the two terms of each sum are equal. "
    "With three the ratios are uneven and the direction is wrong.",
    fish_or_goat,
    DiagonalSoftmax,
    "a softmax layer",
)
