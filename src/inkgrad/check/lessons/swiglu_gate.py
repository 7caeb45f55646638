"""SwiGLU whose backward forgets the derivative of the sigmoid in its gate."""

from __future__ import annotations

from functools import partial

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, by_hand


def swiglu(x: NDArray, W: NDArray, V: NDArray) -> NDArray:
    """Return a s(a) c with a = x W, c = x V and the sigmoid s.  (Shazeer 2020, https://arxiv.org/abs/2002.05202.)"""
    a, c = x @ W, x @ V
    return a * sigmoid(a) * c


def sigmoid(a: NDArray) -> NDArray:
    """Return 1 / (1 + exp(-a))."""
    return 1 / (1 + np.exp(-a))


def backward(dy: NDArray, x: NDArray, W: NDArray, V: NDArray, gate: float) -> tuple[NDArray, NDArray, NDArray]:
    """Return the gradients; `gate` is how often the derivative of the sigmoid is counted."""
    a, c = x @ W, x @ V
    s = sigmoid(a)
    da, dc = dy * c * (s + gate * a * s * (1 - s)), dy * a * s
    return da @ W.T + dc @ V.T, x.T @ da, x.T @ dc


def weights(rng: np.random.Generator) -> dict[str, NDArray]:
    """Return 5 inputs of 3 numbers, and the weights of 2 units."""
    return {"x": rng.normal(size=(5, 3)), "W": rng.normal(size=(3, 2)), "V": rng.normal(size=(3, 2))}


LESSON = Lesson(
    "swiglu-gate",
    "a SwiGLU that forgets the derivative of the sigmoid in its gate",
    "da = dy * c * s",
    "da = dy * c * (s + a * s * (1 - s))",
    Kind.term_missing,
    "a s(a) is a product, and a product has two terms. For large a the sigmoid is flat and the second term is gone, so "
    "units that are clearly on or off are right.",
    by_hand(
        "a SwiGLU of 2 units, 5 examples", swiglu, partial(backward, gate=0.0), partial(backward, gate=1.0), weights
    ),
)
