"""All-reduce: the vectors of all workers become one sum, and so one cost, one gradient, one theta."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import ray

from inkgrad.arrays import NDArray
from inkgrad.data import Examples
from inkgrad.errors import Diverged
from inkgrad.sessions.log_row import score
from inkgrad.training import Run, Shard

FAN_IN = 8
"""How many workers, or nodes below it, call one node of the tree of sums."""


class Group(Protocol):
    """All workers of an attempt."""

    def sum(self, vector: NDArray) -> None:
        """Make the vector, in place, the sum of all workers': the same bits for each of them."""


class LoneGroup:
    """A group of one worker."""

    def sum(self, vector: NDArray) -> None:
        """Leave the vector as it is."""


class TreeGroup:
    """A group that adds in a tree of actors: it needs nothing but Ray."""

    def __init__(self, attempt: int, rank: int, nodes: list[Any]) -> None:
        self.attempt, self.index, self.node = attempt, rank % FAN_IN, nodes[rank // FAN_IN]
        self.step = 0

    def sum(self, vector: NDArray) -> None:
        """Send the vector to the tree, and wait for the sum."""
        vector[:] = ray.get(self.node.add.remote(self.attempt, self.step, self.index, vector))
        self.step += 1


class GlooGroup:
    """A group of Ray's collective library: the workers talk to each other through PyTorch's Gloo."""

    def __init__(self, name: str, rank: int, n_workers: int) -> None:
        import torch
        from ray.util import collective

        torch.set_num_threads(1)
        collective.init_collective_group(n_workers, rank, backend="gloo", group_name=name)
        self.name, self.allreduce, self.tensor = name, collective.allreduce, torch.from_numpy

    def sum(self, vector: NDArray) -> None:
        """Add the vectors of all, each worker a part of them, in a ring."""
        self.allreduce(self.tensor(vector), self.name)


class Averaging:
    """The averages that the workers of a group take together, each weighted by the part of the examples it has.

    With each of them goes whether rank 0 was `asked` to stop, so all workers `stop` after the same step.
    """

    def __init__(self, group: Group, shard: Shard, size: int, dtype: np.dtype[np.floating]) -> None:
        self.group, self.shard = group, shard
        self.buffer = np.empty(size + 2, dtype)  # the cost, whether to stop, and the vector
        self.asked = self.stop = False

    def gradient(self, cost: float, gradient: NDArray, weight: float) -> float:
        """Make the gradient, in place, the mean of all workers'; return their mean cost."""
        buffer = self.buffer[: gradient.size + 2]
        buffer[:2] = cost * weight, self.asked
        np.multiply(gradient, weight, out=buffer[2:])
        self.group.sum(buffer)
        gradient[:] = buffer[2:]
        self.stop = bool(buffer[1])
        return float(buffer[0])

    def parameters(self, run: Run, cost: float) -> float:
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


class SumNode:
    """One node of a tree of sums, for one attempt.

    With a parent its sum goes on to that, as the vector of the caller `index`.  A step is over when every
    caller's vector is there.  They are added in the order of the callers, whatever the order in which they came,
    because another order would round in another way.
    """

    def __init__(self, attempt: int, n_callers: int, parent: Any = None, index: int = 0) -> None:
        self.attempt, self.n_callers, self.parent, self.index = attempt, n_callers, parent, index
        self.step = 0
        self.vectors: dict[int, NDArray] = {}
        self.total: asyncio.Future[NDArray] | None = None

    async def add(self, attempt: int, step: int, caller: int, vector: NDArray) -> NDArray:
        """Return the sum of all callers' vectors of this step, once the last is there.

        Raises RuntimeError for another attempt, for a step that is not the next, or for a second vector of a caller.
        """
        if attempt != self.attempt:
            raise RuntimeError(f"this is the sum of attempt {self.attempt}, got a vector of attempt {attempt}")
        if step != self.step or caller in self.vectors:
            raise RuntimeError(f"caller {caller} came to step {self.step} with a vector of step {step}")
        if self.total is None:
            self.total = asyncio.get_running_loop().create_future()
        total = self.total
        self.vectors[caller] = vector
        if len(self.vectors) == self.n_callers:
            await self._finish(total)
        return await total

    async def _finish(self, total: asyncio.Future[NDArray]) -> None:
        first, *others = (self.vectors[caller] for caller in range(self.n_callers))
        found = first.copy()
        for vector in others:
            found += vector
        step = self.step
        self.step, self.vectors, self.total = step + 1, {}, None
        if self.parent is not None:
            found = await self.parent.add.remote(self.attempt, step, self.index, found)
        total.set_result(found)


def sum_tree(attempt: int, n_workers: int) -> list[Any]:
    """Start the nodes of a tree for so many workers; return those that workers call, FAN_IN workers each.

    The nodes live as long as the process that started them.
    """
    node = ray.remote(num_cpus=0, max_concurrency=2 * FAN_IN)(SumNode)
    levels = [n_workers]
    while levels[-1] > 1 or len(levels) == 1:
        levels.append(-(-levels[-1] // FAN_IN))
    parents: list[Any] = [None]
    for n_below, n_nodes in reversed(list(pairwise(levels))):
        counts = [min(FAN_IN, n_below - FAN_IN * i) for i in range(n_nodes)]
        parents = [node.remote(attempt, count, parents[i // FAN_IN], i % FAN_IN) for i, count in enumerate(counts)]
    return parents
