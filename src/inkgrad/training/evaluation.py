"""Evaluation: what a network makes of many examples, a thousand at a time."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from inkgrad.arrays import AnyArray, NDArray, as_numpy
from inkgrad.data import Examples, inputs_like
from inkgrad.errors import DataError, Diverged
from inkgrad.fast import Fast, takes_bytes
from inkgrad.layers import Layer
from inkgrad.layout import Layout, Named
from inkgrad.training.engine import Engine
from inkgrad.training.objective import Objective

NUMBERS_AT_ONCE = 78_400  # of a hundred of MNIST's images, or twelve lines of 32 × 192


def outputs_at(p: Named, network: Layer, x: NDArray, theta: AnyArray) -> NDArray:
    """Return the network's outputs y (N, K) at parameters p, for inputs x, floats or bytes, without any randomness.

    p are views of theta.  On arrays of its library the network works; x and y are NumPy's.
    """
    bytes_will_do = x.dtype == np.uint8 and takes_bytes(network)
    chunks = []
    n = max(1, min(100, NUMBERS_AT_ONCE // max(x[:1].size, 1)))  # so what is between the layers stays in the cache
    for i in range(0, len(x), n):
        some = x[i : i + n]
        y, _ = network.forward(p, some if bytes_will_do else inputs_like(some, theta))
        chunks.append(as_numpy(y))
    return chunks[0] if len(chunks) == 1 else np.concatenate(chunks)


@dataclass(frozen=True)
class Evaluation:
    """The mean cost over some examples, and the class number predicted for each."""

    cost: float
    predicted: NDArray
    n_right: int

    @property
    def accuracy(self) -> float:
        """The part that is right, in [0, 1]."""
        return self.n_right / len(self.predicted)


def evaluate(objective: Objective, theta: AnyArray, examples: Examples, *, engine: Engine | None = None) -> Evaluation:
    """Return how the network does on `examples` of classes, with fast layers on one thread unless an engine is given.

    Raises Diverged when the cost is not a number, SettingError for a theta of a library that the engine does not take,
    DataError for examples whose targets are numbers.
    """
    if examples.t.dtype.kind == "f":  # labellings of lines are rows, too, but of classes
        raise DataError("evaluate takes examples of classes, and these have numbers: take evaluate_numbers")
    y, cost = _outputs_and_cost(objective, theta, examples, engine)
    predicted = np.argmax(y, axis=1)
    return Evaluation(cost, predicted, int(np.sum(predicted == examples.t)))


@dataclass(frozen=True)
class NumberEvaluation:
    """The mean cost over some examples whose targets are numbers, and the mean of (y - t)² over all their outputs."""

    cost: float
    mean_squared_error: float


def evaluate_numbers(
    objective: Objective, theta: AnyArray, examples: Examples, *, engine: Engine | None = None
) -> NumberEvaluation:
    """Return how the network does on `examples` whose targets are numbers, as `evaluate` does on those of classes.

    Raises what `evaluate` does, but DataError for examples of classes.
    """
    if examples.has_classes:
        raise DataError("evaluate_numbers takes examples of numbers, and these have classes: take evaluate")
    y, cost = _outputs_and_cost(objective, theta, examples, engine)
    return NumberEvaluation(cost, float(np.mean((y - examples.t) ** 2)))


def _outputs_and_cost(
    objective: Objective, theta: AnyArray, examples: Examples, engine: Engine | None
) -> tuple[NDArray, float]:
    engine = engine or Fast(1)
    engine.refuse_bad_arrays(theta)
    network = engine.fuse(objective.network)
    y = outputs_at(Layout(network.shapes()).views(theta), network, examples.x, theta)
    cost, _ = objective.cost.value_and_gradient(y, examples.t)
    if not isfinite(cost):
        raise Diverged(f"the cost of {len(examples)} examples is {cost}", objective.cost.remedy(examples.t))
    return y, cost
