"""A cross-entropy with smoothed labels whose backward forgets what smooths them."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, by_hand, softmax

E = 0.1  # of each label is shared by all classes


def cross_entropy(logits: NDArray, labels: NDArray) -> NDArray:
    """Return -(1 - E) log p at the labels - E log p at all classes, the mean of both.

    (Szegedy et al. 2016, https://arxiv.org/abs/1512.00567, section 7.)
    """
    log_p = np.log(softmax(logits))
    at_labels, anywhere = log_p[np.arange(len(labels)), labels].mean(), log_p.mean()
    return -(1 - E) * at_labels - E * anywhere


def wrong(dy: NDArray, logits: NDArray, labels: NDArray) -> tuple[NDArray, None]:
    """The gradient of the first term."""
    one_hot = np.eye(logits.shape[1])[labels]
    return dy * (1 - E) * (softmax(logits) - one_hot) / len(labels), None


def right(dy: NDArray, logits: NDArray, labels: NDArray) -> tuple[NDArray, None]:
    """Both terms have a gradient, and together the short one of any cross-entropy: p - targets."""
    targets = (1 - E) * np.eye(logits.shape[1])[labels] + E / logits.shape[1]
    return dy * (softmax(logits) - targets) / len(labels), None


def batch(rng: np.random.Generator) -> dict[str, NDArray]:
    """Return logits of 7 examples and 5 classes, and their labels."""
    return {"logits": rng.normal(size=(7, 5)), "labels": np.array([0, 3, 1, 2, 0, 4, 1])}


LESSON = Lesson(
    "smoothing-forgotten",
    "a cross-entropy with smoothed labels whose backward forgets what smooths them",
    "dlogits = (1 - E) * (p - one_hot) / N",
    "dlogits = (p - (1 - E) * one_hot - E / K) / N",
    Kind.term_missing,
    "The network trains as if no label were smoothed, only more slowly, and the cost that is shown rises again while "
    "it gets surer of itself.",
    by_hand("7 examples, 5 classes", cross_entropy, wrong, right, batch),
)
