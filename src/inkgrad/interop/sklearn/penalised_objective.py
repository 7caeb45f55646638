"""What an estimator makes least: the cost with a weight for each example, and a penalty for large W.

Two classes have one logit, as in MLPClassifier.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.costs import Cost, SoftmaxCrossEntropy
from inkgrad.layers import Chain, Dense
from inkgrad.layout import Layout
from inkgrad.training import Engine, Objective
from inkgrad.training.objective import Evaluate


@dataclass(frozen=True)
class PenalisedObjective(Objective):
    """C(theta) = ( sum_i w_i loss_i + alpha / 2 sum_k W_k² ) / sum_i w_i, over the examples i of a batch.

    W_k are the entries of every parameter by the name of W: weights, but no biases.  Where no weights w are
    given all are 1.  An example with weight 2 does what two equal examples do, one with weight 0 nothing.

    Gradient  A cost is the mean of losses, C = 1/N sum_i loss_i, so its gradient has the rows
              dy_i = dloss_i/dy_i / N, and

              dC/dy_i = w_i dloss_i/dy_i / sum_j w_j = dy_i N w_i / sum_j w_j,
              dC/dW_k = (that of the losses) + alpha W_k / sum_j w_j.

    The penalty is that of scikit-learn's MLPClassifier: divided by the weight of the batch, not of all examples.
    """

    alpha: float = 0.0
    weighted: bool = False

    def on(self, engine: Engine) -> Self:
        if self.weighted:  # the fast cost knows no losses of single examples
            return replace(self, network=engine.fuse(self.network))
        found = super().on(engine)
        return replace(found, cost=found.cost.on(engine)) if isinstance(found.cost, OneLogitCrossEntropy) else found

    def at(self, theta: NDArray, gradient: NDArray) -> Evaluate:
        """Return the function of (x, t), (x, t, rng) or (x, t, rng, w) that evaluates a batch and writes `gradient`."""
        layout = self.layout
        p, g = layout.views(theta), layout.views(gradient)
        named_w = [place for path, (place, _) in layout.places.items() if path.rpartition(".")[2] == "W"]
        penalised = [(theta[place], gradient[place]) for place in named_w] if self.alpha else []

        def evaluate(
            x: NDArray, t: NDArray, rng: np.random.Generator | None = None, weights: NDArray | None = None
        ) -> float:
            y, cache = self.network.forward(p, x, rng)
            value, dy = self.cost.value_and_gradient(y, t)
            total: float = len(x)
            if weights is not None:
                total = float(weights.sum())
                value = float(weights @ self.cost.losses(y, t)) / total
                dy = dy * (weights * (len(x) / total)).astype(dy.dtype)[:, None]
            self.network.parameter_gradient(p, g, cache, dy)
            pull = self.alpha / total
            for W, dW in penalised:
                dW += pull * W
                value += 0.5 * pull * float(W @ W)
            return value

        return evaluate


# Two classes by one logit.


def two_logits(y: NDArray) -> NDArray:
    """Return the logits of both classes, (N, 2), given that of class 1, (N, 1)."""
    both = np.zeros((len(y), 2), y.dtype)
    both[:, 1:] = y
    return both


@dataclass(frozen=True)
class OneLogitCrossEntropy(Cost):
    """The cross-entropy of two classes with the logits 0 and y, where y (N, 1) is the output of the network.

    `of_two` is the cost of both logits.  As the first of them is always 0, dC/dy is the second column of its
    gradient: (p - t) / N with p = 1 / (1 + exp(-y)), the probability of class 1, and t = 0 or 1.
    """

    of_two: Cost = SoftmaxCrossEntropy()  # noqa: RUF009  it is immutable

    def on(self, engine: Engine) -> OneLogitCrossEntropy:
        """Return the same cost as an engine computes it."""
        _, of_two = engine.fuse_training(Chain(()), self.of_two)
        return OneLogitCrossEntropy(of_two)

    def losses(self, y: NDArray, t: NDArray) -> NDArray:
        return self.of_two.losses(two_logits(y), t)

    def value_and_gradient(self, y: NDArray, t: NDArray) -> tuple[float, NDArray]:
        value, dy = self.of_two.value_and_gradient(two_logits(y), t)
        return value, dy[:, 1:]

    def probabilities(self, y: NDArray) -> NDArray:
        """Return those of class 0 and class 1, (N, 2)."""
        return self.of_two.probabilities(two_logits(y))


def widened(network: Chain, theta: NDArray) -> tuple[Chain, NDArray]:
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
