"""What an estimator makes least: the cost with a weight for each example, and a penalty for large W."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from inkgrad.arrays import Array
from inkgrad.interop.sklearn.one_logit import OneLogitCrossEntropy
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

    def at(self, theta: Array, gradient: Array) -> Evaluate:
        """Return the function of (x, t), (x, t, rng) or (x, t, rng, w) that evaluates a batch and writes `gradient`."""
        layout = self.layout
        p, g = layout.views(theta), layout.views(gradient)
        named_w = [place for path, (place, _) in layout.places.items() if path.rpartition(".")[2] == "W"]
        penalised = [(theta[place], gradient[place]) for place in named_w] if self.alpha else []

        def evaluate(x: Array, t: Array, rng: np.random.Generator | None = None, weights: Array | None = None) -> float:
            y, cache = self.network.forward(p, x, rng)
            value, dy = self.cost.value_and_gradient(y, t)
            total: float = len(y)
            if weights is not None:
                total = float(weights.sum())
                value = float(weights @ self.cost.losses(y, t)) / total
                dy = dy * (weights * (len(y) / total)).astype(dy.dtype)[:, None]
            self.network.parameter_gradient(p, g, cache, dy)
            pull = self.alpha / total
            for W, dW in penalised:
                dW += pull * W
                value += 0.5 * pull * float(W @ W)
            return value

        return evaluate
