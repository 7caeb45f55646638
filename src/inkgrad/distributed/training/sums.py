"""Sums: vectors of several workers become their sum, the same bits for all and every time."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import ray

from inkgrad.arrays import Array

FAN_IN = 8  # callers of one node of the tree


class Sums:
    """One node of a tree of sums, for one attempt; with a parent its sum goes on to that.

    A step is over when every caller's vector is there.  They are added in the order of the callers, whatever the
    order in which they came, because another order would round in another way.
    """

    def __init__(self, attempt: int, n_callers: int, parent: Any = None, place: int = 0) -> None:
        self.attempt, self.n_callers, self.parent, self.place = attempt, n_callers, parent, place
        self.step = 0
        self.vectors: dict[int, Array] = {}
        self.total: asyncio.Future[Array] | None = None

    async def add(self, attempt: int, step: int, caller: int, vector: Array) -> Array:
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

    async def _finish(self, total: asyncio.Future[Array]) -> None:
        first, *others = (self.vectors[caller] for caller in range(self.n_callers))
        found = first.copy()
        for vector in others:
            found += vector
        step = self.step
        self.step, self.vectors, self.total = step + 1, {}, None
        if self.parent is not None:
            found = await self.parent.add.remote(self.attempt, step, self.place, found)
        total.set_result(found)


def tree(attempt: int, n_workers: int) -> list[Any]:
    """Start the nodes of a tree for so many workers; return the one that each worker calls, and its place there.

    The nodes live as long as the process that started them.
    """
    node = ray.remote(num_cpus=0, max_concurrency=2 * FAN_IN)(Sums)
    levels = [n_workers]
    while levels[-1] > 1 or len(levels) == 1:
        levels.append(-(-levels[-1] // FAN_IN))
    parents: list[Any] = [None]
    for n_below, n_nodes in reversed(list(pairwise(levels))):
        counts = [min(FAN_IN, n_below - FAN_IN * i) for i in range(n_nodes)]
        parents = [node.remote(attempt, count, parents[i // FAN_IN], i % FAN_IN) for i, count in enumerate(counts)]
    return parents
