"""Rotary positions that are turned on in backward, not back."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, by_hand


def turned(x: NDArray, way: float = 1.0) -> NDArray:
    """Return x, (T, D), with each pair of numbers turned by an angle that grows with the place t.

    (Su et al. 2021, https://arxiv.org/abs/2104.09864, equation 34.)
    """
    half = x.shape[1] // 2
    angle = way * np.arange(len(x))[:, np.newaxis] * 100.0 ** -(np.arange(half) / half)
    cos, sin, first, second = np.cos(angle), np.sin(angle), x[:, :half], x[:, half:]
    return np.concatenate([first * cos - second * sin, first * sin + second * cos], axis=1)


def wrong(dy: NDArray, x: NDArray) -> tuple[NDArray]:
    """The same rotation once more."""
    return (turned(dy),)


def right(dy: NDArray, x: NDArray) -> tuple[NDArray]:
    """The transpose of a rotation is the rotation back."""
    return (turned(dy, way=-1.0),)


LESSON = Lesson(
    "rope-turned",
    "rotary positions that backward turns on, not back",
    "dx = turned(dy)",
    "dx = turned(dy, way=-1)",
    Kind.jacobian_not_transposed,
    "The gradient has the right length everywhere, and at the first place, which is not turned, it is right. The "
    "farther from there, the more it points another way.",
    by_hand(
        "rotary positions, 5 places of 4 numbers", turned, wrong, right, lambda rng: {"x": rng.normal(size=(5, 4))}
    ),
)
