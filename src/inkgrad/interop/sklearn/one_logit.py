"""Two classes by one logit, as MLPClassifier has them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from inkgrad.arrays import Array
from inkgrad.costs import Cost, SoftmaxCrossEntropy
from inkgrad.layers import Chain, Dense
from inkgrad.layout import Layout
from inkgrad.training import Engine


def two_logits(y: Array) -> Array:
    """Return the logits of both classes, (N, 2), given that of class 1, (N, 1)."""
    both = np.zeros((len(y), 2), y.dtype)
    both[:, 1:] = y
    return both


@dataclass(frozen=True)
class OneLogitCrossEntropy(Cost):
    """The cross-entropy of two classes with the logits 0 and y, where y (N, 1) is the output of the network.

    `of_two` is the cost of both logits.  As the first of them is no output, dC/dy is the second column of its
    gradient: (p - t) / N with p = 1 / (1 + exp(-y)), the probability of class 1, and t = 0 or 1.
    """

    of_two: Cost = SoftmaxCrossEntropy()  # noqa: RUF009  it is immutable

    def on(self, engine: Engine) -> OneLogitCrossEntropy:
        """Return the same cost as an engine computes it."""
        _, of_two = engine.fuse_training(Chain(()), self.of_two)
        return OneLogitCrossEntropy(of_two)

    def losses(self, y: Array, t: Array) -> Array:
        return self.of_two.losses(two_logits(y), t)

    def value_and_gradient(self, y: Array, t: Array) -> tuple[float, Array]:
        value, dy = self.of_two.value_and_gradient(two_logits(y), t)
        return value, dy[:, 1:]

    def probabilities(self, y: Array) -> Array:
        """Return those of class 0 and class 1, (N, 2)."""
        return self.of_two.probabilities(two_logits(y))


def widened(network: Chain, theta: Array) -> tuple[Chain, Array]:
    """Return a chain with both logits, and its parameters, for one that ends in Dense(n_in, 1): class 0 has zeros."""
    last = network.layers[-1]
    assert isinstance(last, Dense)
    wide = Chain((*network.layers[:-1], replace(last, n_out=2)))
    wide_theta = np.zeros(Layout(wide.shapes()).size, theta.dtype)
    found, wanted = Layout(network.shapes()).parts(theta), Layout(wide.shapes()).parts(wide_theta)
    for path, part in found.items():
        if part.shape == wanted[path].shape:
            wanted[path][...] = part
        else:
            wanted[path][..., 1:] = part
    return wide, wide_theta
