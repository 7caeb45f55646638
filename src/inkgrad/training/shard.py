"""Shard: one worker's part of every batch, and how the parts become one gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import SettingError
from inkgrad.training.objective import Evaluate, Objective
from inkgrad.whole_numbers import shown_whole

Average = Callable[[float, NDArray, float], float]


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count` of every batch.

    `average(cost, gradient, weight)` makes the gradient, in place, the mean over all workers, and returns their
    mean cost; `weight` is the part of the batch that is this worker's, in [0, 1].  Without it each worker goes
    its own way.

    The cost of a batch is a mean over its examples.  So with n_i of N examples in shard i, and C_i their mean,

        C = sum_i (n_i / N) C_i     and     dC/dtheta = sum_i (n_i / N) dC_i/dtheta

    which is what one worker would find.

    Raises SettingError for an index that is not from 0 to count - 1.
    """

    index: int = 0
    count: int = 1
    average: Average | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            raise SettingError(
                f"a shard's index is from 0 to {shown_whole(self.count - 1)}, got {shown_whole(self.index)}"
            )

    def of(self, n: int) -> slice:
        """Return the places of this shard among n; shards differ in size by at most one."""
        return slice(n * self.index // self.count, n * (self.index + 1) // self.count)


@dataclass(frozen=True)
class ShardObjective(Objective):
    """The cost of whole batches, of which each worker sees its shard."""

    average: Average | None = None

    def at(self, theta: NDArray, gradient: NDArray) -> Evaluate:
        mine = super().at(theta, gradient)

        def evaluate(x: NDArray, t: NDArray, rng: np.random.Generator | None = None, weight: float = 1.0) -> float:
            if len(x):
                cost = mine(x, t, rng)
            else:  # the last batch of an epoch may have fewer examples than there are workers
                cost = 0.0
                gradient[...] = 0
            return cost if self.average is None else self.average(cost, gradient, weight)

        return evaluate
