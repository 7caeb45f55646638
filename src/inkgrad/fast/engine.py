"""Fast: the engine that puts in fast layers, costs and optimizers wherever there are some."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from inkgrad.arrays import Array
from inkgrad.costs import Cost
from inkgrad.data import Warps
from inkgrad.fast.augment import warp
from inkgrad.fast.fuse import fuse, fuse_cost, fuse_optimizer
from inkgrad.fast.threads import available_threads, refuse_bad_threads
from inkgrad.layers import Layer
from inkgrad.optimizers import Optimizer


@dataclass(frozen=True)
class Fast:
    """The kernels, on `n_threads` threads: as many as there are cores, at most 16, where none are named.

    What has no kernel, and all where none are installed, is left to the plain layers.

    Raises SettingError for threads not from 1 to 256.
    """

    n_threads: int = field(default_factory=available_threads)

    def __post_init__(self) -> None:
        refuse_bad_threads(self.n_threads)

    def with_threads(self, n_threads: int) -> Fast:
        """Return the same on so many threads."""
        return replace(self, n_threads=n_threads)

    def fuse(self, network: Layer) -> Layer:
        """Return the network with fast layers in it, for answers."""
        return fuse(network, self.n_threads)

    def fuse_training(self, network: Layer, cost: Cost) -> tuple[Layer, Cost]:
        """Return the network with fast layers, and a fast cost that a Softmax at the end has gone into."""
        return fuse_cost(fuse(network, self.n_threads), cost)

    def fuse_optimizer(self, optimizer: Optimizer) -> Optimizer:
        """Return a fast optimizer that takes the same steps and has the same memory, where there is one."""
        return fuse_optimizer(optimizer, self.n_threads)

    def warp(self, images: Array, warps: Warps) -> Array:
        """Return images bent as `warps` says."""
        return warp(images, warps, self.n_threads)
