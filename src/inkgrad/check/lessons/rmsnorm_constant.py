"""RMSNorm whose backward takes the norm for a constant."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, by_hand


def size(x: NDArray) -> NDArray:
    """Return the root of the mean of the squares of each row, (N, 1)."""
    mean_square = (x * x).mean(axis=1, keepdims=True)
    return np.sqrt(mean_square + 1e-6)


def normalised(x: NDArray, g: NDArray) -> NDArray:
    """Return g x / size(x), (N, D).  (Zhang and Sennrich 2019, https://arxiv.org/abs/1910.07467, equation 4.)"""
    return g * x / size(x)


def wrong(dy: NDArray, x: NDArray, g: NDArray) -> tuple[NDArray, NDArray]:
    """The size of a row does not move with x."""
    return dy * g / size(x), (dy * x / size(x)).sum(axis=0)


def right(dy: NDArray, x: NDArray, g: NDArray) -> tuple[NDArray, NDArray]:
    """With h = x / size(x) and q = dy g: dx = (q - h mean(q h)) / size(x)."""
    h, q = x / size(x), dy * g
    return (q - h * (q * h).mean(axis=1, keepdims=True)) / size(x), (dy * h).sum(axis=0)


def batch(rng: np.random.Generator) -> dict[str, NDArray]:
    """Return 5 rows of 3 numbers, and their gains."""
    return {"x": rng.normal(size=(5, 3)), "g": rng.normal(1, 0.2, size=3)}


LESSON = Lesson(
    "rmsnorm-constant",
    "an RMSNorm whose backward takes the norm for a constant",
    "dx = dy * g / size",
    "dx = (q - h * (q * h).mean(axis=1, keepdims=True)) / size, with q = dy * g and h = x / size",
    Kind.term_missing,
    "Each number of a long row moves the norm but little, and all of them together do: what is missing is the part of "
    "the gradient along x itself.",
    by_hand("an RMSNorm of 5 rows of 3 numbers", normalised, wrong, right, batch),
)
