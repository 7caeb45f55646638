"""Attention whose backward forgets the scale of the scores."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, by_hand, softmax


def attention(q: NDArray, k: NDArray, v: NDArray) -> NDArray:
    """Return softmax(q kᵀ / √D) v, (N, E), of queries (N, D), keys (M, D) and values (M, E)."""
    return softmax(q @ k.T / np.sqrt(q.shape[1])) @ v


def wrong(dy: NDArray, q: NDArray, k: NDArray, v: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """The scores are divided by √D in forward alone."""
    p, dp = softmax(q @ k.T / np.sqrt(q.shape[1])), dy @ v.T
    dscores = p * (dp - (dp * p).sum(axis=1, keepdims=True))
    return dscores @ k, dscores.T @ q, p.T @ dy


def right(dy: NDArray, q: NDArray, k: NDArray, v: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """What divides in forward divides in backward."""
    dq, dk, dv = wrong(dy, q, k, v)
    return dq / np.sqrt(q.shape[1]), dk / np.sqrt(q.shape[1]), dv


def heads(rng: np.random.Generator) -> dict[str, NDArray]:
    """Return 5 queries, and 7 keys with their values."""
    return {"q": rng.normal(size=(5, 3)), "k": rng.normal(size=(7, 3)), "v": rng.normal(size=(7, 2))}


LESSON = Lesson(
    "attention-unscaled",
    "attention whose backward forgets that the scores are divided by √D",
    "dq, dk = dscores @ k, dscores.T @ q",
    "dq, dk = dscores @ k / √D, dscores.T @ q / √D",
    Kind.factor,
    "Queries and keys learn √D times faster than they should, here 1.73, in a head of 64 numbers 8. Adam hides it, as "
    "it divides each gradient by its own length.",
    by_hand("5 queries and 7 keys of 3 numbers", attention, wrong, right, heads),
)
