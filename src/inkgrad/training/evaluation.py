"""Evaluation: what a network makes of many examples, a thousand at a time."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from inkgrad.arrays import Array
from inkgrad.data import Examples, as_inputs
from inkgrad.errors import Diverged
from inkgrad.training.objective import Objective

CHUNK = 1000  # bounds the memory


def outputs(objective: Objective, theta: Array, x: Array) -> Array:
    """Return the network's outputs y (N, K) for inputs x, floats or bytes, without any randomness."""
    p = objective.layout.views(theta)
    dtype = theta.dtype.type
    chunks = (as_inputs(x[i : i + CHUNK], dtype) for i in range(0, len(x), CHUNK))
    return np.concatenate([objective.network.forward(p, chunk)[0] for chunk in chunks])


@dataclass(frozen=True)
class Evaluation:
    """The mean cost over some examples, and the class number predicted for each."""

    cost: float
    predicted: Array
    n_right: int

    @property
    def accuracy(self) -> float:
        """The part that is right, in [0, 1]."""
        return self.n_right / len(self.predicted)


def evaluate(objective: Objective, theta: Array, examples: Examples) -> Evaluation:
    """Return how the network does on `examples`.

    Raises Diverged when the cost is not a number.
    """
    y = outputs(objective, theta, examples.x)
    cost, _ = objective.cost.value_and_gradient(y, examples.t)
    if not isfinite(cost):
        raise Diverged(f"the cost of {len(examples)} examples is {cost}: try a smaller learning rate")
    predicted = np.argmax(y, axis=1)
    return Evaluation(cost, predicted, int(np.sum(predicted == examples.t)))
