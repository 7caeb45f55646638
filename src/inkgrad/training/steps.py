"""train(): the loop whose body is yours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from inkgrad.arrays import NDArray, namespace
from inkgrad.errors import Diverged
from inkgrad.optimizers import Optimizer
from inkgrad.training.objective import Objective


@dataclass(frozen=True)
class Step:
    """Where training stands after one step.  theta and state are live: copy to keep."""

    number: int
    cost: float
    theta: NDArray
    state: dict[str, NDArray]


def train(
    objective: Objective,
    theta: NDArray,
    batches: Iterable[tuple[Any, ...]],
    optimizer: Optimizer,
    state: Mapping[str, NDArray] | None = None,
) -> Iterator[Step]:
    """Yield a Step for each batch.  The body of your for loop is the callback; break stops early:

    >>> import numpy as np
    >>> from inkgrad.costs import SquaredError
    >>> from inkgrad.layers import Dense
    >>> from inkgrad.optimizers import SGD
    >>> x = np.array([[0.0], [1.0]])
    >>> batch = x, 2 * x + 1
    >>> for step in train(Objective(Dense(1, 1), SquaredError()), np.zeros(2), [batch] * 500, SGD(0.5)):
    ...     if step.cost < 1e-9:
    ...         break
    >>> step.number, step.theta.round(3)
    (95, array([2., 1.]))

    A batch is (x, t), or (x, t, rng) for a network that acts at random in training.  `theta` and
    `state`, the optimizer's memory where a training goes on, are copied first.

    Raises Diverged when the cost is no longer a number, at the theta of the last Step.
    """
    theta = _copy(theta)
    gradient = namespace(theta).empty_like(theta)
    state = optimizer.init(theta) if state is None else {name: _copy(array) for name, array in state.items()}
    evaluate = objective.at(theta, gradient)
    for number, batch in enumerate(batches, start=1):
        cost = evaluate(*batch)
        if not isfinite(cost):
            raise Diverged(f"the cost is {cost} at step {number}", objective.cost.remedy(batch[1]))
        optimizer.step(theta, gradient, state)
        yield Step(number, cost, theta, state)


def _copy(array: NDArray) -> NDArray:
    return namespace(array).asarray(array, copy=True)
