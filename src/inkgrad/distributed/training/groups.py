"""Groups: the workers of an attempt, and how a vector of each becomes the sum of all."""

from __future__ import annotations

from typing import Any, Protocol

import ray

from inkgrad.arrays import Array
from inkgrad.distributed.training.sums import FAN_IN


class Group(Protocol):
    """All workers of an attempt."""

    def sum(self, vector: Array) -> None:
        """Make the vector, in place, the sum of all workers': the same bits for each of them."""


class Alone:
    """A group of one worker."""

    def sum(self, vector: Array) -> None:
        """Leave the vector as it is."""


class Tree:
    """A group that adds in a tree of actors: it needs nothing but Ray."""

    def __init__(self, attempt: int, rank: int, nodes: list[Any]) -> None:
        self.attempt, self.place, self.node = attempt, rank % FAN_IN, nodes[rank // FAN_IN]
        self.step = 0

    def sum(self, vector: Array) -> None:
        """Send the vector to the tree, and wait for the sum."""
        vector[:] = ray.get(self.node.add.remote(self.attempt, self.step, self.place, vector))
        self.step += 1


class Gloo:
    """A group of Ray's collective library: the workers talk to each other through PyTorch's Gloo."""

    def __init__(self, name: str, rank: int, n_workers: int) -> None:
        import torch
        from ray.util import collective

        torch.set_num_threads(1)
        collective.init_collective_group(n_workers, rank, backend="gloo", group_name=name)
        self.name, self.allreduce, self.tensor = name, collective.allreduce, torch.from_numpy

    def sum(self, vector: Array) -> None:
        """Add the vectors of all, each worker a part of them, in a ring."""
        self.allreduce(self.tensor(vector), self.name)
