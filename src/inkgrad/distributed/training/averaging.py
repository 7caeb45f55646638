"""Averaging: what the workers have found becomes one cost, one gradient, one theta."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import Array
from inkgrad.data import Examples
from inkgrad.distributed.training.groups import Group
from inkgrad.errors import Diverged
from inkgrad.sessions.log_row import score
from inkgrad.training import Run, Shard


class Averaging:
    """The averages that the workers of a group take together, each weighted by the part of the examples it has.

    With each of them goes whether rank 0 was `asked` to stop, so all workers `stop` after the same step.
    """

    def __init__(self, group: Group, shard: Shard, size: int, dtype: np.dtype[np.floating]) -> None:
        self.group, self.shard = group, shard
        self.buffer = np.empty(size + 2, dtype)  # the cost, whether to stop, and the vector
        self.asked = self.stop = False

    def gradient(self, cost: float, gradient: Array, weight: float) -> float:
        """Make the gradient, in place, the mean of all workers'; return their mean cost."""
        buffer = self.buffer[: gradient.size + 2]
        buffer[:2] = cost * weight, self.asked
        np.multiply(gradient, weight, out=buffer[2:])
        self.group.sum(buffer)
        gradient[:] = buffer[2:]
        self.stop = bool(buffer[1])
        return float(buffer[0])

    def place(self, run: Run, cost: float) -> float:
        """Make theta and the optimizer's memory, in place, the mean of all workers'; return their mean cost."""
        mean = self.gradient(cost, run.theta, 1 / self.shard.count)
        for array in run.state.values():
            if array.dtype.kind == "f":
                self.gradient(cost, array.reshape(-1), 1 / self.shard.count)
        return mean

    def score(self, run: Run, examples: Examples) -> tuple[float, float]:
        """Return the cost and the accuracy of a run, each worker having looked at its part of the examples.

        Raises Diverged, in all workers, when the cost is not a number in one.
        """
        part = self.shard.of(len(examples))
        found = np.zeros(2)
        if part.stop > part.start:
            try:
                found[:] = score(run, Examples(examples.x[part], examples.t[part]))
            except Diverged:
                found[:] = np.nan
            found *= part.stop - part.start
        self.group.sum(found)
        if not np.isfinite(found).all():
            raise Diverged(f"the cost of {len(examples)} examples is no longer a number: try a smaller learning rate")
        cost, accuracy = found / len(examples)
        return float(cost), float(accuracy)
