"""A cross-entropy that leaves some labels out, and gives their outputs a gradient all the same."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, by_hand, softmax


def cross_entropy(logits: NDArray, labels: NDArray) -> NDArray:
    """Return the mean of -log softmax(logits) at the labels; rows whose label is -1 do not count."""
    counts = labels >= 0
    p = softmax(logits)
    return -np.log(p[counts, labels[counts]]).mean()


def wrong(dy: NDArray, logits: NDArray, labels: NDArray) -> tuple[NDArray, None]:
    """A label of -1 is the last class to NumPy, and so are its outputs pulled there."""
    counts = labels >= 0
    d = softmax(logits) - np.eye(logits.shape[1])[labels]
    return dy * d / counts.sum(), None


def right(dy: NDArray, logits: NDArray, labels: NDArray) -> tuple[NDArray, None]:
    """What forward leaves out gets no gradient."""
    dlogits, _ = wrong(dy, logits, labels)
    return dlogits * (labels >= 0)[:, np.newaxis], None


def batch(rng: np.random.Generator) -> dict[str, NDArray]:
    """Return logits of 7 examples and 5 classes, and labels of which two do not count."""
    return {"logits": rng.normal(size=(7, 5)), "labels": np.array([0, 3, -1, 2, -1, 4, 1])}


LESSON = Lesson(
    "ignored-labels",
    "a cross-entropy without some labels, whose outputs get a gradient all the same",
    "dlogits = (p - one_hot) / n",
    "dlogits = (p - one_hot) * counts[:, None] / n",
    Kind.mask_forgotten,
    "The padding of each sentence is learned as if it were words. Divide by the number of labels that count, too, not "
    "by all.",
    by_hand("7 examples, 5 classes, two labels left out", cross_entropy, wrong, right, batch),
)
