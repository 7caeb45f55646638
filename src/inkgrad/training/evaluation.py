"""Evaluation: what a network makes of many examples, a thousand at a time."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from inkgrad.arrays import Array
from inkgrad.data import Examples, as_inputs
from inkgrad.errors import Diverged
from inkgrad.fast import fuse, takes_bytes
from inkgrad.layers import Layer
from inkgrad.layout import Layout
from inkgrad.training.objective import Objective

CHUNK = 1000  # bounds the memory


def outputs(network: Layer, theta: Array, x: Array) -> Array:
    """Return the network's outputs y (N, K) for inputs x, floats or bytes, without any randomness."""
    p = Layout(network.shapes()).views(theta)
    bytes_will_do = takes_bytes(network) and x.dtype == np.uint8
    chunks = (x[i : i + CHUNK] for i in range(0, len(x), CHUNK))
    inputs = chunks if bytes_will_do else (as_inputs(chunk, theta.dtype.type) for chunk in chunks)
    return np.concatenate([network.forward(p, chunk)[0] for chunk in inputs])


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


def evaluate(
    objective: Objective, theta: Array, examples: Examples, *, plain: bool = False, n_threads: int = 1
) -> Evaluation:
    """Return how the network does on `examples`, with fast layers on `n_threads` threads unless `plain`.

    Raises Diverged when the cost is not a number.
    """
    network = objective.network if plain else fuse(objective.network, n_threads)
    y = outputs(network, theta, examples.x)
    cost, _ = objective.cost.value_and_gradient(y, examples.t)
    if not isfinite(cost):
        raise Diverged(f"the cost of {len(examples)} examples is {cost}: try a smaller learning rate")
    predicted = np.argmax(y, axis=1)
    return Evaluation(cost, predicted, int(np.sum(predicted == examples.t)))
